package load

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/parley-chat/parley/bench/fields"
)

// Tally is what a swarm has counted. Histograms are in microseconds.
type Tally struct {
	Delivered  uint64 // messages, each once per connection
	Doubled    uint64 // messages that a connection had already
	Misordered uint64 // messages that came after one with a higher seq
	Missed     uint64 // seqs that a connection never saw, having seen a higher one
	Visited    uint64 // messages delivered to visitors
	Acks       uint64
	Errors     uint64 // error frames
	Dropped    uint64 // connections that failed, or that the server ended
	Unread     uint64 // frames of types that the bench does not know
	Reads      uint64 // read calls that yielded bytes
	Bytes      uint64
	Failure    string // the first error's text

	Delivery *hdrhistogram.Histogram // from when a message was due until each connection had read it
	Ack      *hdrhistogram.Histogram // from when a message was due until its sender had read the ack
	Opening  *hdrhistogram.Histogram // from a connection's first packet until it was level
	Arrival  *hdrhistogram.Histogram // from the call of Open until each connection was level
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 600_000_000, 3) }

func newTally() Tally {
	return Tally{Delivery: newHistogram(), Ack: newHistogram(), Opening: newHistogram(), Arrival: newHistogram()}
}

func (t *Tally) clone() Tally {
	c := *t
	c.Delivery = hdrhistogram.Import(t.Delivery.Export())
	c.Ack = hdrhistogram.Import(t.Ack.Export())
	c.Opening = hdrhistogram.Import(t.Opening.Export())
	c.Arrival = hdrhistogram.Import(t.Arrival.Export())
	return c
}

func (t *Tally) fail(text string) {
	if t.Failure == "" {
		t.Failure = text
	}
}

// Reset begins a new count.
func (s *Swarm) Reset() error { return s.do(func() { s.tally = newTally() }) }

// message counts one of the channel's messages, by its number there.
func (s *Swarm) message(c *Conn, number, text []byte, now int64) {
	seq, ok := fields.Number(number)
	if !ok {
		s.tally.Errors++
		s.tally.fail("a message without a number")
		return
	}
	switch {
	case seq == c.last+1:
		c.last = seq
	case seq > c.last:
		c.holes += seq - c.last - 1
		s.tally.Missed += seq - c.last - 1
		c.last = seq
	case c.holes > 0: // taken for the one that was missed
		c.holes--
		s.tally.Missed--
		s.tally.Misordered++
	default:
		s.tally.Doubled++
		return
	}
	if c.visitor {
		s.tally.Visited++
		return
	}
	s.tally.Delivered++
	if due, ok := dueOf(text); ok && due >= s.window.from && due < s.window.to {
		_ = s.tally.Delivery.RecordValue(max(now-due, 0) / 1000)
	}
	if c.counted && c.state == live {
		s.level(c)
	}
}

func (s *Swarm) acknowledged(ref []byte, now int64) {
	s.tally.Acks++
	n, ok := fields.Number(ref)
	if !ok || n < s.schedule.first {
		return
	}
	due := s.schedule.due(int(n - s.schedule.first))
	if due >= s.window.from && due < s.window.to {
		_ = s.tally.Ack.RecordValue(max(now-due, 0) / 1000)
	}
}
