package load_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/bench/floor"
	"github.com/parley-chat/parley/bench/load"
)

type bundle struct {
	swarm *load.Swarm
	rooms [][]*load.Conn
	all   []*load.Conn
}

func setup(t *testing.T, o floor.Options, rooms, members int) *bundle {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- floor.Serve(ctx, l, o) }()
	s, err := load.New(load.Options{URL: "ws://" + l.Addr().String() + "/v1/ws", Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	b := &bundle{swarm: s}
	for n := range rooms {
		var peers []load.Peer
		for m := range members {
			peers = append(peers, load.Peer{User: fmt.Sprintf("u%d-%d", n, m), Channel: fmt.Sprintf("r%d", n)})
		}
		conns, err := s.Add(peers...)
		if err != nil {
			t.Fatal(err)
		}
		b.rooms, b.all = append(b.rooms, conns), append(b.all, conns...)
	}
	if err := s.Open(t.Context(), b.all); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) next(i int) (*load.Conn, string) {
	c := b.rooms[i%len(b.rooms)][i%len(b.rooms[0])]
	return c, c.Channel()
}

func (b *bundle) tally(t *testing.T, until func(*load.Tally) bool) load.Tally {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	waited := b.swarm.Until(ctx, until)
	got, err := b.swarm.Tally()
	if err != nil || waited != nil {
		t.Fatalf("%v, %v: %+v", waited, err, got)
	}
	return got
}

func faults(t load.Tally) uint64 {
	return t.Doubled + t.Misordered + t.Missed + t.Errors + t.Dropped + t.Unread
}

func TestSwarm_CountsEveryDeliveryAndItsLatency(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		b := setup(t, floor.Options{Batch: batch}, 2, 3)
		const messages = 120
		late, err := b.swarm.Publish(t.Context(), load.Plan{Rate: 2000, Count: messages, Run: "r", Next: b.next})
		if err != nil {
			t.Fatal(err)
		}
		got := b.tally(t, func(t *load.Tally) bool { return t.Delivered == messages*3 && t.Acks == messages })
		if faults(got) != 0 {
			t.Errorf("faults: %+v", got)
		}
		for name, count := range map[string]int64{"delivery": got.Delivery.TotalCount() / 3, "ack": got.Ack.TotalCount(), "late": late.TotalCount()} {
			if count != messages {
				t.Errorf("%s: %d latencies of %d", name, count, messages)
			}
		}
		if got.Delivery.Max() <= 0 || got.Delivery.ValueAtQuantile(50) > 5_000_000 {
			t.Errorf("latencies from %d to %d µs", got.Delivery.Min(), got.Delivery.Max())
		}
	}
}

// While the server stands still, messages are due all the same: each one's
// latency holds the whole time that it waited, not that of the first alone.
func TestPublish_CountsLatencyFromWhenAMessageWasDue(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var once sync.Once
	stalled := make(chan struct{})
	b := setup(t, floor.Options{Now: func() time.Time {
		once.Do(func() { close(stalled) })
		<-release
		return time.Now()
	}}, 1, 1)
	const messages, every = 20, 10 * time.Millisecond
	if _, err := b.swarm.Publish(t.Context(), load.Plan{Rate: 1 / every.Seconds(), Count: messages, Next: b.next}); err != nil {
		t.Fatal(err)
	}
	<-stalled
	close(release)
	got := b.tally(t, func(t *load.Tally) bool { return t.Delivered == messages })
	// Message i waited for the rest of the schedule: messages-1-i intervals.
	for quantile, waited := range map[float64]int{100: messages - 1, 75: messages * 7 / 10, 50: messages * 4 / 10} {
		least := (time.Duration(waited) * every).Microseconds()
		if got := got.Delivery.ValueAtQuantile(quantile); got < least*98/100 {
			t.Errorf("%v %% waited %d µs, want at least %d", quantile, got, least)
		}
		if got := got.Ack.ValueAtQuantile(quantile); got < least*98/100 {
			t.Errorf("%v %% of acks waited %d µs, want at least %d", quantile, got, least)
		}
	}
}

