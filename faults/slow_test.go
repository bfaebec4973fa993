package faults

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

// What a run with slow readers is made of: 50 messages a second of 32 KiB, so
// that a reader that does not read falls behind by more than sockets hold, 4 MiB
// or so.
const (
	slowReaders  = 6
	quickReaders = 3
	slowBody     = 32 << 10
	slowEvery    = 20 * time.Millisecond
	slowFor      = 4 * time.Second
)

// What readers that do not read may cost the server: each its bounded queue
// (256 KiB), what a write took out of it, and as much again that the collector
// has not taken yet; and what the load itself adds in the same time, of which
// the store's memtables (16 MiB each) are the most.
const (
	memoryEach = 1 << 20
	memoryBase = 64 << 20
)

// reader is a native client that can be told not to read, with a small window,
// so that the server notices at once.
type reader struct {
	*load
	*listener
	socket *socket
	gate   sync.Mutex // held while it must not read

	mu        sync.Mutex
	latencies []time.Duration
}

func (l *load) newReader(ctx context.Context, name string, window int) (*reader, error) {
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if cerr := c.Control(func(fd uintptr) {
			if window > 0 {
				err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, window)
			}
		}); cerr != nil {
			return cerr
		}
		return err
	}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	conn, _, err := websocket.Dial(ctx, l.server.url()+l.door("/v1/ws", name), &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"parley.v1.json"},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 30)
	r := &reader{load: l, socket: &socket{conn}}
	r.listener = &listener{name: name, channel: l.channels[0], heard: make(chan struct{})}
	r.joined.Store(true)
	l.listeners = append(l.listeners, r.listener)
	if err := r.socket.send(ctx, object{"type": "subscribe", "ref": 1, "channelId": l.channels[0]}); err != nil {
		return nil, err
	}
	level, err := r.socket.until(ctx, "level")
	if err != nil {
		return nil, err
	}
	_, digits, _ := strings.Cut(level.Position, ":")
	from, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return nil, err
	}
	r.run = l.rec.Begin(history.Run{Subscriber: name, Channel: l.channels[0], Numbering: history.BySeq, From: from})
	l.ears.Go(func() { r.read(ctx) })
	return r, nil
}

