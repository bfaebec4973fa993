package ws

import "sync/atomic"

// turn lets one goroutine at a time do one kind of work on a connection, and
// loses no wish for it that comes meanwhile. The zero turn is idle.
type turn struct{ state atomic.Uint32 }

const (
	idle    uint32 = iota
	queued         // somebody will begin
	running        // somebody is at it
	again          // somebody is at it, and has to look once more
)

// want reports that the caller has to queue the work; otherwise whoever is at
// it, or will be, sees what the caller has done before.
func (t *turn) want() bool {
	for {
		switch s := t.state.Load(); s {
		case idle:
			if t.state.CompareAndSwap(idle, queued) {
				return true
			}
		case running:
			if t.state.CompareAndSwap(running, again) {
				return false
			}
		default:
			return false
		}
	}
}

func (t *turn) begin() { t.state.Store(running) }

// requeue gives the work back unfinished; the caller has to queue it.
func (t *turn) requeue() { t.state.Store(queued) }

// done reports that the turn is over; if not, there is more to look at.
func (t *turn) done() bool {
	if t.state.CompareAndSwap(running, idle) {
		return true
	}
	t.state.Store(running)
	return false
}
