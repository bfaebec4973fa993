package pacing

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// compactRest is for how many times a shift a compaction rests after it.
	compactRest = 3
	// A compaction that has not ended after so many flushes rests no more, nor does
	// any where so many sublevels of L0 wait for one.
	hurryAt = 4
)

// Compactions are those of one database: its pebble.CompactionScheduler, and the
// grant of each. They run one at a time, with rests, none before Start, for
// pebble.Open would wait for it, and none begins after the database is to be
// closed.
type Compactions struct {
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

// NewCompactions rest by that clock.
func NewCompactions(now func() time.Time) *Compactions {
	return &Compactions{now: now, hurried: make(chan struct{})}
}

// Of has o's database compacted so. Whoever listens to its flushes must say
// Flushed after each.
func (c *Compactions) Of(o *pebble.Options) {
	o.CompactionConcurrencyRange = func() (int, int) { return 1, 2 } // 2 says that it hurries
	o.Experimental.L0CompactionConcurrency = hurryAt
	o.Experimental.CompactionScheduler = c
}

// Flushed notes that a table was added to L0.
func (c *Compactions) Flushed() { c.flushes.Add(1) }

// Register is called before Pebble asks for the first grant.
func (c *Compactions) Register(_ int, db pebble.DBForCompaction) { c.db = db }

// Start allows compactions, those that wait first.
func (c *Compactions) Start() {
	c.mu.Lock()
	c.may = true
	c.mu.Unlock()
	c.grant()
}

// Unregister has what runs hurry, and waits until nothing more will be begun.
func (c *Compactions) Unregister() {
	c.mu.Lock()
	c.may = false
	c.mu.Unlock()
	close(c.hurried)
	c.granting.Wait()
}

// TrySchedule is called with Pebble's locks held. After a refusal Pebble waits
// to be asked what it has.
func (c *Compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
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
func (c *Compactions) grant() {
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

func (c *Compactions) take() bool {
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
func (c *Compactions) UpdateGetAllowedWithoutPermission() {}

// Started is called by a compaction's goroutine, before it works.
func (c *Compactions) Started() {
	c.began = c.now()
	c.flushes.Store(0)
}

// MeasureCPU is of no use here.
func (c *Compactions) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats is called by a compaction's goroutine every 128 keys. It rests
// there.
func (c *Compactions) CumulativeStats(pebble.CompactionGrantHandleStats) {
	worked := c.now().Sub(c.began)
	if worked < shift {
		return
	}
	if c.flushes.Load() < hurryAt && c.db.GetAllowedWithoutPermission() == 1 {
		Pause(c.hurried, compactRest*min(worked, longest))
	}
	c.began = c.now()
}

// Done is called when a compaction has ended.
func (c *Compactions) Done() {
	c.mu.Lock()
	c.busy = false
	c.mu.Unlock()
	c.grant()
}
