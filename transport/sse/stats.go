package sse

import "sync/atomic"

// Stats are counters since the server's start, and what is at the moment.
type Stats struct {
	Streams map[string]int // at the moment, by dialect

	Opened  uint64 // streams
	Resumed uint64 // of them those that came back with an id
	Expired uint64 // places that they could not be resumed from
	Refused uint64 // requests answered with an error
	Stalled uint64 // streams whose clients took nothing any more

	Events uint64 // written, signals and notices included
	Writes uint64 // each of one or more events
	Bytes  uint64 // of them
}

type tally struct {
	opened, resumed, expired, refused, stalled, events, writes, bytes atomic.Uint64
}

func (t *tally) stats() Stats {
	return Stats{
		Streams: make(map[string]int),
		Opened:  t.opened.Load(),
		Resumed: t.resumed.Load(),
		Expired: t.expired.Load(),
		Refused: t.refused.Load(),
		Stalled: t.stalled.Load(),
		Events:  t.events.Load(),
		Writes:  t.writes.Load(),
		Bytes:   t.bytes.Load(),
	}
}
