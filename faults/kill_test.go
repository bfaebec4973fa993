package faults

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// everybody is a crowd at all doors, with real tokens.
func everybody() crowd {
	return crowd{channels: 4, native: 4, rooms: 3, conversations: 2, pace: 40 * time.Millisecond, tokens: true}
}

// killUnderLoad kills the server at random moments, and has it up again.
func killUnderLoad(t *testing.T, l *load, kills int) {
	t.Helper()
	for i := range kills {
		pause(t.Context(), rand.N(400*time.Millisecond))
		l.rec.Note("kill -9, the %d.", i+1)
		if err := l.server.kill(); err != nil {
			t.Fatal(err)
		}
		l.server.mustStart()
	}
}

// The story: people talk through native, rooms and conversations at once, the
// server is killed in mid-sentence again and again, and everybody goes on by
// themselves with nothing lost, doubled or out of order.
func TestKill_UnderLoadThroughThreeDoorsLosesNothing(t *testing.T) {
	t.Parallel()
	for left := made(t).kills; left > 0 && !t.Failed(); left -= atOnce {
		tellTheStory(t, min(left, atOnce))
	}
}

// atOnce bounds the faults of one history, which is checked as a whole.
const atOnce = 100

func tellTheStory(t *testing.T, kills int) {
	t.Helper()
	s := newServer(t, build(t), t.TempDir(), "--post-rate", "0", "--channel-rate", "0")
	s.mustStart()
	l := gather(t, s, everybody())
	began := time.Now()
	killUnderLoad(t, l, kills)
	l.check()
	if acked := l.acked.Load(); acked < int64(kills) {
		t.Errorf("%d acknowledgements in %d lives: this is no load", acked, kills)
	}
	slices.Sort(s.ups)
	t.Logf("%d kills in %v; up again after %v, at most %v", kills, time.Since(began).Round(time.Second),
		s.ups[len(s.ups)/2].Round(time.Millisecond), s.ups[len(s.ups)-1].Round(time.Millisecond))
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// The same binary with the race detector in it: fewer lives, since each costs more.
func TestKill_OfAServerWithTheRaceDetectorLosesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, build(t, "-race"), t.TempDir(), "--post-rate", "0", "--channel-rate", "0")
	s.env = []string{"GORACE=halt_on_error=1"}
	s.mustStart()
	l := gather(t, s, everybody())
	killUnderLoad(t, l, min(atOnce, max(5, made(t).kills/50)))
	l.check()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
