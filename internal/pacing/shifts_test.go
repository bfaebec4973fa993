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
