package chat_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
)

var everything = []string{chat.ScopeRead, chat.ScopeSend, chat.ScopeManage}

func as(user string, scopes ...string) chat.Identity {
	if scopes == nil {
		scopes = []string{chat.ScopeRead, chat.ScopeSend}
	}
	return chat.Identity{Project: chat.DefaultProject, User: user, Name: "name of " + user, Scopes: scopes}
}

func openStore(t *testing.T) *pebble.Store {
	t.Helper()
	s, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newHub(t *testing.T, o chat.Options) *chat.Hub {
	t.Helper()
	if o.Store == nil {
		o.Store = openStore(t)
	}
	h := chat.NewHub(o)
	t.Cleanup(h.Close)
	return h
}

// device is a connection without a transport: what its session yields is kept.
type device struct {
	t       *testing.T
	session *chat.Session
	wake    chan struct{}
	stop    chan struct{}
	done    chan struct{}
	gate    gate // held: the device does not read
	asked   int

	mu     sync.Mutex
	got    []*chat.Delivery
	news   chan struct{} // closed and replaced at each arrival
	closed *chat.Error
}

func connect(t *testing.T, h *chat.Hub, id chat.Identity) *device {
	t.Helper()
	d := newDevice(t)
	return d.connect(h, id, d)
}

// speaking is a device that says what it understands.
type speaking struct {
	*device
	speech chat.Speech
}

func (s speaking) Speaks() chat.Speech { return s.speech }

// connectSpeaking is connect with a dialect; a name that ends with "+" has
// Directs, and with a "#" after that Keeps.
func connectSpeaking(t *testing.T, h *chat.Hub, id chat.Identity, dialect string) *device {
	t.Helper()
	d := newDevice(t)
	name, keeps := strings.CutSuffix(dialect, "#")
	name, directs := strings.CutSuffix(name, "+")
	return d.connect(h, id, speaking{d, chat.Speech{Dialect: name, Directs: directs, Keeps: keeps}})
}

// gate is a lock on which to wait lets a bubble's time pass.
type gate chan struct{}

func (g gate) Lock()   { g <- struct{}{} }
func (g gate) Unlock() { <-g }

func newDevice(t *testing.T) *device {
	return &device{
		t: t, gate: make(gate, 1), wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), news: make(chan struct{}),
	}
}

func (d *device) connect(h *chat.Hub, id chat.Identity, sink chat.Sink) *device {
	t := d.t
	t.Helper()
	s, err := h.Connect(id, sink)
	if err != nil {
		t.Fatal(err)
	}
	d.session = s
	go d.run()
	t.Cleanup(d.close)
	return d
}

func (d *device) Wake() { d.wake <- struct{}{} } // once after each empty Next: it never blocks
func (d *device) Close(why *chat.Error) {
	d.mu.Lock()
	d.closed = why
	close(d.news)
	d.news = make(chan struct{})
	d.mu.Unlock()
}

func (d *device) close() {
	d.session.Close()
	select {
	case <-d.stop:
	default:
		close(d.stop)
	}
	<-d.done
}

func (d *device) run() {
	defer close(d.done)
	for {
		select {
		case <-d.stop:
			return
		case <-d.wake:
		}
		for {
			d.gate.Lock()
			batch, more := d.session.Next(context.Background(), nil)
			d.gate.Unlock()
			d.mu.Lock()
			d.got = append(d.got, batch...)
			close(d.news)
			d.news = make(chan struct{})
			d.mu.Unlock()
			if !more {
				break
			}
		}
	}
}

func (d *device) do(c chat.Command) {
	if err := d.session.Ready(context.Background()); err == nil {
		d.session.Do(context.Background(), chat.Request{Command: c})
	}
}

// patience is how long anything may take; with a planted bug it is to fail.
func patience() time.Duration {
	if os.Getenv("PARLEY_PLANTED") != "" {
		return 3 * time.Second
	}
	return 20 * time.Second
}

// until waits for what f finds among everything that has come.
func until[T any](d *device, what string, f func([]*chat.Delivery) (T, bool)) T {
	d.t.Helper()
	timeout := time.After(patience())
	for {
		d.mu.Lock()
		v, ok := f(d.got)
		news := d.news
		d.mu.Unlock()
		if ok {
			return v
		}
		select {
		case <-news:
		case <-timeout:
			d.t.Fatalf("no %s", what)
		}
	}
}

// ask does c and waits for its reply.
func (d *device) ask(c chat.Command) *chat.Reply {
	d.t.Helper()
	d.asked++
	ref := d.asked
	if err := d.session.Ready(context.Background()); err != nil {
		d.t.Fatal(err)
	}
	d.session.Do(context.Background(), chat.Request{Ref: ref, Command: c})
	return until(d, fmt.Sprintf("reply to %T", c), func(got []*chat.Delivery) (*chat.Reply, bool) {
		for _, g := range got {
			if g.Reply != nil && g.Reply.Ref == ref {
				return g.Reply, true
			}
		}
		return nil, false
	})
}

// must is ask for what is to succeed.
func (d *device) must(c chat.Command) *chat.Reply {
	d.t.Helper()
	r := d.ask(c)
	if r.Err != nil {
		d.t.Fatalf("%T: %v", c, r.Err)
	}
	return r
}

func (d *device) refused(c chat.Command, code chat.Code) *chat.Error {
	d.t.Helper()
	r := d.ask(c)
	if r.Err == nil || r.Err.Code != code {
		d.t.Fatalf("%T: error %v, want %s", c, r.Err, code)
	}
	return r.Err
}

// all is what has come so far.
func (d *device) all() []*chat.Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*chat.Delivery(nil), d.got...)
}

// some waits for a delivery that f likes.
func (d *device) some(what string, f func(*chat.Delivery) bool) *chat.Delivery {
	d.t.Helper()
	return until(d, what, func(got []*chat.Delivery) (*chat.Delivery, bool) {
		for _, g := range got {
			if f(g) {
				return g, true
			}
		}
		return nil, false
	})
}

func eventsOf(got []*chat.Delivery) []*chat.Event {
	var list []*chat.Event
	for _, g := range got {
		if g.Event != nil {
			list = append(list, g.Event)
		}
	}
	return list
}

// events waits for n events and returns all that have come.
func (d *device) events(n int) []*chat.Event {
	d.t.Helper()
	return until(d, fmt.Sprintf("%d events", n), func(got []*chat.Delivery) ([]*chat.Event, bool) {
		list := eventsOf(got)
		return list, len(list) >= n
	})
}

// signal waits for a signal that f likes.
func (d *device) signal(what string, f func(*chat.Signal) bool) *chat.Signal {
	d.t.Helper()
	return d.some(what, func(g *chat.Delivery) bool { return g.Signal != nil && f(g.Signal) }).Signal
}

func (d *device) level(n int) *chat.Level {
	d.t.Helper()
	return until(d, "level", func(got []*chat.Delivery) (*chat.Level, bool) {
		for _, g := range got {
			if l, ok := g.Notice.(*chat.Level); ok {
				if n--; n == 0 {
					return l, true
				}
			}
		}
		return nil, false
	})
}

func post(channel, text, nonce string) chat.Post {
	return chat.Post{Channel: channel, Body: []byte(`"` + text + `"`), Nonce: nonce}
}
