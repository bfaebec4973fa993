package pacing_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/internal/pacing"
)

func TestShifts_RestForATimesAsLongAsTheyWorked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := func(each time.Duration, n int) time.Duration {
			began := time.Now()
			shifts := pacing.NewShifts(time.Now)
			for range n {
				time.Sleep(each)
				shifts.Rest(nil, 9)
			}
			return time.Since(began)
		}
		if took := work(100*time.Microsecond, 9); took != 900*time.Microsecond {
			t.Errorf("less than a shift took %v", took)
		}
		if took := work(100*time.Microsecond, 1000); took != time.Second {
			t.Errorf("0.1 s of work took %v", took)
		}
		if took := work(time.Hour, 1); took != time.Hour+180*time.Millisecond {
			t.Errorf("an hour in which the work waited took %v", took)
		}
		began, shifts := time.Now(), pacing.NewShifts(time.Now)
		for range 100 {
			time.Sleep(time.Second)
			shifts.Rest(nil, 0)
		}
		time.Sleep(time.Millisecond)
		shifts.Rest(nil, 1)
		if took := time.Since(began); took != 100*time.Second+2*time.Millisecond {
			t.Errorf("100 s of work that could not wait and a shift that can took %v", took)
		}
		over := make(chan struct{})
		close(over)
		began, shifts = time.Now(), pacing.NewShifts(time.Now)
		time.Sleep(time.Millisecond)
		shifts.Rest(over, 9)
		if took := time.Since(began); took != time.Millisecond {
			t.Errorf("it rested for %v although it was over", took-time.Millisecond)
		}
	})
}

// A clock that goes on while it yields is that of a machine whose cores others keep.
func TestShifts_SayForHowLongTheyWaitForACore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var kept, by time.Duration // kept by others so far, by them in each rest
		looked := 0
		now := func() time.Time {
			if looked++; looked == 4 { // when it has yielded: before, a shift began and ended, and so did the rest
				kept += by
			}
			return time.Now().Add(kept)
		}
		rest := func(s *pacing.Shifts, n int) {
			for range n {
				looked = 0
				s.Begin()
				time.Sleep(time.Millisecond)
				s.Rest(nil, 8)
			}
		}
		s := pacing.NewShifts(now)
		rest(s, 50)
		if s.Waited() != 0 {
			t.Errorf("without a wait it says %v", s.Waited())
		}
		by = 3 * time.Millisecond
		rest(s, 1)
		if late := s.Waited(); late <= 0 || late > by/4 {
			t.Errorf("after one wait of %v it says %v", by, late)
		}
		rest(s, 200)
		if late := s.Waited(); late < by-by/100 || late > by {
			t.Errorf("waits of %v are said to be of %v", by, late)
		}
		by = time.Hour
		rest(s, 1)
		if late := s.Waited(); late > 4*time.Millisecond {
			t.Errorf("after an hour in which nothing went on it says %v", late)
		}
		by = 0
		rest(s, 200)
		if late := s.Waited(); late > 10*time.Microsecond {
			t.Errorf("without waits again it says %v", late)
		}
	})
}
