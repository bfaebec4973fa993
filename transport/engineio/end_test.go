package engineio_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/engineio"
)

func TestClose_OfTheClientEndsItsPollWithANoop(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	waiting := b.polls(t, sid)
	b.waits(t, 1, 0)
	b.post(t, sid, "1").is(t, http.StatusOK, "ok")
	(<-waiting).is(t, http.StatusOK, "6")
	over(t, b.session(t))
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

// The poll and the close of a client take different ways, too.
func TestClose_OfTheClientMayOvertakeItsPoll(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	b.post(t, sid, "4one\x1e1\x1e4two").is(t, http.StatusOK, "ok")
	s := b.session(t)
	over(t, s)
	if s.Done() != 1 {
		t.Errorf("%d messages counted", s.Done())
	}
	b.post(t, sid, "4three").refused(t, http.StatusBadRequest, 1)
	b.poll(t, sid).is(t, http.StatusOK, "6")
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

func TestClose_OfTheClientEndsAWebSocket(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	c, sid := b.openSocket(t)
	write(t, c, "1")
	closed(t, c, websocket.StatusNormalClosure)
	over(t, b.session(t))
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

func TestClose_OfTheServerComesAfterWhatIsQueued(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{CloseWithin: patience})
	sid := b.open(t)
	s := b.session(t)
	for i := range 20 {
		s.Offer(conntest.Text(fmt.Sprint(i)))
	}
	s.End(nil)
	b.post(t, sid, "4too late").is(t, http.StatusOK, "ok")
	if got := b.poll(t, sid).body; strings.Count(got, "\x1e") != 15 {
		t.Errorf("the first answer: %q", got)
	}
	b.poll(t, sid).is(t, http.StatusOK, "416\x1e417\x1e418\x1e419\x1e1")
	over(t, s)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
	if s.Done() != 0 {
		t.Error("what came while the connection closed counted")
	}
}

// A poll and its client's close come at the same time, in whatever order: the
// poll is told of the end, whichever of them the server sees first, and once.
func TestClose_OfTheClientIsToldToThePollBesideIt(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	for range 300 {
		sid := b.open(t)
		polled := b.polls(t, sid)
		b.post(t, sid, "1").is(t, http.StatusOK, "ok")
		(<-polled).is(t, http.StatusOK, "6")
		b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
	}
}

func TestClose_OfTheServerWaitsForNobodyForLong(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{CloseWithin: 100 * time.Millisecond})
	sid := b.open(t)
	s := b.session(t)
	s.Offer(conntest.Text("never fetched"))
	s.End(nil)
	over(t, s)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

// Patience with a close begins anew with each poll: nobody is cut off who is at
// it, however much is queued.
func TestClose_OfTheServerWaitsForWhoPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const closeWithin = 2 * time.Second
		hub := conntest.NewHub()
		server := engineio.New(engineio.Options{CloseWithin: closeWithin, Open: func(_ *http.Request, c *engineio.Conn) (engineio.Socket, error) {
			return &socket{hub.Connect(chat.Identity{}, c), conntest.Echo().New("")}, nil
		}})
		defer func() { _ = server.Shutdown(t.Context()) }()
		poll := func(query string) string {
			w := httptest.NewRecorder()
			server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?"+polling+query, nil))
			return w.Body.String()
		}
		sid := parseOpened(t, poll("")).SID
		s := <-hub.Made()
		var queued, got []string
		for i := range 100 {
			s.Offer(conntest.Text(fmt.Sprint(i)))
			queued = append(queued, fmt.Sprint("4", i))
		}
		s.End(nil)
		for begun := time.Now(); len(got) <= len(queued); {
			time.Sleep(closeWithin * 3 / 4)
			packets := strings.Split(poll("&sid="+sid), "\x1e")
			if len(packets) == 1 {
				t.Fatalf("after %v: %q", time.Since(begun), packets)
			}
			got = append(got, packets...)
		}
		if diff := cmp.Diff(append(queued, "1"), got); diff != "" {
			t.Error(diff)
		}
		over(t, s)
	})
}

func TestClose_EndsAPollThatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	waiting := b.polls(t, sid)
	b.waits(t, 1, 0)
	s := b.session(t)
	s.End(chat.E(chat.CodeTokenRevoked, "the token was revoked"))
	(<-waiting).is(t, http.StatusOK, "1")
	over(t, s)
}

