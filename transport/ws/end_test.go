package ws_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// closed fails unless the session ends, with the usual options before the first
// ping would tell.
func closed(t *testing.T, s *conntest.Session) {
	t.Helper()
	select {
	case <-s.Closed():
	case <-time.After(20 * time.Second):
		t.Fatal("the session was not closed")
	}
}

func TestEnd_IsSeenWithinASecond(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*raw) error{
		"FIN":        func(r *raw) error { return r.Conn.(*net.TCPConn).CloseWrite() },
		"FINOfBoth":  func(r *raw) error { return r.Close() },
		"RST":        func(r *raw) error { return errors.Join(r.Conn.(*net.TCPConn).SetLinger(0), r.Close()) },
		"CloseFrame": func(r *raw) error { _, err := r.Write(closing(1000, "")); return err },
		"MidFrame":   func(r *raw) error { _, err := r.Write(text("hello")[:7]); return errors.Join(err, r.Close()) },
	} {
		for _, held := range []bool{false, true} {
			if held && name == "CloseFrame" {
				continue // nothing is read while the session is not ready, a close frame neither
			}
			t.Run(fmt.Sprintf("%s/held=%t", name, held), func(t *testing.T) {
				t.Parallel()
				b := setup(t, ws.Options{})
				for range 5 { // on a busy machine it may be later, but not each time
					c := open(t, b.addr, "")
					s := <-b.hub.Made()
					if held {
						s.Hold()
						c.send(t, text("never read"))
					}
					if err := end(c); err != nil {
						t.Fatal(err)
					}
					select {
					case <-s.Closed():
						return
					case <-time.After(time.Second):
					}
				}
				t.Error("five ends were not seen within a second")
			})
		}
	}
}

// An end that comes together with data makes no edge of its own. The wheel
// would see it too, half a second later.
func TestEnd_IsSeenTogetherWithTheFramesBeforeIt(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{})
	start := time.Now()
	for range 100 {
		c := open(t, b.addr, "")
		c.send(t, text("hello"))
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		closed(t, <-b.hub.Made())
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("100 ends took %v", took)
	}
}

// What came before the end counts, also when the end is a reset, because the
// client has not read all its answers.
func TestEnd_ComesAfterTheFramesBeforeIt(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{})
	c := open(t, b.addr, "")
	s := <-b.hub.Made()
	const n = 1000 // so many are under way at once: a reset takes back what is not
	c.send(t, bytes.Repeat(text("a frame of some length, so that several reads are needed"), n))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if got := s.Done(); got != n {
		t.Errorf("%d of %d frames took effect", got, n)
	}
}

func TestClose_SaysWhyInItsCode(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{})
	for _, row := range []struct {
		why    *chat.Error
		code   uint16
		reason string
	}{
		{nil, 1000, ""},
		{chat.E(chat.CodeGoingAway, "bye"), 1001, "bye"},
		{chat.E(chat.CodeTokenExpired, "expired"), 4001, "expired"},
		{chat.E(chat.CodeTokenRevoked, "revoked"), 4001, "revoked"},
		{chat.E(chat.CodeUnauthorized, "who"), 4001, "who"},
		{chat.E(chat.CodeTooLarge, "large"), 1009, "large"},
		{chat.E(chat.CodeInternal, "a secret of the server's"), 1011, ""},
		{chat.E(chat.CodeBanned, "banned"), 1008, "banned"},
		{chat.E(chat.CodeBanned, "%s", strings.Repeat("ä", 200)), 1008, strings.Repeat("ä", 61)},
	} {
		c := open(t, b.addr, "")
		s := <-b.hub.Made()
		s.End(row.why)
		f := c.next(t)
		if f.first != fin|opClose || len(f.payload) > 125 || !utf8.ValidString(f.payload[2:]) {
			t.Fatalf("%v: %v", row.why, f)
		}
		if code := binary.BigEndian.Uint16([]byte(f.payload)); code != row.code || f.payload[2:] != row.reason {
			t.Errorf("%v: close %d %q", row.why, code, f.payload[2:])
		}
		c.send(t, closing(1000, ""))
		c.ended(t)
		closed(t, s)
	}
}

// ending is a dialect that has something happen while a frame is encoded: after
// the session was asked what there is, and before it is written.
type ending struct {
	wire.Codec
	meanwhile func(d *chat.Delivery)
}

func (e ending) Encode(d *chat.Delivery, emit func([]byte)) {
	e.meanwhile(d)
	e.Codec.Encode(d, emit)
}

func TestClose_ComesAfterWhatWasQueuedBeforeIt(t *testing.T) {
	t.Parallel()
	var s *conntest.Session
	dialect := wire.Dialect{Name: "ending", New: func(id string) wire.Codec {
		return ending{conntest.Echo().New(id), func(d *chat.Delivery) {
			if d.Signal != nil && string(d.Signal.Data) == "first" {
				s.Offer(conntest.Text("why"))
				s.End(chat.E(chat.CodeGoingAway, "bye"))
			}
		}}
	}}
	b := setup(t, ws.Options{}, dialect)
	c := open(t, b.addr, "")
	s = <-b.hub.Made()
	s.Offer(conntest.Text("first"))
	for _, want := range []string{"first", "why"} {
		if f := c.next(t); f.first != fin|opText || f.payload != want {
			t.Fatalf("got %v, want %q", f, want)
		}
	}
	if f := c.next(t); f.first != fin|opClose {
		t.Errorf("got %v", f)
	}
}

func TestClose_EndsAlsoForAPeerThatIgnoresIt(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{CloseWithin: 100 * time.Millisecond})
	c := open(t, b.addr, "")
	s := <-b.hub.Made()
	for range 5000 {
		s.Offer(conntest.Text(strings.Repeat("x", 4096))) // more than the sockets take
	}
	s.End(nil)
	closed(t, s)
	if _, err := io.Copy(io.Discard, c.in); err != nil && !errors.Is(err, io.EOF) {
		t.Logf("the rest: %v", err) // a reset is fine: bytes were left
	}
}

func TestShutdown_EndsEveryGoroutine(t *testing.T) { // alone: it looks at all goroutines
	b := setup(t, ws.Options{Compression: true, CompressAbove: 1})
	var clients []*raw
	for range 50 {
		c := open(t, b.addr, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
		c.send(t, text("hello"))
		c.next(t)
		clients = append(clients, c)
	}
	held := <-b.hub.Made()
	held.Hold()
	clients[0].send(t, text("stuck"))
	for _, c := range clients[:25] { // the others do not answer
		go func() {
			for {
				f, err := c.frame()
				if err != nil {
					return
				}
				if f.first == fin|opClose {
					_, _ = c.Write(closing(1001, ""))
				}
			}
		}()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := b.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	closed(t, held)
	for range 49 {
		closed(t, <-b.hub.Made())
	}
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "/transport/ws.(") {
			t.Errorf("still there:\n%s", stack)
		}
	}
	if n := b.server.Stats().Connections["echo"]; n != 0 {
		t.Errorf("%d connections are left", n)
	}
}
