package chat

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type counters struct {
	posts, fallBacks, pageReads, redeliveries, signalsDropped, resumes atomic.Uint64

	acked     histogram // latencyBounds
	delivered histogram // latencyBounds
	resumed   histogram // resumeBounds
	followed  atomic.Uint64

	errorsMu sync.Mutex
	errors   map[Code]uint64
}

// Stats are the hub's counts since it began, and what there is now.
type Stats struct {
	Sessions, Rooms, Users int
	Posts                  uint64 // appends that were committed
	Posting                int    // those under way now
	QueueBytes             int    // that wait in all sessions' queues now
	QueueBytesMost         int    // in the fullest of them
	CatchingUp             int    // subscriptions that are behind their channel now
	FallBacks              uint64 // subscriptions that went from live back to catching up
	PageReads              uint64 // reads of the store on behalf of those who catch up
	Redeliveries           uint64 // subscriptions that were sent again what they had not acknowledged
	SignalsDropped         uint64
	Resumes                uint64          // subscriptions that began behind the head
	Errors                 map[Code]uint64 // answered to sessions

	Acked     Distribution // seconds from a request to its acknowledgement, of all events
	Delivered Distribution // seconds from a request to the writing to each recipient's socket, of one event in 64
	Resumed   Distribution // by how many events those who resumed were behind
}

// Distribution is how often values of what size were seen.
type Distribution struct {
	Bounds []float64
	Counts []uint64 // of values up to each bound
	Count  uint64   // of all
	Sum    float64
}

// The upper bounds of what the histograms tell apart: nanoseconds, and events.
var (
	latencyBounds = [...]int64{
		100e3, 250e3, 500e3, 1e6, 2500e3, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9, 2500e6, 10e9,
	}
	resumeBounds = [...]int64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576}
)

// histogram counts without a lock, and without allocating. All of its calls
// are to be given the same bounds.
type histogram struct {
	counts [16]atomic.Uint64 // by the first bound that fits; at len(bounds): above all
	sum    atomic.Int64
}

func (h *histogram) observe(bounds []int64, v int64) {
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(v)
}

// distribution is what was counted; unit is what one is worth.
func (h *histogram) distribution(bounds []int64, unit float64) Distribution {
	d := Distribution{Bounds: make([]float64, len(bounds)), Counts: make([]uint64, len(bounds))}
	for i, bound := range bounds {
		d.Count += h.counts[i].Load()
		d.Bounds[i], d.Counts[i] = float64(bound)*unit, d.Count
	}
	d.Count += h.counts[len(bounds)].Load()
	d.Sum = float64(h.sum.Load()) * unit
	return d
}

// Stats are the counts now. It looks at every session.
func (h *Hub) Stats() Stats {
	var s Stats
	h.mu.RLock()
	s.Sessions, s.Rooms = len(h.sessions), len(h.rooms)
	sessions := slices.Collect(maps.Values(h.sessions))
	h.mu.RUnlock()
	for _, session := range sessions {
		session.mu.Lock()
		s.QueueBytes += session.queue.bytes
		s.QueueBytesMost = max(s.QueueBytesMost, session.queue.bytes)
		s.CatchingUp += len(session.lagging)
		session.mu.Unlock()
	}
	h.usersMu.Lock()
	s.Users = len(h.users)
	h.usersMu.Unlock()
	h.stats.tell(&s)
	s.Posting = int(h.posting.Load())
	return s
}

func (c *counters) tell(s *Stats) {
	s.Posts = c.posts.Load()
	s.FallBacks = c.fallBacks.Load()
	s.PageReads = c.pageReads.Load()
	s.Redeliveries = c.redeliveries.Load()
	s.SignalsDropped = c.signalsDropped.Load()
	s.Resumes = c.resumes.Load()
	second := 1 / float64(time.Second)
	s.Acked = c.acked.distribution(latencyBounds[:], second)
	s.Delivered = c.delivered.distribution(latencyBounds[:], second)
	s.Resumed = c.resumed.distribution(resumeBounds[:], 1)
	c.errorsMu.Lock()
	s.Errors = maps.Clone(c.errors)
	c.errorsMu.Unlock()
}

func (h *Hub) countError(err *Error) {
	if err.Code == CodeInternal {
		h.log.Error("request failed", "err", err)
	}
	h.stats.errorsMu.Lock()
	defer h.stats.errorsMu.Unlock()
	if h.stats.errors == nil {
		h.stats.errors = make(map[Code]uint64)
	}
	h.stats.errors[err.Code]++
}

// countResume notes a subscription that begins at a place other than the head.
func (h *Hub) countResume(from, head uint64) {
	h.stats.resumes.Add(1)
	h.stats.resumed.observe(resumeBounds[:], int64(head-min(from, head)))
}