func TestClose_InOpenEndsTheConnectionThatIsNotYet(t *testing.T) {
	t.Parallel()
	hub := conntest.NewHub()
	b := setupWith(t, engineio.Options{
		CloseWithin: patience,
		Open: func(_ *http.Request, c *engineio.Conn) (engineio.Socket, error) {
			s := hub.Connect(chat.Identity{}, c)
			c.Wake()
			s.Offer(conntest.Text("not today"))
			c.Close(chat.E(chat.CodeUnavailable, "not today"))
			return &socket{s, conntest.Echo().New("")}, nil
		},
	}, hub)
	sid := b.open(t)
	b.poll(t, sid).is(t, http.StatusOK, "4not today\x1e1")
	c, _ := b.openSocket(t)
	if got := read(t, c); got != "4not today" {
		t.Errorf("%q in place of what was queued", got)
	}
	closed(t, c, websocket.StatusGoingAway)
	over(t, b.session(t))
	over(t, b.session(t))
}

func TestShutdown_DoesNotWaitForWhoDoesNotPoll(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{CloseWithin: patience})
	sid := b.open(t)
	s := b.session(t)
	if err := b.server.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	over(t, s)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
	b.request(within(t), http.MethodGet, polling, "").refused(t, http.StatusForbidden, 4)
}

func TestShutdown_EndsWhatIsLeftWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{CloseWithin: patience})
	sid := b.open(t)
	s := b.session(t)
	s.Hold()
	ctx, posted := within(t), make(chan answer, 1)
	go func() { posted <- b.request(ctx, http.MethodPost, polling+"&sid="+sid, "4hello") }()
	b.waits(t, 0, 1)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := b.server.Shutdown(short); err == nil {
		t.Error("the shutdown says that everybody has gone")
	}
	over(t, s)
	(<-posted).refused(t, http.StatusBadRequest, 3)
}

// A client that does not read has nothing more taken from it, and others have.
func TestStoppedReader_IsNotReadFurther(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: patience, PingTimeout: patience})
	stopped := b.dialRaw(t, 4096)
	s := b.session(t)
	s.Hold()
	sent := make(chan int, 1)
	go func() {
		// A masked text frame of 60,000 bytes, as often as the sockets take it.
		frame := append([]byte{0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0}, []byte("4"+strings.Repeat("x", 59_999))...)
		n := 0
		_ = stopped.SetWriteDeadline(time.Now().Add(2 * time.Second))
		for {
			if _, err := stopped.Write(frame); err != nil {
				sent <- n
				return
			}
			n++
		}
	}()
	other, _ := b.openSocket(t)
	for range 50 {
		write(t, other, "4hello")
		if got := read(t, other); got != "4hello" {
			t.Fatalf("%q came back", got)
		}
	}
	if n := <-sent; n > 500 {
		t.Errorf("%d frames of 60 KB were taken from it", n)
	}
	if s.Eager() > 0 {
		t.Errorf("%d messages were handed to a socket that was not ready", s.Eager())
	}
	_ = stopped.Close()
	over(t, s)
}

// What a client does not read stays with its socket, whose queue is bounded:
// little of it waits here.
func TestStoppedReader_LeavesWhatItDoesNotReadWithItsSocket(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: patience, PingTimeout: patience})
	b.dialRaw(t, 4096)
	stopped := b.session(t)
	b.open(t)
	absent := b.session(t)
	other, _ := b.openSocket(t)
	reader := b.session(t)
	const messages = 500
	for range messages {
		stopped.Offer(conntest.Text(strings.Repeat("x", 60_000)))
		absent.Offer(conntest.Text("x"))
	}
	for i := range 200 {
		reader.Offer(conntest.Text(fmt.Sprint(i)))
		if got := read(t, other); got != fmt.Sprint("4", i) {
			t.Fatalf("%q came in place of %d", got, i)
		}
	}
	if n := stopped.Pending(); n < messages/4 {
		t.Errorf("of 30 MB for a client that reads nothing %d messages are left", n)
	}
	if n := absent.Pending(); n != messages {
		t.Errorf("%d messages were taken for a client that does not poll", messages-n)
	}
}
