package pacing

import (
	"runtime"
	"time"
)

// longest is the most work of one shift that is rested for: what took longer
// has waited itself.
const longest = 20 * shift

// Waited is the average of about so many rests, of which none counts for more than
// waitedMost: a machine that stood still says little about the cores afterwards.
const (
	waitedOver = 16
	waitedMost = 5 * time.Millisecond
)

// Shifts are those of work that can wait, and goes on in one goroutine.
type Shifts struct {
	now    func() time.Time
	began  time.Time
	waited time.Duration // see Waited
}

// NewShifts begins the first shift.
func NewShifts(now func() time.Time) *Shifts {
	return &Shifts{now: now, began: now()}
}

// Rest leaves the core to others, if the shift is over, for so many times as
// long, or until over is closed; with none it only lets others run that wait for the
// core. It is called often.
func (s *Shifts) Rest(over <-chan struct{}, times float64) {
	worked := s.now().Sub(s.began)
	if worked < shift {
		return
	}
	s.pause(over, time.Duration(times*float64(min(worked, longest))))
	s.began = s.now()
}

func (s *Shifts) pause(over <-chan struct{}, d time.Duration) {
	if d > 0 {
		Pause(over, d)
	}
	from := s.now()
	runtime.Gosched()
	waited := min(s.now().Sub(from), waitedMost)
	s.waited += (waited - s.waited) / waitedOver
}

// Begin begins a shift, without a rest before it.
func (s *Shifts) Begin() { s.began = s.now() }

// Waited is for how long it had to wait for a core when it yielded, on average of the
// last ones, at most 5 ms: a goroutine that yields goes on when those that wanted to
// run have had their turn. When a timer fires says less: an idle process waits for
// it in whole milliseconds.
func (s *Shifts) Waited() time.Duration { return s.waited }
