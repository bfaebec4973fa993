package ws

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	awayFor     = 20 * time.Millisecond // after which a leader is succeeded, or twice that
	overseenFor = 50                    // looks without anybody's leaving, after which nobody looks
)

// lead sees to it that always one goroutine leads. A leader may be away with
// something that may take long: if it does, another goroutine leads from then
// on, and whoever was away ends when it comes back.
type lead struct {
	do       func()        // leads; ends when there is nothing to lead, or when away says so
	turn     atomic.Uint64 // counts leavings and returns: odd while the leader is away
	overseen atomic.Bool
	over     <-chan struct{}
	running  sync.WaitGroup
}

// begin has do lead, until over is closed and there is nothing to lead.
func (l *lead) begin(over <-chan struct{}, do func()) {
	l.do, l.over = do, over
	l.running.Go(do)
}

// leader is one goroutine's part in a lead.
type leader struct {
	*lead
	left uint64 // the turn that it has left in
}

// away calls f. It reports whether the caller, who led, still does.
func (l *leader) away(f func()) bool {
	l.left = l.turn.Add(1)
	if !l.overseen.Load() && l.overseen.CompareAndSwap(false, true) {
		l.running.Go(l.oversee)
	}
	f()
	return l.turn.CompareAndSwap(l.left, l.left+1)
}

// yield has another lead, for who is away and knows that it takes a while.
func (l *leader) yield() { l.succeed(l.left) }

// succeed has somebody lead in place of who left in that turn, if that has not
// come back.
func (l *lead) succeed(left uint64) {
	if l.turn.CompareAndSwap(left, left+1) {
		l.running.Go(l.do)
	}
}

// oversee looks now and then whether the leader is away for too long, while
// leaders leave at all.
func (l *lead) oversee() {
	ticker := time.NewTicker(awayFor)
	defer ticker.Stop()
	quiet := 0
	for seen := l.turn.Load(); ; {
		select {
		case <-ticker.C:
		case <-l.over:
			return
		}
		turn := l.turn.Load()
		switch {
		case turn != seen:
			quiet = 0
		case turn%2 == 1:
			l.succeed(turn)
		default:
			quiet++
		}
		seen = turn
		if quiet > overseenFor {
			l.overseen.Store(false)
			// Who leaves looks at this after it has counted.
			if l.turn.Load() == seen || !l.overseen.CompareAndSwap(false, true) {
				return
			}
			quiet = 0
		}
	}
}

// wait waits for all who have led.
func (l *lead) wait() { l.running.Wait() }
