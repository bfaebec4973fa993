package engineio_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/engineio"
)

// probed is a WebSocket that has come half-way.
func (b *bundle) probed(t testing.TB, sid string) *websocket.Conn {
	t.Helper()
	c := b.dial(t, sid)
	write(t, c, "2probe")
	if got := read(t, c); got != "3probe" {
		t.Fatalf("the probe was answered %q", got)
	}
	return c
}

// upgraded is a WebSocket that has taken over.
func (b *bundle) upgraded(t testing.TB, sid string) *websocket.Conn {
	t.Helper()
	c, before := b.probed(t, sid), b.server.Stats().Upgraded
	write(t, c, "5")
	eventually(t, func() bool { return b.server.Stats().Upgraded > before })
	return c
}

func TestUpgrade_TakesOverFromPolling(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	conn := <-b.conns
	c := b.upgraded(t, sid)
	if conn.Polling() {
		t.Error("the connection says that it is polling")
	}
	write(t, c, "4hello")
	if got := read(t, c); got != "4hello" {
		t.Errorf("%q came back", got)
	}
	b.poll(t, sid).refused(t, http.StatusBadRequest, 3)
	b.post(t, sid, "4hello").refused(t, http.StatusBadRequest, 3)
	if st := b.server.Stats(); st.Polling != 0 || st.WebSockets != 1 || st.Opened != 1 {
		t.Errorf("counted as %+v", st)
	}
	// Neither has done it any harm.
	write(t, c, "4still here")
	if got := read(t, c); got != "4still here" {
		t.Errorf("%q came back", got)
	}
}

func TestUpgrade_EndsAPollWithANoop(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	waiting := b.polls(t, sid)
	b.waits(t, 1, 0)
	b.probed(t, sid)
	(<-waiting).is(t, http.StatusOK, "6")
	b.poll(t, sid).is(t, http.StatusOK, "6")
}

// The client's next poll and its 5 take different ways.
func TestUpgrade_EndsAPollThatOvertookItWithAnError(t *testing.T) {
	t.Parallel()
	for range 20 {
		b := setup(t, engineio.Options{PingInterval: 3 * time.Second, PingTimeout: time.Second})
		sid := b.open(t)
		c := b.probed(t, sid)
		waiting := b.polls(t, sid)
		b.waits(t, 1, 0)
		write(t, c, "5")
		if a := <-waiting; a.status == http.StatusOK {
			// The machine was so slow that the poll was given up first, or pinged.
			if a.body != "2" {
				a.is(t, http.StatusOK, "6")
			}
			continue
		} else {
			a.refused(t, http.StatusBadRequest, 3)
		}
		write(t, c, "4hello")
		if got := read(t, c); got != "4hello" {
			t.Fatalf("%q came back", got)
		}
		// Nobody is taken to be alive for a poll that was refused.
		if got := read(t, c); got != "2" {
			t.Fatalf("%q in place of a ping", got)
		}
		closed(t, c, 0)
		return
	}
	t.Error("no poll was held for the 5")
}

func TestUpgrade_LetsPollsHaveWhatIsQueued(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	c := b.probed(t, sid)
	s.Offer(conntest.Text("in between"))
	b.poll(t, sid).is(t, http.StatusOK, "4in between")
	b.post(t, sid, "4up").is(t, http.StatusOK, "ok")
	write(t, c, "5")
	if got := read(t, c); got != "4up" {
		t.Errorf("%q in place of what no poll has taken", got)
	}
}

func TestUpgrade_IsForOneWebSocketOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	c := b.probed(t, sid)
	closed(t, b.dial(t, sid), websocket.StatusPolicyViolation)
	write(t, c, "5")
	closed(t, b.dial(t, sid), websocket.StatusPolicyViolation)
	write(t, c, "4hello")
	if got := read(t, c); got != "4hello" {
		t.Errorf("%q came back", got)
	}
	own, ownID := b.openSocket(t)
	closed(t, b.dial(t, ownID), websocket.StatusPolicyViolation)
	write(t, own, "4hello")
	if got := read(t, own); got != "4hello" {
		t.Errorf("%q came back", got)
	}
}

