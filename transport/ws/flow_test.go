package ws_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

func TestWrite_ASlowReaderStopsNobodyAndMissesNothing(t *testing.T) {
	t.Parallel()
	// Deliveries below, at and above what goes out at once.
	b := setup(t, ws.Options{WriteBuffer: 1 << 10, PingEvery: time.Hour})
	quick := open(t, b.addr, "")
	slow := make([]*raw, 4)
	for i := range slow {
		slow[i] = open(t, b.addr, "")
	}
	const n = 20000
	frame := func(i int) string { return fmt.Sprint(i, " ", strings.Repeat("x", i%1300)) }
	var both sync.WaitGroup
	both.Go(func() {
		for i := range n {
			b.hub.Broadcast(conntest.Text(frame(i)))
		}
	})
	for i := range n {
		if got := quick.next(t); got.payload != frame(i) {
			t.Fatalf("the quick one's frame %d: %v", i, got)
		}
	}
	both.Wait()
	if st := b.server.Stats(); st.Blocked == 0 {
		t.Fatal("nothing was blocked: the test tests nothing")
	}
	for _, c := range slow {
		c.send(t, frameOf(opPing, "between"))
		pongs := 0
		for i := 0; i < n; {
			got := c.next(t)
			if got.first == fin|opPong {
				pongs++
				continue
			}
			if got.payload != frame(i) {
				t.Fatalf("a slow one's frame %d: %v", i, got)
			}
			i++
		}
		if pongs != 1 {
			t.Errorf("%d pongs", pongs)
		}
	}
}

func frameOf(op byte, payload string) []byte { return frame(fin|op, payload) }

// Many sessions that are not ready hold a worker each; there are more.
func TestRead_WaitingSessionsStopNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{})
	var held []*conntest.Session
	for range 100 {
		c := open(t, b.addr, "")
		s := <-b.hub.Made()
		s.Hold()
		held = append(held, s)
		c.send(t, text("waits"))
	}
	c := open(t, b.addr, "")
	c.send(t, text("hello"))
	if got := c.next(t); got.payload != "hello" {
		t.Errorf("got %v", got)
	}
	for _, s := range held {
		s.Release()
	}
}

func TestRead_FramesThatCameWithTheHandshakeCount(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{})
	c := dialWith(t, b.addr, string(text("early"))+string(text("late"))[:3])
	c.send(t, text("late")[3:])
	for _, want := range []string{"early", "late"} {
		if got := c.next(t); got.payload != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

func TestPing_AFloodIsAnsweredInBoundedMemory(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{})
	c := open(t, b.addr, "")
	const n = 200_000
	flood := make(chan struct{})
	go func() {
		defer close(flood)
		pings := bytes.Repeat(frameOf(opPing, strings.Repeat("p", 100)), n/100)
		for range 100 {
			if _, err := c.Write(pings); err != nil {
				return
			}
		}
		_, _ = c.Write(frameOf(opPing, "last"))
		_, _ = c.Write(text("still here"))
	}()
	<-flood // nothing was read until now, and it was taken all the same
	for last := ""; ; {
		got := c.next(t)
		if got.first == fin|opText {
			break
		}
		if last = got.payload; last == "last" {
			break
		}
	}
}

func TestPing_WhoDoesNotAnswerIsDropped(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{PingEvery: 200 * time.Millisecond})
	silent := open(t, b.addr, "")
	s := <-b.hub.Made()
	if got := silent.next(t); got.first != fin|opPing {
		t.Fatalf("got %v", got)
	}
	closed(t, s)
	if n := b.server.Stats().Unanswered; n != 1 {
		t.Errorf("counted %d", n)
	}
}

