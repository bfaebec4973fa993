// Package pacing has work in the background leave the cores to others after each
// millisecond: Pebble's flushes and compactions, and what looks through a whole
// store. In one go a flush takes a core for a tenth of a second or more; on two
// cores that is the tail of the messages' latencies. What others wait for hurries
// before they have to.
package pacing

import "time"

// shift is for how long is worked before the core is left to others.
const shift = time.Millisecond

// Pause waits for d, or until over is closed.
func Pause(over <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-over:
	}
}
