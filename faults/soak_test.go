//go:build soak

package faults

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A server that runs for long must not grow: PARLEY_SOAK says for how long.
// After a fifth of the time, which fills caches and pools, memory, goroutines
// and descriptors are taken as they are, and in the end they must be about that.
func TestSoak_MemoryGoroutinesAndDescriptorsStayFlat(t *testing.T) {
	length := made(t).soak
	if told := os.Getenv("PARLEY_SOAK"); told != "" {
		var err error
		if length, err = time.ParseDuration(told); err != nil {
			t.Fatalf("PARLEY_SOAK: %v", err)
		}
	}
	s := newServer(t, build(t), t.TempDir(), "--post-rate", "0", "--channel-rate", "0")
	s.mustStart()
	// Histories are kept in memory and checked as a whole: the pace is slow.
	pace := max(40*time.Millisecond, length/10_000)
	l := gather(t, s, crowd{channels: 8, native: 4, rooms: 4, conversations: 4, pace: pace, tokens: true})
	visitor := s.token("visitor")
	churn := make(chan struct{})
	l.posters.Go(func() {
		defer close(churn)
		for l.rest() { // clients that come and go
			if socket, err := dial(l.living, s.url(), "/v1/ws", visitor); err == nil {
				socket.close()
			}
		}
	})
	pause(t.Context(), length/5)
	before := s.use()
	t.Logf("after %v: %v", length/5, before)
	for range 8 {
		pause(t.Context(), length/10)
		t.Logf("%v", s.use())
	}
	after := s.use()
	l.check()
	<-churn
	if after.memory > before.memory*3/2+32<<20 {
		t.Errorf("memory grew from %d to %d bytes", before.memory, after.memory)
	}
	if after.goroutines > before.goroutines+20 {
		t.Errorf("there were %v goroutines, and are %v", before.goroutines, after.goroutines)
	}
	if after.descriptors > before.descriptors+40 {
		t.Errorf("there were %d descriptors open, and are %d", before.descriptors, after.descriptors)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// use is what a server holds.
type use struct {
	memory      int64 // bytes
	goroutines  float64
	descriptors int
}

func (u use) String() string {
	return fmt.Sprintf("%d MiB, %v goroutines, %d descriptors", u.memory>>20, u.goroutines, u.descriptors)
}

func (s *server) use() use {
	s.t.Helper()
	open, err := os.ReadDir(strings.Join([]string{"/proc", fmt.Sprint(s.pid()), "fd"}, "/"))
	if err != nil {
		s.t.Fatal(err)
	}
	return use{s.memory(), s.metric("go_goroutines"), len(open)}
}