func TestPing_WhoAnswersOrTakesBytesLives(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{PingEvery: 2 * time.Second}) // in which a busy machine answers, too
	answers, takes := open(t, b.addr, ""), open(t, b.addr, "")
	first, second := <-b.hub.Made(), <-b.hub.Made()
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { // sends nothing, but its socket takes what it is sent
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				second.Offer(conntest.Text(strings.Repeat("x", 100)))
			}
		}
	})
	_ = takes
	for range 3 {
		if got := answers.next(t); got.first != fin|opPing {
			t.Fatalf("got %v", got)
		}
		answers.send(t, frameOf(opPong, ""))
	}
	select {
	case <-first.Closed():
		t.Error("who answered was dropped")
	case <-second.Closed():
		t.Error("who took bytes was dropped")
	default:
	}
	close(stop)
	all.Wait()
	closed(t, second) // now it takes nothing but pings
}

func TestFirstFrame_IsAwaitedOfNobodyForSoLong(t *testing.T) {
	t.Parallel()
	var named atomic.Bool
	b := setup(t, ws.Options{FirstFrame: 2 * time.Second, Authenticate: authenticate(func() chat.Identity {
		if named.Load() {
			return chat.Identity{User: "u"}
		}
		return chat.Identity{}
	})})
	mute, speaks := open(t, b.addr, ""), open(t, b.addr, "")
	speaks.send(t, text("hello"))
	named.Store(true)
	known := open(t, b.addr, "")
	if got := mute.next(t).String(); got != "close 4001" {
		t.Errorf("got %s", got)
	}
	speaks.send(t, text("again"))
	known.send(t, text("hello"))
	for _, got := range []received{speaks.next(t), speaks.next(t), known.next(t)} {
		if got.first != fin|opText {
			t.Errorf("got %v", got)
		}
	}
}

// counting is a dialect whose shared encodings are counted.
type counting struct {
	wire.Codec
	n *atomic.Int64
}

func (c counting) Encode(d *chat.Delivery, emit func([]byte)) {
	c.n.Add(1)
	c.Codec.Encode(d, emit)
}

func TestWrite_ABroadcastIsEncodedOncePerFormat(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	echo := conntest.Echo()
	dialect := wire.Dialect{Name: "counting", New: func(id string) wire.Codec { return counting{echo.New(id), &n} }}
	b := setup(t, ws.Options{Compression: true}, dialect)
	const conns = 40
	var all []*raw
	for i := range conns {
		offer := ""
		if i%2 == 0 {
			offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
		}
		all = append(all, open(t, b.addr, offer))
		<-b.hub.Made()
	}
	body := strings.Repeat("all the same ", 100)
	b.hub.Broadcast(conntest.Text(body))
	for i, c := range all {
		f, err := c.frame()
		if err != nil {
			t.Fatal(err)
		}
		if got := f.first&rsv1 != 0; got != (i%2 == 0) {
			t.Errorf("connection %d: deflated %t", i, got)
		}
		if f.first&rsv1 != 0 {
			f.payload, _ = inflated(f.payload)
		}
		if f.payload != body {
			t.Errorf("connection %d: %v", i, f)
		}
	}
	// Two writers may find it unencoded at the same moment.
	if got := n.Load(); got < 2 || got > 6 {
		t.Errorf("encoded %d times for %d connections", got, conns)
	}
}

func TestDeflate_KeepsWithinTheWindow(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{Compression: true})
	c := open(t, b.addr, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n")
	for size, want := range map[int]bool{511: false, 512: true, 1024: true, 1025: false} {
		c.send(t, text(strings.Repeat("x", size)))
		f, err := c.frame()
		if got := f.first&rsv1 != 0; err != nil || got != want {
			t.Errorf("of %d bytes: deflated %t, %v", size, got, err)
		}
	}
}

func TestPanic_OfACodecEndsItsConnectionAlone(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var mu sync.Mutex
	b := setup(t, ws.Options{Logger: slog.New(slog.NewTextHandler(locked{&mu, &log}, nil))})
	bad, good := open(t, b.addr, ""), open(t, b.addr, "")
	s := <-b.hub.Made()
	bad.send(t, text("panic"))
	closed(t, s)
	good.send(t, text("hello"))
	if got := good.next(t); got.payload != "hello" {
		t.Errorf("got %v", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(log.String(), "asked for") {
		t.Errorf("the log says %q", log.String())
	}
}

type locked struct {
	mu *sync.Mutex
	*bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}
