package pacing

import "time"

// longest is the most work of one shift that is rested for: what took longer
// has waited itself.
const longest = 20 * shift

// Shifts are those of work that can wait, and goes on in one goroutine.
type Shifts struct {
	now   func() time.Time
	times int
	began time.Time
}

// NewShifts begins the first shift. After each the core is left to others for
// so many times as long.
func NewShifts(now func() time.Time, times int) *Shifts {
	return &Shifts{now: now, times: times, began: now()}
}

// Rest rests if the shift is over, or until over is closed. It is called often.
func (s *Shifts) Rest(over <-chan struct{}) {
	worked := s.now().Sub(s.began)
	if worked < shift {
		return
	}
	Pause(over, time.Duration(s.times)*min(worked, longest))
	s.began = s.now()
}
