package ws

import "sync/atomic"

// Stats are counters since the server's start, and what is at the moment.
type Stats struct {
	Connections map[string]int // at the moment, by dialect
	Opened      uint64
	Refused     uint64 // requests that were not upgraded
	Unanswered  uint64 // connections ended because a ping was not answered

	FramesIn, FramesOut uint64 // data frames
	BytesIn, BytesOut   uint64 // as on the socket
	Reads, Writes       uint64 // system calls
	Blocked             uint64 // writes that found the socket full

	ReadQueue, WriteQueue     int // connections that wait for a worker
	ReadWorkers, WriteWorkers int
}

// tally counts for one worker, so that no two write to one cache line.
type tally struct {
	framesIn, framesOut, bytesIn, bytesOut, reads, writes, blocked atomic.Uint64
	_                                                              [64]byte
}

func (t *tally) addTo(s *Stats) {
	s.FramesIn += t.framesIn.Load()
	s.FramesOut += t.framesOut.Load()
	s.BytesIn += t.bytesIn.Load()
	s.BytesOut += t.bytesOut.Load()
	s.Reads += t.reads.Load()
	s.Writes += t.writes.Load()
	s.Blocked += t.blocked.Load()
}
