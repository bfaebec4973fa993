package pebble

import (
	"errors"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// mostFailures is how often in a row Pebble may fail at work in the background
// before the store gives up. It tries again by itself, for ever, and meanwhile
// lets commits wait without an answer.
const mostFailures = 3

// flushes follows what Pebble writes in the background. Its methods are
// called with Pebble's locks held.
type flushes struct {
	owed     atomic.Int64 // memtables that were full and are not flushed yet
	failures atomic.Int64 // in a row
}

// settled reports that nothing is left to flush: a commit cannot be made to
// wait for it.
func (f *flushes) settled() bool { return f.owed.Load() <= 0 }

// rotated is told that a memtable is full, since another log was begun.
func (f *flushes) rotated(pebble.WALCreateInfo) { f.owed.Add(1) }

func (f *flushes) ended(info pebble.FlushInfo) {
	if info.Err != nil {
		return
	}
	f.failures.Store(0)
	if f.owed.Add(-int64(info.Input)) < 0 {
		f.owed.Store(0)
	}
}

// failed stops the store when it goes on for too long. A full disk does not
// count: there will be room again, and the gate refuses writes until then.
func (f *flushes) failed(s *Store) func(error) {
	return func(err error) {
		s.log.Warn("pebble: background work", "error", err)
		if !errors.Is(err, syscall.ENOSPC) && f.failures.Add(1) >= mostFailures {
			s.stop(err)
		}
	}
}
