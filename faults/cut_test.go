package faults

import (
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/internal/faultnet"
)

// cutFor is how long connections are cut; PARLEY_CUT says how long instead.
const cutFor = 20 * time.Second

// Clients of all doors talk in the same channels while their connections are
// cut at random. Everybody goes on from where they stand, at every door: nothing
// is lost, doubled or out of order.
func TestDoors_CutAtRandomLoseDoubleAndMisorderNothing(t *testing.T) {
	t.Parallel()
	length := cutFor
	if told := os.Getenv("PARLEY_CUT"); told != "" {
		var err error
		if length, err = time.ParseDuration(told); err != nil {
			t.Fatalf("PARLEY_CUT: %v", err)
		}
	}
	s := newServer(t, build(t), t.TempDir(), "--post-rate", "0", "--channel-rate", "0")
	s.mustStart()
	proxy, err := faultnet.Listen(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	l := gather(t, s, crowd{
		channels: 2, native: 2, rooms: 1, conversations: 1, doors: 1,
		pace: max(100*time.Millisecond, length/500), tokens: true, front: "http://" + proxy.Addr(),
	})
	var cutting sync.WaitGroup
	over := make(chan struct{})
	cutting.Go(func() { cut(proxy, over) })
	pause(t.Context(), length)
	close(over)
	cutting.Wait()
	l.check()
	if n := proxy.Accepted(); n < 200 {
		t.Errorf("%d connections in %v: that was no test", n, length)
	}
	t.Logf("%d connections in %v", proxy.Accepted(), length)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// cut ends connections until over: all of them, or the next ones after so many
// bytes, or holds everything back for a moment.
func cut(proxy *faultnet.Proxy, over <-chan struct{}) {
	defer proxy.CutAfter(0)
	defer proxy.Stall(false)
	for n := 0; ; n++ {
		wait := time.NewTimer(100*time.Millisecond + rand.N(400*time.Millisecond))
		select {
		case <-over:
			wait.Stop()
			return
		case <-wait.C:
		}
		proxy.Stall(false)
		switch n % 4 {
		case 0:
			proxy.Cut()
		case 1:
			proxy.Reset()
		case 2:
			proxy.CutAfter(500 + rand.N(int64(40_000)))
		default:
			proxy.CutAfter(0)
			proxy.Stall(true)
		}
	}
}
