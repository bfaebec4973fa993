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

// stopWrites is how many full memtables may be in memory. Beyond, Pebble lets
// whoever begins another wait until one was flushed.
const stopWrites = 4

// flushes follows what Pebble writes in the background. Its methods are
// called with Pebble's locks held, but for room and apply.
type flushes struct {
	changed  atomic.Bool  // a memtable was flushed, or may have been begun, since room was asked
	hasRoom  bool         // what room answered last; the writer's
	applied  uint64       // bytes since changed was set; the same
	failures atomic.Int64 // in a row
}

// room reports that a commit cannot be made to wait for a flush, whatever
// becomes of that: it begins one memtable at most, and there is room for two.
// No commit may be under way.
func (f *flushes) room(db *pebble.DB, memTable uint64) bool {
	if f.changed.Swap(false) {
		f.hasRoom = db.Metrics().MemTable.Size <= (stopWrites-2)*memTable
	}
	return f.hasRoom
}

// apply is told how large a batch is that was applied. In memory it takes more:
// some eight times what it says must have room in a memtable.
func (f *flushes) apply(batch int, memTable uint64) {
	if f.applied += uint64(batch); f.applied > memTable/8 {
		f.applied = 0
		f.changed.Store(true)
	}
}

func (f *flushes) ended(info pebble.FlushInfo) {
	if info.Err == nil {
		f.failures.Store(0)
		f.changed.Store(true)
	}
}

// failed stops the store when it goes on for too long. A full disk does not
// count: there will be room again, and writes are refused until then.
func (f *flushes) failed(s *Store) func(error) {
	return func(err error) {
		s.log.Warn("pebble: background work", "error", err)
		if !errors.Is(err, syscall.ENOSPC) && f.failures.Add(1) >= mostFailures {
			s.stop(err)
		}
	}
}
