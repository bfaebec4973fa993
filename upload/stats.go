package upload

import (
	"maps"
	"sync"

	"github.com/parley-chat/parley/chat"
)

// Stats count what a Service did since it was made.
type Stats struct {
	Kept      uint64               // files taken in
	Bytes     uint64               // of them
	Refused   map[chat.Code]uint64 // uploads refused
	UnderWay  int                  // uploads under way
	Sent      uint64               // answers with a file or a part of one
	SentBytes uint64
	Collected uint64 // files removed because nothing referred to them
}

type counters struct {
	mu sync.Mutex
	Stats
}

func (c *counters) kept(f *File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Kept++
	c.Bytes += uint64(f.Size)
}

func (c *counters) refused(code chat.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Refused == nil {
		c.Refused = make(map[chat.Code]uint64)
	}
	c.Refused[code]++
}

func (c *counters) sent(bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sent++
	c.SentBytes += uint64(bytes)
}

func (c *counters) collected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Collected++
}

// Stats are the counts now.
func (s *Service) Stats() Stats {
	under := s.underWay()
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	now := s.stats.Stats
	now.Refused = maps.Clone(now.Refused)
	now.UnderWay = under
	return now
}
