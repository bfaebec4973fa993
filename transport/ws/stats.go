package ws

import "sync/atomic"

// Stats are counters since the server's start, and what is at the moment.
type Stats struct {
	Connections map[string]int    // at the moment, by dialect
	Opened      map[string]uint64 // by dialect
	Traffic     map[string]Traffic
	Refused     uint64 // requests that were not upgraded
	Unanswered  uint64 // connections ended because a ping was not answered

	Reads, Writes uint64 // system calls
	Blocked       uint64 // writes that found the socket full

	ReadQueue, WriteQueue     int // connections that wait for a worker
	ReadWorkers, WriteWorkers int
}

// Traffic is what went over a dialect's connections.
type Traffic struct {
	FramesIn, FramesOut uint64 // data frames
	BytesIn, BytesOut   uint64 // as on the socket
}

// maxDialects is how many dialects are counted each for itself; those beyond
// are counted with the last.
const maxDialects = 16

// tally counts for one worker, so that no two write to one cache line.
type tally struct {
	reads, writes, blocked atomic.Uint64
	traffic                [maxDialects]traffic // by the dialect's place
	_                      [64]byte
}

type traffic struct{ framesIn, framesOut, bytesIn, bytesOut atomic.Uint64 }

// addTo adds the tally to s. The dialects' names are in the order of their places.
func (t *tally) addTo(s *Stats, names []string) {
	s.Reads += t.reads.Load()
	s.Writes += t.writes.Load()
	s.Blocked += t.blocked.Load()
	for i, name := range names {
		of, sum := &t.traffic[i], s.Traffic[name]
		sum.FramesIn += of.framesIn.Load()
		sum.FramesOut += of.framesOut.Load()
		sum.BytesIn += of.bytesIn.Load()
		sum.BytesOut += of.bytesOut.Load()
		s.Traffic[name] = sum
	}
}