// readers are n that read, for now.
func (l *load) readers(ctx context.Context, name string, n, window int) []*reader {
	l.t.Helper()
	var list []*reader
	for i := range n {
		r, err := l.newReader(ctx, fmt.Sprint(name, "-", i), window)
		if err != nil {
			l.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// read reads up to the farewell, as long as it may.
func (r *reader) read(ctx context.Context) {
	defer r.socket.close()
	for {
		r.gate.Lock()
		r.gate.Unlock() //nolint:staticcheck // it was only to be waited for
		_, data, err := r.socket.conn.Read(ctx)
		if err != nil {
			if ctx.Err() == nil {
				r.complain(r.channel, "%s lost its connection: %v", r.name, err)
			}
			return
		}
		// Decoding 32 KiB of JSON under the race detector would take longer than
		// what is to be measured.
		f := parseReturned(data)
		if f.kind != "message" {
			continue
		}
		f.entry.Kind = chat.KindMessage
		var at int64
		if _, err := fmt.Sscanf(f.entry.Text, "at %d", &at); err == nil {
			r.mu.Lock()
			r.latencies = append(r.latencies, r.rec.Now()-time.Duration(at))
			r.mu.Unlock()
		}
		if !r.saw(f.entry) {
			return
		}
	}
}

// taken are the latencies since the last call.
func (r *reader) taken() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.latencies
	r.latencies = nil
	return taken
}

// publish posts at a steady rate, each message with the time when it was due.
func (l *load) publish(ctx context.Context, from int) (int, error) {
	s, err := dial(ctx, l.server.url(), l.door("/v1/ws", "steady"), "")
	if err != nil {
		return from, err
	}
	defer s.close()
	calls := make(map[string]*history.Call)
	began := time.Now()
	n := 0
	for due := began; due.Sub(began) < slowFor; due = due.Add(slowEvery) {
		if !pause(ctx, time.Until(due)) {
			return from, ctx.Err()
		}
		text := fmt.Sprintf("at %d %d %s", (l.rec.Now() - time.Since(due)).Nanoseconds(), from, strings.Repeat("x", slowBody))
		op := history.Op{Client: "steady", User: "steady", Kind: history.Post, Channel: l.channels[0], Nonce: fmt.Sprint("steady-", from), Text: brief(text)}
		calls[op.Nonce] = l.rec.Invoke(op)
		if err := s.send(ctx, object{"type": "publish", "ref": 1, "channelId": op.Channel, "nonce": op.Nonce, "text": text}); err != nil {
			return from, err
		}
		from++
		n++
	}
	for range n {
		f, err := s.until(ctx, "ack")
		if err != nil {
			return from, err
		}
		l.ok(calls[f.Nonce], 0, history.Answer{Seq: f.Seq, ID: f.ID})
	}
	return from, nil
}

// slowFindings is what a run with slow readers came to.
type slowFindings struct {
	quiet, busy time.Duration // p99 of the quick readers, alone and beside slow ones
	cost        int64         // the server's memory, in bytes: how much the slow ones added
	fellBack    float64
	found       []history.Violation
}

// runSlow measures quick readers alone, then beside others that stop reading,
// then lets those read everything.
func runSlow(t *testing.T, binary string, patience time.Duration, env ...string) slowFindings {
	t.Helper()
	s := newServer(t, binary, t.TempDir(), "--dev")
	s.env = env
	s.mustStart()
	l := gather(t, s, crowd{channels: 1})
	l.patience = patience
	ctx, cancel := context.WithTimeout(l.living, 4*within)
	defer cancel()
	quick := l.readers(ctx, "quick", quickReaders, 0)
	p99 := func() time.Duration {
		var all []time.Duration
		for _, r := range quick {
			all = append(all, r.taken()...)
		}
		slices.Sort(all)
		if len(all) == 0 {
			t.Fatal("the quick readers got nothing")
		}
		return all[len(all)*99/100]
	}
	var f slowFindings
	said, err := l.publish(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.quiet = p99()
	slow := l.readers(ctx, "slow", slowReaders, 16<<10)
	before := s.memory()
	for _, r := range slow {
		r.gate.Lock()
	}
	if _, err = l.publish(ctx, said); err != nil {
		t.Fatal(err)
	}
	f.busy, f.cost = p99(), s.memory()-before
	f.fellBack = s.metric("parley_subscriptions_fell_back_total")
	for _, r := range slow {
		r.gate.Unlock()
	}
	f.found = l.violations()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	return f
}

// memory is what the server's process has dirtied itself, in bytes.
func (s *server) memory() int64 {
	s.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var kib int64
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				s.t.Fatal(err)
			}
			return kib << 10
		}
	}
	s.t.Fatal("there is no RssAnon")
	return 0
}

func TestSlow_ReadersCostABoundAndSlowNobody(t *testing.T) {
	for range made(t).slow {
		// What else the machine does can only make latencies worse: one run of
		// five in which it kept still is enough.
		const runs = 5
		bounded := false
		for n := 0; n < runs && !bounded && !t.Failed(); n++ {
			bounded = slowIsBounded(t)
		}
		if !bounded {
			t.Errorf("in %d runs the quick readers were slowed down", runs)
		}
	}
}

// slowIsBounded makes one run; false: the quick readers were slower beside
// slow ones, which is all that may be the machine's fault.
func slowIsBounded(t *testing.T) bool {
	t.Helper()
	f := runSlow(t, build(t), within)
	for _, v := range f.found {
		t.Error(v)
	}
	if f.fellBack == 0 {
		t.Error("no reader fell behind: this shows nothing")
	}
	if most := int64(memoryBase + slowReaders*memoryEach); f.cost > most {
		t.Errorf("%d readers that do not read cost %d bytes, more than %d", slowReaders, f.cost, most)
	}
	t.Logf("p99 %v alone, %v beside %d slow readers, which cost %d KiB and fell back %v times",
		f.quiet.Round(10*time.Microsecond), f.busy.Round(10*time.Microsecond), slowReaders, f.cost>>10, f.fellBack)
	// Below 50 ms the difference says nothing.
	return f.busy <= max(2*f.quiet, 50*time.Millisecond)
}
