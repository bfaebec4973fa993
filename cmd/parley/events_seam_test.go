package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/eventstream"
)

// wanderer follows several channels by streams that are cut off whenever. All
// that it keeps is what an EventSource keeps: the last event's id.
type wanderer struct {
	b        *bundle
	query    string
	last     string
	seen     map[string][]string // the ids of events, by channel, in the order of their seqs
	farewell map[string]bool
	wrong    []string
	streams  int
}

// follow has one stream, until it is cut off or everybody said goodbye.
func (w *wanderer) follow(ctx context.Context, channels int) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.b.url+"/events?"+w.query, nil)
	if err != nil {
		w.wrong = append(w.wrong, err.Error())
		return
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", w.last)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	defer response.Body.Close()
	w.streams++
	events := eventstream.NewReader(response.Body, w.last)
	for len(w.farewell) < channels {
		e, err := events.Next()
		if err != nil {
			return
		}
		w.take(e)
		w.last = events.LastID()
	}
}

func (w *wanderer) take(e eventstream.Event) {
	var f struct {
		Type, ID, ChannelID, Text string
		Seq                       uint64
	}
	if err := json.Unmarshal([]byte(e.Data), &f); err != nil {
		w.wrong = append(w.wrong, err.Error())
		return
	}
	switch f.Type {
	case "message", "message.update", "message.delete":
	case "error", "expired", "dropped":
		w.wrong = append(w.wrong, e.Data)
		return
	default:
		return
	}
	if seen := w.seen[f.ChannelID]; f.Seq != uint64(len(seen))+1 {
		w.wrong = append(w.wrong, fmt.Sprintf("in %s after %d came %d", f.ChannelID, len(seen), f.Seq))
		return
	}
	w.seen[f.ChannelID] = append(w.seen[f.ChannelID], f.Type+" "+f.ID)
	if f.Text == "farewell" {
		w.farewell[f.ChannelID] = true
	}
}

// babble posts, edits and deletes in any of the channels.
func (b *bundle) babble(t *testing.T, user string, channels []string, dice *rand.Rand) {
	id := chat.Identity{Project: chat.DefaultProject, User: user, Scopes: []string{chat.ScopeRead, chat.ScopeSend}}
	last := map[string]string{}
	for i := range 250 {
		channel := channels[dice.IntN(len(channels))]
		var err error
		switch mine := last[channel]; {
		case mine != "" && dice.IntN(5) == 0:
			_, err = b.hub.Edit(t.Context(), &id, chat.Edit{Channel: channel, ID: mine, Body: fmt.Appendf(nil, `"edited %d"`, i)})
		case mine != "" && dice.IntN(8) == 0:
			_, err = b.hub.Delete(t.Context(), &id, chat.Delete{Channel: channel, ID: mine})
			delete(last, channel)
		default:
			var c chat.Committed
			if c, err = b.hub.Post(t.Context(), &id, chat.Post{Channel: channel, Body: fmt.Appendf(nil, `"%s %d"`, user, i)}); err == nil {
				last[channel] = c.Event.ID
			}
		}
		if err != nil {
			t.Error(err)
			return
		}
		time.Sleep(time.Duration(dice.IntN(6_000)) * time.Microsecond) // the load is spread, and so are the cuts
	}
}

func TestC6_StreamsThatAreCutOffHaveEachEventOnceInAllTheirChannels(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	channels := []string{"red", "green", "blue", "grey, with a comma"}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var writers, wanderers sync.WaitGroup
	all := make([]*wanderer, 5)
	for i := range all {
		order := slices.Clone(channels)
		dice := rand.New(rand.NewPCG(uint64(i), 1))
		dice.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		query := url.Values{"channel": order, "token": {b.token(t, auth.Grant{User: fmt.Sprint("wanderer-", i)})}}
		w := &wanderer{b: b, query: query.Encode(), last: b.hub.Epoch() + ":0,0,0,0", seen: map[string][]string{}, farewell: map[string]bool{}}
		all[i] = w
		wanderers.Go(func() {
			patience := 1 // a busy machine may take longer than the cuts leave
			for len(w.farewell) < len(channels) && ctx.Err() == nil && len(w.wrong) == 0 {
				before := w.last
				cut, cancel := context.WithTimeout(ctx, time.Duration(patience*dice.IntN(80_000))*time.Microsecond)
				w.follow(cut, len(channels))
				cancel()
				if patience++; w.last != before {
					patience = 1
				}
			}
		})
	}
	for i := range 3 {
		writers.Go(func() { b.babble(t, fmt.Sprint("writer-", i), channels, rand.New(rand.NewPCG(uint64(i), 2))) })
	}
	writers.Wait()
	server := chat.Identity{Project: chat.DefaultProject, Server: true, User: "host"}
	logs := map[string][]string{}
	for _, channel := range channels {
		if _, err := b.hub.Post(ctx, &server, chat.Post{Channel: channel, Body: []byte(`"farewell"`)}); err != nil {
			t.Fatal(err)
		}
		logs[channel] = b.log(t, channel)
	}
	wanderers.Wait()
	for i, w := range all {
		for _, wrong := range w.wrong {
			t.Errorf("wanderer %d: %s", i, wrong)
		}
		for channel, log := range logs {
			if !slices.Equal(w.seen[channel], log) {
				t.Errorf("wanderer %d has %d events of %s, the log %d", i, len(w.seen[channel]), channel, len(log))
			}
		}
		if w.streams < 3 {
			t.Errorf("wanderer %d had %d streams: that was no test", i, w.streams)
		}
	}
}

// log is the channel's, as a wanderer notes it.
func (b *bundle) log(t *testing.T, channel string) []string {
	t.Helper()
	server := chat.Identity{Project: chat.DefaultProject, Server: true}
	names := map[chat.Kind]string{chat.KindMessage: "message", chat.KindEdit: "message.update", chat.KindDelete: "message.delete"}
	var list []string
	for {
		events, _, err := b.hub.Events(t.Context(), &server, channel, uint64(len(list)), time.Time{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return list
		}
		for _, e := range events {
			list = append(list, names[e.Kind]+" "+e.ID)
		}
	}
}