func TestOpen_CatchesUpFromWhereAConnectionWasCut(t *testing.T) {
	t.Parallel()
	b := setup(t, floor.Options{}, 3, 4)
	publish := func(count int) {
		t.Helper()
		if _, err := b.swarm.Publish(t.Context(), load.Plan{Rate: 5000, Count: count, Next: b.next}); err != nil {
			t.Fatal(err)
		}
	}
	publish(9)
	b.tally(t, func(t *load.Tally) bool { return t.Delivered == 9*4 && t.Acks == 9 })
	publisher, err := b.swarm.Add(load.Peer{User: "publisher"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.swarm.Open(t.Context(), publisher); err != nil {
		t.Fatal(err)
	}
	if err := b.swarm.Cut(b.all); err != nil {
		t.Fatal(err)
	}
	b.publishFrom(t, publisher[0], 60)
	b.tally(t, func(t *load.Tally) bool { return t.Acks == 69 })
	if err := b.swarm.Expect(b.all, 20); err != nil {
		t.Fatal(err)
	}
	if err := b.swarm.Open(t.Context(), b.all); err != nil {
		t.Fatal(err)
	}
	got := b.tally(t, func(*load.Tally) bool { return true })
	if got.Delivered != 9*4+60*4 || faults(got) != 0 || got.Arrival.TotalCount() != 12+1+12 {
		t.Errorf("after the storm: %+v", got)
	}
}

func (b *bundle) publishFrom(t *testing.T, from *load.Conn, count int) {
	t.Helper()
	_, err := b.swarm.Publish(t.Context(), load.Plan{Rate: 5000, Count: count, Next: func(i int) (*load.Conn, string) {
		return from, b.rooms[i%len(b.rooms)][0].Channel()
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRenew_CountsVisitorsApart(t *testing.T) {
	t.Parallel()
	b := setup(t, floor.Options{}, 1, 3)
	visitors, err := b.swarm.Add(load.Peer{User: "v", Channel: "r0"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		opened := b.tally(t, func(*load.Tally) bool { return true }).Opening.TotalCount()
		if err := b.swarm.Renew(visitors...); err != nil {
			t.Fatal(err)
		}
		b.tally(t, func(t *load.Tally) bool { return t.Opening.TotalCount() > opened })
	}
	if _, err := b.swarm.Publish(t.Context(), load.Plan{Rate: 1000, Count: 10, Next: b.next}); err != nil {
		t.Fatal(err)
	}
	got := b.tally(t, func(t *load.Tally) bool { return t.Delivered == 30 && t.Visited == 10 })
	if faults(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestOpen_SaysWhyAServerRefuses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s, err := load.New(load.Options{URL: "ws://" + address})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conns, err := s.Add(load.Peer{User: "a"}, load.Peer{User: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), conns); err == nil {
		t.Error("Open connected to nobody")
	}
}

// A checker that never failed is untested: this server does all that is wrong.
func TestSwarm_SeesWhatAServerDoesWrong(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if _, err := ws.Upgrade(c); err != nil {
			return
		}
		if _, err := ws.ReadFrame(c); err != nil {
			return
		}
		say := func(format string, args ...any) {
			_ = ws.WriteFrame(c, ws.NewTextFrame(fmt.Appendf(nil, format, args...)))
		}
		say(`{"type":"subscribed","ref":1,"channelId":"r0","position":"e:0","head":"e:0"}`)
		say(`{"type":"level","channelId":"r0","position":"e:0"}`)
		for _, seq := range []int{1, 2, 2, 4, 3, 6} {
			say(`{"type":"message","channelId":"r0","text":"x","seq":%d}`, seq)
		}
		say(`{"type":"error","ref":9,"code":"internal","message":"broken"}`)
		say(`{"type":"tomorrow"}`)
		_ = c.Close()
	}()
	s, err := load.New(load.Options{URL: "ws://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conns, err := s.Add(load.Peer{User: "u", Channel: "r0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), conns); err != nil {
		t.Fatal(err)
	}
	b := &bundle{swarm: s}
	got := b.tally(t, func(t *load.Tally) bool { return t.Dropped == 1 })
	if got.Delivered != 5 || got.Doubled != 1 || got.Misordered != 1 || got.Missed != 1 || got.Errors != 1 || got.Unread != 1 {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.Failure, "broken") {
		t.Errorf("the first failure is %q", got.Failure)
	}
}

// The generator's own lateness is no excuse: it counts as latency, and is told.
func TestPublish_CountsItsOwnLateness(t *testing.T) {
	t.Parallel()
	b := setup(t, floor.Options{}, 1, 1)
	const messages, held = 50, 60 * time.Millisecond
	late, err := b.swarm.Publish(t.Context(), load.Plan{Rate: 1000, Count: messages, Next: func(i int) (*load.Conn, string) {
		if i == 0 {
			<-time.After(held)
		}
		return b.next(i)
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := b.tally(t, func(t *load.Tally) bool { return t.Delivered == messages && t.Acks == messages })
	for name, h := range map[string]int64{"delivery": got.Delivery.Max(), "ack": got.Ack.Max(), "late": late.Max()} {
		if least := (held * 95 / 100).Microseconds(); h < least {
			t.Errorf("%s: at most %d µs, want at least %d", name, h, least)
		}
	}
}
