package engineio_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/engineio"
)

func TestPing_IsSentAfterTheInterval(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: 50 * time.Millisecond, PingTimeout: patience})
	sid := b.open(t)
	c, _ := b.openSocket(t)
	for range 3 {
		b.poll(t, sid).is(t, http.StatusOK, "2")
		b.post(t, sid, "3").is(t, http.StatusOK, "ok")
		if got := read(t, c); got != "2" {
			t.Fatalf("%q in place of a ping", got)
		}
		write(t, c, "3")
	}
}

func TestPing_IsSentOnceUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: 20 * time.Millisecond, PingTimeout: patience})
	c, _ := b.openSocket(t)
	s := b.session(t)
	if got := read(t, c); got != "2" {
		t.Fatalf("%q in place of a ping", got)
	}
	next := time.AfterFunc(200*time.Millisecond, func() { s.Offer(conntest.Text("ten intervals later")) })
	defer next.Stop()
	if got := read(t, c); got != "4ten intervals later" {
		t.Fatalf("%q after a ping without an answer", got)
	}
}

// Answers to nothing keep nobody from being asked.
func TestPing_IsNotPutOffByAnswersToNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: time.Second, PingTimeout: patience})
	c, _ := b.openSocket(t)
	asked := make(chan string, 1)
	ctx := within(t)
	go func() {
		_, data, _ := c.Read(ctx)
		asked <- string(data)
	}()
	for {
		select {
		case got := <-asked:
			if got != "2" {
				t.Errorf("%q in place of a ping", got)
			}
			return
		case <-time.After(10 * time.Millisecond):
			write(t, c, "3")
		}
	}
}

func TestPing_WithoutAnAnswerEndsTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: 50 * time.Millisecond, PingTimeout: 50 * time.Millisecond})
	sid := b.open(t)
	over(t, b.session(t))
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
	c, _ := b.openSocket(t)
	if got := read(t, c); got != "2" {
		t.Fatalf("%q in place of a ping", got)
	}
	closed(t, c, 0)
	over(t, b.session(t))
	if n := b.server.Stats().Unanswered; n != 2 {
		t.Errorf("%d pings were unanswered", n)
	}
}

// A poll that waits while the time runs out is told.
func TestPing_WithoutAnAnswerEndsThePollThatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: 50 * time.Millisecond, PingTimeout: 3 * time.Second})
	sid := b.open(t)
	b.poll(t, sid).is(t, http.StatusOK, "2")
	b.poll(t, sid).is(t, http.StatusOK, "1")
}

// Whoever takes what is sent to it is not dead, however slowly its pongs come:
// the ping stands in line behind megabytes.
func TestPing_IsNotMissedByASlowReader(t *testing.T) {
	t.Parallel()
	const messages, size = 1000, 60_000
	const timeout = 4 * time.Second // in which a busy machine reads something, too
	b := setup(t, engineio.Options{PingInterval: 300 * time.Millisecond, PingTimeout: timeout})
	c := b.dialRaw(t, 64<<10)
	s := b.session(t)
	for range messages {
		s.Offer(conntest.Text(strings.Repeat("x", size)))
	}
	// It reads for longer than two timeouts, and says not a word. Each read makes
	// room in its socket, which takes no more before it is nearly empty.
	buffer := make([]byte, 64<<10)
	for began := time.Now(); time.Since(began) < 5*timeout/2; {
		if _, err := c.Read(buffer); err != nil {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	select {
	case <-s.Closed():
		t.Error("it was given up")
	default:
	}
}

// dialRaw is a WebSocket as bare bytes, whose client's side takes so many
// bytes that nobody reads.
func (b *bundle) dialRaw(t testing.TB, receives int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if receives > 0 {
		_ = c.(*net.TCPConn).SetReadBuffer(receives)
	}
	const handshake = "GET /?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := c.Write([]byte(handshake)); err != nil {
		t.Fatal(err)
	}
	return c
}
