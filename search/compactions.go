package search

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// How an index is compacted while its server has better to do.
const (
	// compactShift is for how long a compaction works before it leaves the core
	// to others, for compactRest times as long.
	compactShift = time.Millisecond
	compactRest  = 3
	// A compaction that has not ended after so many flushes rests no more, nor does
	// any where so many sublevels of L0 wait for one; at stopAt whoever writes
	// waits.
	hurryAt = 4
	stopAt  = 20
)

// compactions is an index's pebble.CompactionScheduler, and the grant of each:
// one at a time, with rests, none before Pebble has been opened, which would
// wait for it, and none begun after it is to be closed.
type compactions struct {
	now     func() time.Time
	db      pebble.DBForCompaction
	hurried chan struct{} // closed when none may rest any more

	mu       sync.Mutex
	may      bool
	busy     bool // one runs, or is being looked for
	refused  bool // Pebble has one that waits for a grant, and does not ask again
	granting sync.WaitGroup

	began   time.Time    // of the running one's shift; its goroutine's
	flushes atomic.Int32 // since it began
}

// flushed notes that a table was added to L0.
func (c *compactions) flushed(pebble.FlushInfo) { c.flushes.Add(1) }

func newCompactions(now func() time.Time) *compactions {
	return &compactions{now: now, hurried: make(chan struct{})}
}

// Register is called before Pebble asks for the first grant.
func (c *compactions) Register(_ int, db pebble.DBForCompaction) { c.db = db }

// start allows compactions, those that wait first.
func (c *compactions) start() {
	c.mu.Lock()
	c.may = true
	c.mu.Unlock()
	c.grant()
}

// Unregister has what runs hurry, and waits until nothing more will be begun.
func (c *compactions) Unregister() {
	c.mu.Lock()
	c.may = false
	c.mu.Unlock()
	close(c.hurried)
	c.granting.Wait()
}

// TrySchedule is called with Pebble's locks held. After a refusal Pebble waits
// to be asked what it has.
func (c *compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.may || c.busy {
		c.refused = true
		return false, nil
	}
	c.busy = true
	return true, c
}

// grant begins the compaction that waits, if one does and none runs.
func (c *compactions) grant() {
	if !c.take() {
		return
	}
	defer c.granting.Done()
	for {
		if waiting, _ := c.db.GetWaitingCompaction(); waiting && c.db.Schedule(c) {
			return
		}
		c.mu.Lock()
		again := c.refused && c.may // while it was looked for
		c.refused, c.busy = false, again
		c.mu.Unlock()
		if !again {
			return
		}
	}
}

func (c *compactions) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.may || c.busy {
		return false
	}
	c.busy, c.refused = true, false
	c.granting.Add(1)
	return true
}

// UpdateGetAllowedWithoutPermission is of no use here: one at a time is allowed.
func (c *compactions) UpdateGetAllowedWithoutPermission() {}

// Started is called by a compaction's goroutine, before it works.
func (c *compactions) Started() {
	c.began = c.now()
	c.flushes.Store(0)
}

// MeasureCPU is of no use here.
func (c *compactions) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats is called by a compaction's goroutine every 128 keys. It rests
// there.
func (c *compactions) CumulativeStats(pebble.CompactionGrantHandleStats) {
	worked := c.now().Sub(c.began)
	if worked < compactShift {
		return
	}
	if c.flushes.Load() < hurryAt && c.db.GetAllowedWithoutPermission() == 1 {
		pause(c.hurried, compactRest*worked)
	}
	c.began = c.now()
}

// Done is called when a compaction has ended.
func (c *compactions) Done() {
	c.mu.Lock()
	c.busy = false
	c.mu.Unlock()
	c.grant()
}
