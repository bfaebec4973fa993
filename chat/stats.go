package chat

import (
	"maps"
	"sync"
	"sync/atomic"
)

type counters struct {
	posts, fallBacks, pageReads, redeliveries, signalsDropped, resumes atomic.Uint64

	errorsMu sync.Mutex
	errors   map[Code]uint64
}

// Stats are the hub's counts since it began, and what there is now.
type Stats struct {
	Sessions, Rooms, Users int
	Posts                  uint64 // appends that were committed
	FallBacks              uint64 // subscriptions that went from live back to catching up
	PageReads              uint64 // reads of the store on behalf of those who catch up
	Redeliveries           uint64 // subscriptions that were sent again what they had not acknowledged
	SignalsDropped         uint64
	Resumes                uint64          // subscriptions that began behind the head
	Errors                 map[Code]uint64 // answered to sessions
}

// Stats are the counts now.
func (h *Hub) Stats() Stats {
	h.mu.RLock()
	s := Stats{Sessions: len(h.sessions), Rooms: len(h.rooms)}
	h.mu.RUnlock()
	h.usersMu.Lock()
	s.Users = len(h.users)
	h.usersMu.Unlock()
	s.Posts = h.stats.posts.Load()
	s.FallBacks = h.stats.fallBacks.Load()
	s.PageReads = h.stats.pageReads.Load()
	s.Redeliveries = h.stats.redeliveries.Load()
	s.SignalsDropped = h.stats.signalsDropped.Load()
	s.Resumes = h.stats.resumes.Load()
	h.stats.errorsMu.Lock()
	s.Errors = maps.Clone(h.stats.errors)
	h.stats.errorsMu.Unlock()
	return s
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
