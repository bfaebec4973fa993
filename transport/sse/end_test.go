package sse_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/eventstream"
	"github.com/parley-chat/parley/transport/sse"
)

func TestEnd_GoingAwaySaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	s := b.open(t, in("ada", "general"), "")
	s.until("level")
	b.hub.Drain(t.Context(), 0)
	s.until("going_away")
	if s.events.Retry() < time.Second {
		t.Errorf("come back in %v", s.events.Retry())
	}
	if rest := s.rest(); rest != "" {
		t.Errorf("after that came %s", rest)
	}
}

// An EventSource that is answered with an error gives up for good.
func TestEnd_WhoComesWhileTheServerStopsIsToldToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	if err := b.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	response := b.get(t.Context(), t, in("ada", "general"), "")
	defer response.Body.Close()
	events := eventstream.NewReader(response.Body, "")
	e, err := events.Next()
	if err != nil || response.StatusCode != http.StatusOK || e.Name != "error" || !strings.Contains(e.Data, "going_away") || events.Retry() < time.Second {
		t.Errorf("%s %+v, retry %v: %v", response.Status, e, events.Retry(), err)
	}
	if _, err := events.Next(); err != io.EOF {
		t.Errorf("the stream goes on: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL, nil) // no EventSource
	if err != nil {
		t.Fatal(err)
	}
	plain, err := b.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = plain.Body.Close()
	if plain.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("others are answered %s", plain.Status)
	}
}

func TestEnd_OfCredentialsIsToldAndThenTheStreamEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	s := b.open(t, in("ada", "general"), "")
	s.until("level")
	b.hub.Review(func(chat.Identity) *chat.Error { return chat.E(chat.CodeTokenRevoked, "the token was revoked") })
	if e := s.until("expiring"); !strings.Contains(e.Data, `"code":"token_revoked"`) {
		t.Errorf("told %s", e.Data)
	}
	if rest := s.rest(); rest != "" {
		t.Errorf("after that came %s", rest)
	}
}

// A client that reads slowly has everything in the end, and costs little
// meanwhile.
func TestSlow_ReadersHaveEverythingAndCostLittle(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, func(o *chat.Options) { o.QueueBytes = 32 << 10 })
	s := b.open(t, in("ada", "general"), "")
	s.until("level")
	const n = 110
	long := strings.Repeat("x", 60_000) // 6.6 MB: more than the sockets take
	for i := range n {
		b.post(t, "bob", "general", fmt.Sprint(i, " ", long))
	}
	if most := b.hub.Stats().QueueBytesMost; most > 128<<10 {
		t.Errorf("%d bytes wait for one stream", most)
	}
	for i := range n {
		e := s.until("message")
		if want := fmt.Sprintf(`%s:%d`, b.hub.Epoch(), i+1); e.ID != want || !strings.Contains(e.Data, fmt.Sprintf(`"text":"%d x`, i)) {
			t.Fatalf("in place of %s: %s %.100s", want, e.ID, e.Data)
		}
	}
}

// mute opens a stream that nobody reads, and that takes little unread.
func (b *bundle) mute(t *testing.T) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(b.http.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET /events?%s HTTP/1.1\r\nHost: x\r\n\r\n", in("ada", "general")); err != nil {
		t.Fatal(err)
	}
	b.count(t, 1)
}

// A client that takes nothing at all is gone, whatever its host says.
func TestSlow_WhoTakesNothingIsCutOff(t *testing.T) {
	t.Parallel()
	for name, conn := range map[string]bool{"by what the socket tells": true, "by a deadline": false} {
		b := setup(t, func(o *sse.Options) {
			o.Patience = 300 * time.Millisecond
			if !conn {
				o.Conn = nil
			}
		}, nil)
		b.mute(t)
		long := strings.Repeat("x", 60_000)
		for deadline := time.Now().Add(patience); b.hub.Stats().Sessions > 0; {
			if time.Now().After(deadline) {
				t.Fatalf("%s: it is not cut off", name)
			}
			b.post(t, "bob", "general", long)
		}
		if got := b.server.Stats().Stalled; conn && got != 1 {
			t.Errorf("%s: %d are counted", name, got)
		}
	}
}

func TestShutdown_CutsOffWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	b.mute(t)
	long := strings.Repeat("x", 60_000)
	for range 120 {
		b.post(t, "bob", "general", long)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.server.Shutdown(ctx); err == nil {
		t.Error("it was waited for")
	}
	b.count(t, 0)
}

// Many events go out with one write, each encoded once for all streams.
func TestWrites_AreShared(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	for i := range 200 {
		b.post(t, "bob", "general", fmt.Sprint("m", i))
	}
	before := b.server.Stats()
	s := b.open(t, in("ada", "general"), b.hub.Epoch()+":0")
	s.texts(200)
	after := b.server.Stats()
	if n := after.Writes - before.Writes; n > 20 {
		t.Errorf("200 events took %d writes", n)
	}
}

func TestFault_APanicEndsItsStreamAlone(t *testing.T) {
	t.Parallel()
	fault := make(chan bool, 1)
	b := setup(t, func(o *sse.Options) {
		connect := o.Connect
		o.Connect = func(id chat.Identity, sink chat.Sink) (sse.Session, error) {
			s, err := connect(id, sink)
			if id.User == "eve" {
				return faulty{s, fault}, err
			}
			return s, err
		}
	}, nil)
	good, bad := b.open(t, in("ada", "general"), ""), b.open(t, in("eve", "general"), "")
	good.until("level")
	bad.until("level")
	fault <- true
	b.post(t, "bob", "general", "hello")
	bad.rest()
	if got := good.texts(1); got != "hello" {
		t.Errorf("told %q", got)
	}
}

// faulty panics once it is told to.
type faulty struct {
	sse.Session
	now <-chan bool
}

func (f faulty) Next(ctx context.Context, dst []*chat.Delivery) ([]*chat.Delivery, bool) {
	select {
	case <-f.now:
		panic("asked for")
	default:
	}
	return f.Session.Next(ctx, dst)
}
