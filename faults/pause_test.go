package faults

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// A server that stands still for a while, as under a hypervisor that has other
// things to do, loses nobody's place.
func TestPause_OfTheServerLosesNothing(t *testing.T) {
	t.Parallel()
	pauses := made(t).pauses
	s := newServer(t, build(t), t.TempDir(), "--dev")
	s.mustStart()
	l := gather(t, s, crowd{channels: 2, native: 3, rooms: 2, conversations: 1, pace: 40 * time.Millisecond})
	for i := range pauses {
		d := 100*time.Millisecond + rand.N(2900*time.Millisecond)
		l.rec.Note("stopped for %v, the %d. time", d, i+1)
		s.signal(syscall.SIGSTOP)
		pause(t.Context(), d)
		s.signal(syscall.SIGCONT)
		pause(t.Context(), 300*time.Millisecond)
	}
	l.check()
	if lives := len(s.ups); lives != 1 {
		t.Errorf("the server was started %d times", lives)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
