package pacing

import "time"

// longest is the most work of one shift that is rested for: what took longer
// has waited itself.
const longest = 20 * shift

// Shifts are those of work that can wait, and goes on in one goroutine.
type Shifts struct {
	now   func() time.Time
	began time.Time
}

// NewShifts begins the first shift.
func NewShifts(now func() time.Time) *Shifts {
	return &Shifts{now: now, began: now()}
}

// Rest leaves the core to others, if the shift is over, for so many times as
// long, or until over is closed; with none that shift is over without a rest. It
// is called often.
func (s *Shifts) Rest(over <-chan struct{}, times float64) {
	worked := s.now().Sub(s.began)
	if worked < shift {
		return
	}
	if times > 0 {
		Pause(over, time.Duration(times*float64(min(worked, longest))))
	}
	s.began = s.now()
}
