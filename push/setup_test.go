package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pushservice"
	"github.com/parley-chat/parley/push"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/wire"
)

// delay is longer than any test: only the world's clock passes it.
const delay = time.Minute

// world is a hub and its store, a service that follows them, and browsers. Its
// clock is the machine's, and ahead by what pass was told.
type world struct {
	t        testing.TB
	ctx      context.Context
	ahead    *atomic.Int64
	store    *pebble.Store
	hub      *chat.Hub
	bus      *local.Bus
	carrier  *pushservice.Service
	service  *push.Service
	change   func(*push.Options)
	revoked  sync.Map // users
	browsers map[string]*pushservice.Browser
	seen     map[string]int
	heard    sync.Map // the seq that the service was last hinted, by channel
	marks    int
	deaf     bool // hints are lost
}

func setup(t testing.TB, change func(*push.Options)) *world {
	t.Helper()
	w := &world{
		t: t, ctx: t.Context(), ahead: new(atomic.Int64), bus: local.New(), change: change, carrier: pushservice.Start(t),
		browsers: make(map[string]*pushservice.Browser), seen: make(map[string]int),
	}
	var err error
	if w.store, err = pebble.Open(w.ctx, t.TempDir(), pebble.Options{Now: w.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.hub = chat.NewHub(chat.Options{Store: w.store, Bus: w.bus.Join(), Now: w.now})
	t.Cleanup(w.hub.Close)
	w.start()
	t.Cleanup(w.stop)
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) start() {
	w.t.Helper()
	o := push.Options{
		Store: w.store, Listen: w.bus.Join().Listen, Permit: w.hub.Permit, Text: wire.Text, Contact: "mailto:ada@example.org",
		Delay: delay, Backoff: time.Millisecond, Loopback: true, Now: w.now,
		Check: func(id chat.Identity) *chat.Error {
			if _, gone := w.revoked.Load(id.User); gone {
				return chat.E(chat.CodeTokenRevoked, "gone")
			}
			return nil
		},
	}
	if w.change != nil {
		w.change(&o)
	}
	listen := o.Listen
	o.Listen = func(f func(chat.Hint)) func() {
		return listen(func(h chat.Hint) {
			f(h)
			w.heard.Store(h.Channel, h.Seq)
		})
	}
	var err error
	if w.service, err = push.New(w.ctx, o); err != nil {
		w.t.Fatal(err)
	}
	<-w.service.Recovered()
}

func (w *world) stop() {
	if w.service == nil {
		return
	}
	if err := w.service.Close(); err != nil {
		w.t.Error(err)
	}
	w.service = nil
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.ahead.Add(int64(d))
	w.service.Wake()
}

func as(user string) *chat.Identity {
	return &chat.Identity{Project: "default", User: user, Name: "Name of " + user, Scopes: []string{chat.ScopeRead, chat.ScopeSend}}
}

var server = &chat.Identity{Project: "default", Server: true}

// browser subscribes a browser of the user's.
func (w *world) browser(user string) *pushservice.Browser {
	w.t.Helper()
	name := user
	for w.browsers[name] != nil {
		name += "+"
	}
	b := w.carrier.Browser(name)
	w.browsers[name] = b
	if _, err := w.service.Subscribe(w.ctx, as(user), draft(b)); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func draft(b *pushservice.Browser) push.Draft {
	return push.Draft{Endpoint: b.Endpoint, P256dh: b.P256dh, Auth: b.Auth}
}

// channel makes one with members.
func (w *world) channel(name string, kind chat.ChannelKind, members ...string) {
	w.t.Helper()
	if _, err := w.hub.PutChannel(w.ctx, server, chat.Channel{ID: chat.ChannelID{Project: "default", Name: name}, Kind: kind}); err != nil {
		w.t.Fatal(err)
	}
	for _, user := range members {
		w.member(name, chat.Member{User: user, Role: chat.Ordinary})
	}
}

func (w *world) member(channel string, m chat.Member) {
	w.t.Helper()
	if _, err := w.hub.PutMember(w.ctx, server, channel, m); err != nil {
		w.t.Fatal(err)
	}
}

// post has the user say something.
func (w *world) post(user, channel, text string, mentions ...string) *chat.Event {
	w.t.Helper()
	return w.send(user, chat.Post{Channel: channel, Body: quoted(text), Mentions: mentions})
}

func (w *world) send(user string, p chat.Post) *chat.Event {
	w.t.Helper()
	c, err := w.hub.Post(w.ctx, as(user), p)
	if err != nil {
		w.t.Fatal(err)
	}
	if !w.deaf && w.service != nil {
		// Who posts is answered before anybody is hinted.
		until(w.t, "the hint", func() bool {
			seq, ok := w.heard.Load(c.Event.Channel)
			return ok && seq.(uint64) >= c.Event.Seq
		})
	}
	return c.Event
}

func quoted(text string) []byte {
	body, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return body
}

// told is what a browser shows.
type told struct {
	Type, UserID, ChannelID, Kind, Title, ID, SenderID, SenderName, Text string
	Seq                                                                  uint64
	Mention                                                              bool
	Count                                                                int
}

const mark = "this is the end "

// due lets the delay pass, and is what each browser got since, but for the mark
// by which it is known that this is all: every subscription's queue is in
// order, and channels are looked at in the order in which they became due, but
// for one that is being looked at when it becomes so: each mark has its own.
func (w *world) due(users ...string) map[string][]told {
	w.t.Helper()
	w.marks++
	marker, end := fmt.Sprint("the marker ", w.marks), fmt.Sprint(mark, w.marks)
	for _, user := range users {
		w.post(marker, chat.DirectName(marker, user), end, user)
	}
	w.pass(delay)
	got := make(map[string][]told)
	for name, b := range w.browsers {
		if !slices.Contains(users, name) {
			continue
		}
		from := w.seen[name]
		list := b.Wait(w.t, "the mark at "+name, func(got []pushservice.Message) bool {
			return slices.ContainsFunc(got[from:], func(m pushservice.Message) bool { return w.read(m).Text == end })
		})
		w.seen[name] = len(list)
		for _, m := range list[from:] {
			if n := w.read(m); !strings.HasPrefix(n.Text, mark) { // one is told again after a start
				got[name] = append(got[name], n)
			}
		}
	}
	return got
}

func (w *world) read(m pushservice.Message) (n told) {
	w.t.Helper()
	if err := json.Unmarshal(m.Data, &n); err != nil {
		w.t.Fatalf("%v in %s", err, m)
	}
	return n
}

// texts of what one was told.
func texts(list []told) []string {
	all := []string{}
	for _, n := range list {
		all = append(all, n.Text)
	}
	return all
}
