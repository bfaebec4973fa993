package ws_test

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// tongue is a codec that says under which dialect's name its client speaks:
// the first frame decides. It counts what it encodes to be shared.
type tongue struct {
	name    atomic.Pointer[string]
	encoded *atomic.Int64
}

func (c *tongue) Decode(frame []byte, do func(chat.Request)) error {
	name := string(frame)
	c.name.Store(&name)
	do(chat.Request{Command: chat.Send{Data: bytes.Clone(frame)}})
	return nil
}

func (c *tongue) Encode(d *chat.Delivery, emit func([]byte)) {
	if d.Signal == nil {
		emit([]byte("heard"))
		return
	}
	c.encoded.Add(1)
	emit([]byte(*c.name.Load()))
}

func (c *tongue) Shared(d *chat.Delivery) bool { return d.Signal != nil }

func (c *tongue) Speech() chat.Speech {
	if name := c.name.Load(); name != nil {
		return chat.Speech{Dialect: *name, Directs: true}
	}
	return chat.Speech{Dialect: "door"}
}

// speakers remembers the sinks of sessions, in the order they came.
type speakers struct {
	hub  *conntest.Hub
	mu   sync.Mutex
	list []chat.Speaker
}

func (s *speakers) connect(id chat.Identity, sink chat.Sink) (ws.Session, error) {
	speaker := sink.(chat.Speaker)
	_ = speaker.Speaks() // a hub may ask before there is a codec
	s.mu.Lock()
	s.list = append(s.list, speaker)
	s.mu.Unlock()
	return s.hub.Connect(id, sink), nil
}

func (s *speakers) said(i int) chat.Speech {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list[i].Speaks()
}

func dialFor(ctx context.Context, t *testing.T, b *bundle) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(ctx, "ws://"+b.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func reads(ctx context.Context, t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if _, got, err := c.Read(ctx); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

func TestSpeaker_SaysWhatTheDoorOrTheCodecKnows(t *testing.T) {
	t.Parallel()
	ctx := within(t, time.Minute)
	s := &speakers{hub: conntest.NewHub()}
	echo := conntest.Echo()
	echo.Directs = true
	dialFor(ctx, t, setup(t, ws.Options{Connect: s.connect}, echo))
	if got := s.said(0); got != (chat.Speech{Dialect: "echo", Directs: true}) {
		t.Errorf("a door of one dialect speaks %+v", got)
	}
	door := wire.Dialect{Name: "door", New: func(string) wire.Codec { return &tongue{encoded: new(atomic.Int64)} }}
	c := dialFor(ctx, t, setup(t, ws.Options{Connect: s.connect}, door))
	if got := s.said(1); got != (chat.Speech{Dialect: "door"}) {
		t.Errorf("before anything was said it speaks %+v", got)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("latin")); err != nil {
		t.Fatal(err)
	}
	reads(ctx, t, c, "heard")
	if got := s.said(1); got != (chat.Speech{Dialect: "latin", Directs: true}) {
		t.Errorf("then it speaks %+v", got)
	}
}

// All who speak the same share finished frames, whatever else is spoken at
// their door, and never get another dialect's.
func TestShared_GoesByWhatIsSpoken(t *testing.T) {
	t.Parallel()
	ctx := within(t, time.Minute)
	var encoded atomic.Int64
	b := setup(t, ws.Options{}, wire.Dialect{Name: "door", New: func(string) wire.Codec { return &tongue{encoded: &encoded} }})
	conns := map[*websocket.Conn]string{}
	for _, name := range []string{"latin", "greek", "latin", "greek", "latin"} {
		c := dialFor(ctx, t, b)
		if err := c.Write(ctx, websocket.MessageText, []byte(name)); err != nil {
			t.Fatal(err)
		}
		reads(ctx, t, c, "heard")
		conns[c] = name
	}
	for i := range 3 {
		d := conntest.Text("x")
		b.hub.Broadcast(d)
		for c, name := range conns {
			reads(ctx, t, c, name)
		}
		// Two workers may each have found nothing kept at the same time.
		if n := int(encoded.Load()); n < 2*(i+1) || n > 5*(i+1) {
			t.Errorf("%d deliveries in two dialects were encoded %d times", i+1, n)
		}
	}
	// By now the frames of one more are there for everybody who comes.
	d := conntest.Text("x")
	b.hub.Broadcast(d)
	for c, name := range conns {
		reads(ctx, t, c, name)
	}
	before := encoded.Load()
	b.hub.Broadcast(d)
	for c, name := range conns {
		reads(ctx, t, c, name)
	}
	if n := encoded.Load() - before; n != 0 {
		t.Errorf("what was kept was encoded %d times again", n)
	}
}
