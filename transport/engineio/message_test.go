package engineio_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/engineio"
)

func TestPolling_CarriesTextAndBinary(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	for _, payload := range []string{"4hello", "4", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA==", "b", "4höhe €"} {
		b.post(t, sid, payload).is(t, http.StatusOK, "ok")
		b.poll(t, sid).is(t, http.StatusOK, payload)
	}
}

func TestWebSocket_CarriesTextAndBinary(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	c, _ := b.openSocket(t)
	for _, size := range []int{0, 1, 124, 125, 126, 65534, 65535, 65536, 200_000} {
		sent := "4" + strings.Repeat("x", size)
		write(t, c, sent)
		if got := read(t, c); got != sent {
			t.Fatalf("of %d bytes came back %d", len(sent), len(got))
		}
	}
	if err := c.Write(within(t), websocket.MessageBinary, []byte{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	kind, data, err := c.Read(within(t))
	if err != nil || kind != websocket.MessageBinary || string(data) != "\x01\x02\x03\x04" {
		t.Errorf("%v %q %v", kind, data, err)
	}
}

// Some clients drop what is beyond it.
func TestPoll_HoldsSixteenPacketsAtMost(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	for i := range 100 {
		s.Offer(conntest.Text(fmt.Sprint(i)))
	}
	for next := 0; next < 100; {
		packets := strings.Split(b.poll(t, sid).body, "\x1e")
		if len(packets) > 16 {
			t.Fatalf("%d packets in one answer", len(packets))
		}
		for _, p := range packets {
			if p != fmt.Sprint("4", next) {
				t.Fatalf("%q in place of %d", p, next)
			}
			next++
		}
	}
}

func TestPoll_TakesNoFurtherPacketBeyondItsBytes(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{MaxAnswer: 1000})
	sid := b.open(t)
	s := b.session(t)
	for range 4 {
		s.Offer(conntest.Text(strings.Repeat("x", 600)))
	}
	for range 2 {
		if a := b.poll(t, sid); strings.Count(a.body, "\x1e") != 1 {
			t.Fatalf("%d bytes, %d separators", len(a.body), strings.Count(a.body, "\x1e"))
		}
	}
}

// A text with a separator must not become two packets: the second one's kind
// would be the sender's choice.
func TestPoll_KeepsATextWithASeparatorInOnePacket(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	b.session(t).Offer(conntest.Text("a\x1e1\x1e\x1eb"))
	b.poll(t, sid).is(t, http.StatusOK, "4a 1  b")
}

func TestPoll_EndsTheConnectionIfThereAreTwo(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	first := b.polls(t, sid)
	b.waits(t, 1, 0)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 3)
	(<-first).is(t, http.StatusOK, "1")
	over(t, s)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

// waits returns once so many polls and POSTs are held.
func (b *bundle) waits(t testing.TB, polls, posts int) {
	t.Helper()
	eventually(t, func() bool {
		st := b.server.Stats()
		return st.Polls == polls && st.Posts == posts
	})
}

func eventually(t testing.TB, is func() bool) {
	t.Helper()
	for ctx := within(t); !is(); {
		if ctx.Err() != nil {
			t.Fatal("it never came to be")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPoll_EndsTheConnectionIfItIsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.request(ctx, http.MethodGet, polling+"&sid="+sid, "")
	}()
	b.waits(t, 1, 0)
	cancel()
	<-done
	over(t, s)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

func TestPost_EndsTheConnectionIfThereAreTwo(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	s.Hold()
	first := make(chan answer, 1)
	ctx := within(t)
	go func() { first <- b.request(ctx, http.MethodPost, polling+"&sid="+sid, "4one") }()
	b.waits(t, 0, 1)
	b.post(t, sid, "4two").refused(t, http.StatusBadRequest, 3)
	(<-first).refused(t, http.StatusBadRequest, 3)
	over(t, s)
	if s.Done() != 0 {
		t.Error("a message counted")
	}
}

func TestPost_ThatCannotBeReadEndsTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	for name, body := range map[string]string{
		"no kind":             "abc",
		"nothing":             "",
		"an empty packet":     "4a\x1e\x1e4b",
		"a separator at last": "4a\x1e",
		"open":                "0",
		"a ping":              "2",
		"a probe":             "2probe",
		"an upgrade":          "5",
		"no base 64":          "b!!!!",
		"base 64 cut short":   "bAQIDB",
		"no UTF-8":            "4\xff\xfe",
		"what a socket takes": "4fail",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, engineio.Options{})
			sid := b.open(t)
			b.post(t, sid, body).refused(t, http.StatusBadRequest, 3)
			over(t, b.session(t))
			b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
		})
	}
	sid := b.open(t)
	b.post(t, sid, "4hello", "Content-Type", "application/octet-stream").refused(t, http.StatusBadRequest, 3)
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
}

func TestPost_ThatIsTooLargeIsRefusedAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{MaxPayload: 1000})
	sid := b.open(t)
	b.post(t, sid, "4"+strings.Repeat("x", 1000)).refused(t, http.StatusRequestEntityTooLarge, 3)
	most := "4" + strings.Repeat("x", 999)
	b.post(t, sid, most).is(t, http.StatusOK, "ok")
	b.poll(t, sid).is(t, http.StatusOK, most)
}

func TestPost_IsAnsweredOnceTheSocketHasTakenIt(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	s.Hold()
	got := make(chan answer, 1)
	ctx := within(t)
	go func() { got <- b.request(ctx, http.MethodPost, polling+"&sid="+sid, "4a\x1e4b") }()
	b.waits(t, 0, 1)
	select {
	case a := <-got:
		t.Fatalf("answered %+v while the socket took nothing", a)
	default:
	}
	s.Release()
	(<-got).is(t, http.StatusOK, "ok")
	b.poll(t, sid).is(t, http.StatusOK, "4a\x1e4b")
	if s.Eager() > 0 {
		t.Error("a message was handed over before the socket was ready")
	}
}

func TestWebSocket_EndsIfAPacketCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, packet := range map[string]string{
		"no kind": "abc", "nothing": "", "open": "0", "a ping": "2", "a probe": "2probe", "an upgrade": "5", "base 64": "bAQID", "what a socket takes": "4fail",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, engineio.Options{})
			c, _ := b.openSocket(t)
			write(t, c, packet)
			closed(t, c, websocket.StatusPolicyViolation)
			over(t, b.session(t))
		})
	}
}

func TestWebSocket_EndsIfAPacketIsTooLarge(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{MaxPayload: 1000})
	c, _ := b.openSocket(t)
	most := "4" + strings.Repeat("x", 999)
	write(t, c, most)
	if read(t, c) != most {
		t.Error("what is just allowed did not come back")
	}
	write(t, c, most+"x")
	closed(t, c, websocket.StatusMessageTooBig)
}

// An error of the socket's own kind is a frame, and the connection lives on.
func TestPanic_EndsOneConnectionOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid, other := b.open(t), b.open(t)
	s := b.session(t)
	b.post(t, sid, "4panic").refused(t, http.StatusInternalServerError, 3)
	over(t, s)
	b.post(t, other, "4hello").is(t, http.StatusOK, "ok")
	b.poll(t, other).is(t, http.StatusOK, "4hello")
}