func TestUpgrade_ThatIsGivenUpLeavesThePolls(t *testing.T) {
	t.Parallel()
	for name, giveUp := range map[string]func(*testing.T, *websocket.Conn){
		"by a close":   func(_ *testing.T, c *websocket.Conn) { _ = c.Close(websocket.StatusNormalClosure, "") },
		"by a cut":     func(_ *testing.T, c *websocket.Conn) { _ = c.CloseNow() },
		"by a message": func(t *testing.T, c *websocket.Conn) { write(t, c, "4hello"); closed(t, c, 0) },
		"by binary": func(t *testing.T, c *websocket.Conn) {
			_ = c.Write(within(t), websocket.MessageBinary, []byte{1})
			closed(t, c, 0)
		},
		"by waiting":       func(t *testing.T, c *websocket.Conn) { closed(t, c, 0) },
		"by another probe": func(t *testing.T, c *websocket.Conn) { write(t, c, "2other"); closed(t, c, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := engineio.Options{UpgradeTimeout: 4 * patience}
			if name == "by waiting" {
				o.UpgradeTimeout = 3 * time.Second
			}
			b := setup(t, o)
			sid := b.open(t)
			giveUp(t, b.probed(t, sid))
			b.post(t, sid, "4hello").is(t, http.StatusOK, "ok")
			b.poll(t, sid).is(t, http.StatusOK, "4hello")
			// Another one may try. The end of the first may be on its way.
			eventually(t, func() bool {
				c := b.dial(t, sid)
				if c.Write(within(t), websocket.MessageText, []byte("2probe")) != nil {
					return false
				}
				_, data, err := c.Read(within(t))
				if err != nil || string(data) != "3probe" {
					return false
				}
				write(t, c, "5")
				write(t, c, "4again")
				return read(t, c) == "4again"
			})
			if n := b.server.Stats().Upgraded; n != 1 {
				t.Errorf("%d upgrades", n)
			}
		})
	}
}

func TestUpgrade_NeedsAProbe(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	c := b.dial(t, sid)
	write(t, c, "5")
	closed(t, c, websocket.StatusPolicyViolation)
	b.post(t, sid, "4hello").is(t, http.StatusOK, "ok")
	b.poll(t, sid).is(t, http.StatusOK, "4hello")
}

// A 5 that overtakes a POST would have two transports feed the socket.
func TestUpgrade_MustNotOvertakeAPost(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	s := b.session(t)
	s.Hold()
	ctx, posted := within(t), make(chan answer, 1)
	go func() { posted <- b.request(ctx, http.MethodPost, polling+"&sid="+sid, "4first") }()
	b.waits(t, 0, 1)
	c := b.probed(t, sid)
	write(t, c, "5")
	closed(t, c, websocket.StatusPolicyViolation)
	s.Release()
	(<-posted).is(t, http.StatusOK, "ok")
	b.poll(t, sid).is(t, http.StatusOK, "4first")
}

// What is sent while a client goes over, as the official one does, comes once
// and in order.
func TestUpgrade_LosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	const messages = 3000
	for range 5 {
		sid := b.open(t)
		s := b.session(t)
		ctx, cancel := context.WithCancel(within(t))
		go func() {
			for i := range messages {
				s.Offer(conntest.Text(fmt.Sprint(i)))
				if i%50 == 0 {
					select {
					case <-ctx.Done():
						return
					case <-time.After(time.Millisecond):
					}
				}
			}
		}()
		next := 0
		take := func(packet string) {
			if packet == "6" || packet == "2" {
				return
			}
			if packet != fmt.Sprint("4", next) {
				t.Fatalf("%q in place of %d", packet, next)
			}
			next++
		}
		takeAll := func(a answer) {
			if a.status != http.StatusOK {
				t.Fatalf("a poll was answered %+v", a)
			}
			for packet := range strings.SplitSeq(a.body, "\x1e") {
				take(packet)
			}
		}
		for next < 100 {
			takeAll(b.poll(t, sid))
		}
		waiting := b.polls(t, sid)
		c := b.probed(t, sid)
		takeAll(<-waiting)
		write(t, c, "5")
		for next < messages {
			take(read(t, c))
		}
		cancel()
		_ = c.CloseNow()
	}
}

// The server ends a connection that is half-way: its client has ceased to poll,
// and has what is queued over the WebSocket.
func TestUpgrade_GoesOnWhileTheConnectionCloses(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{CloseWithin: patience})
	sid := b.open(t)
	s := b.session(t)
	c := b.probed(t, sid)
	s.Offer(conntest.Text("the last word"))
	s.End(chat.E(chat.CodeTokenExpired, "the token is no longer good"))
	write(t, c, "5")
	if got := read(t, c); got != "4the last word" {
		t.Errorf("%q in place of what was queued", got)
	}
	closed(t, c, 4001)
	over(t, s)
}
