package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

// node is this server as the console shows it.
type node struct {
	server *server
	config *Serve
	keys   *auth.Service
}

// Operates is nil for the operator, and under --dev for everybody.
func (n *node) Operates(id *chat.Identity) error {
	if n.config.Dev {
		return nil
	}
	return n.keys.Operates(id)
}

// Oversees implements api.Server.
func (n *node) Oversees(id *chat.Identity) error { return n.keys.Oversees(id) }

// Info implements api.Server.
func (n *node) Info() api.ServerInfo {
	s := n.server
	info := api.ServerInfo{
		Version: version, Since: inUTC(s.since), Now: inUTC(s.metrics.now()),
		Epoch: s.hub.Epoch(), Dev: n.config.Dev, Addresses: s.addrs(),
	}
	for _, door := range s.table {
		switch door.pattern {
		case "/{$}", "/threads", "/rooms", "/chat", nativeDoor, "/v1/poll", eventsDoor, socketioDoor:
			info.Doors = append(info.Doors, strings.TrimSuffix(door.pattern, "{$}"))
		}
	}
	return info
}

// Settings implements api.Server.
func (n *node) Settings() ([]api.Setting, error) {
	list := make([]api.Setting, 0, len(n.config.settings))
	for _, s := range n.config.settings {
		shown, err := s.shown()
		if err != nil {
			return nil, err
		}
		setting := api.Setting{Name: s.name, From: s.from}
		if err := shown.Decode(&setting.Value); err != nil {
			return nil, err
		}
		list = append(list, setting)
	}
	return list, nil
}

// Figures implements api.Server.
func (n *node) Figures(ctx context.Context) (api.Figures, error) {
	s := n.server
	now := s.snapshot()
	usage, err := s.store.Usage(ctx)
	if err != nil {
		return api.Figures{}, err
	}
	f := api.Figures{
		At: inUTC(s.metrics.now()), Since: inUTC(s.since),
		Sessions: now.hub.Sessions, UsersOnline: now.hub.Users, ChannelsLoaded: now.hub.Rooms,
		Committed: now.hub.Posts, Committing: now.hub.Posting, SignalsDropped: now.hub.SignalsDropped,
		QueueBytes: now.hub.QueueBytes, QueueBytesMost: now.hub.QueueBytesMost,
		CatchingUp: now.hub.CatchingUp, Resumed: now.hub.Resumes, FellBack: now.hub.FallBacks, Redelivered: now.hub.Redeliveries,
		Acknowledgement: spreadOf(now.hub.Acked), Delivery: spreadOf(now.hub.Delivered),
		Connections: connectionsOf(now),
		Errors:      countsOf(now.hub.Errors), Refusals: countsOf(s.metrics.refusing.all()),
		Store: api.StoreFigures{
			Queue: now.store.Queued, Batches: now.store.Batches, Syncs: now.store.Syncs,
			SyncSeconds: now.store.SyncTime.Seconds(), Events: now.store.Events,
			Bytes: usage.Store, DiskFree: usage.Free, DiskTotal: usage.Total,
		},
		Files: api.FileFigures{
			Kept: now.uploads.Kept, Bytes: now.uploads.Bytes, UnderWay: now.uploads.UnderWay,
			Sent: now.uploads.Sent, SentBytes: now.uploads.SentBytes, Collected: now.uploads.Collected,
		},
		Process: processFigures(),
	}
	for _, c := range f.Connections {
		f.Delivered += c.FramesOut
	}
	return f, nil
}

// inUTC is an instant as the API tells them: UTC, in milliseconds.
func inUTC(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func countsOf(counts map[chat.Code]uint64) []api.CodeCount {
	list := make([]api.CodeCount, 0, len(counts))
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, api.CodeCount{Code: string(code), Count: counts[code]})
	}
	return list
}

// tally counts by code. Its zero value is ready.
type tally struct {
	mu     sync.Mutex
	counts map[chat.Code]uint64
}

func (t *tally) count(code chat.Code) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[chat.Code]uint64)
	}
	t.counts[code]++
}

func (t *tally) all() map[chat.Code]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}
