package poll

import "sync/atomic"

// Stats are counters since the server's start, and what is at the moment.
type Stats struct {
	Sessions map[string]int // at the moment, by dialect
	Requests int            // at the moment
	Held     int            // of them those that waited, or wait, for something to say

	Opened   uint64 // sessions made
	Lapsed   uint64 // of them those whose clients did not come back
	Answered uint64 // requests answered with frames, or with none
	Refused  uint64 // requests answered with an error
	Lost     uint64 // requests from clients that had not got the answer before

	FramesIn, FramesOut uint64
	BytesIn, BytesOut   uint64 // of bodies
}

type tally struct {
	requests, held atomic.Int64

	opened, lapsed, answered, refused, lost, framesIn, framesOut, bytesIn, bytesOut atomic.Uint64
}

func (t *tally) stats() Stats {
	return Stats{
		Sessions: make(map[string]int),
		Requests: int(t.requests.Load()),
		Held:     int(t.held.Load()),
		Opened:   t.opened.Load(),
		Lapsed:   t.lapsed.Load(),
		Answered: t.answered.Load(),
		Refused:  t.refused.Load(),
		Lost:     t.lost.Load(),
		FramesIn: t.framesIn.Load(), FramesOut: t.framesOut.Load(),
		BytesIn: t.bytesIn.Load(), BytesOut: t.bytesOut.Load(),
	}
}
