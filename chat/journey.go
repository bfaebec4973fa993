package chat

import (
	"context"
	"sync"
	"time"
)

// followEvery is of how many events one is followed to its recipients' sockets
// for the histogram: what is measured must cost the rest nothing.
const followEvery = 64

// Passage is the way of one event through the hub.
type Passage struct {
	Channel    ChannelID
	Kind       Kind
	Seq        uint64
	Bytes      int       // about its size
	Received   time.Time // its request was begun
	Queued     time.Time // it was let in, and waits for the commit
	Committed  time.Time // it is on stable storage
	Offered    time.Time // every subscription that was level has been offered it
	Recipients int       // how many those were
	Delivered  time.Time // the first of them had it written to its socket; zero: not yet
}

// receipt is the beginning of an event's way.
type receipt struct {
	at, queued, committed time.Time
	told                  func(Passage)
}

// receive begins a receipt for a request that may become an event.
func (h *Hub) receive(ctx context.Context) receipt {
	from := receipt{at: h.now()}
	if h.trace != nil {
		from.told = h.trace(ctx)
	}
	return from
}

func (r *receipt) queue(h *Hub) { r.queued = h.now() }

func (r *receipt) commit(h *Hub) { r.committed = h.now() }

// passage is what is known of e's as soon as it is committed.
func (r *receipt) passage(e *Event) Passage {
	return Passage{
		Channel: e.Channel, Kind: e.Kind, Seq: e.Seq, Bytes: e.Size(),
		Received: r.at, Queued: r.queued, Committed: r.committed,
	}
}

// acked counts the time from the receipt to now, when its sender was answered.
func (h *Hub) acked(from receipt) {
	h.stats.acked.observe(latencyBounds[:], int64(h.now().Sub(from.at)))
}

// journey follows one event from its commit to the sockets of its recipients.
type journey struct {
	hub  *Hub
	told func(Passage) // nil: nobody wants to know of this one

	mu      sync.Mutex
	passage Passage
	offered bool
}

// follow begins a journey if e is one of those that are followed, else it is
// nil, which every method takes.
func (h *Hub) follow(e *Event, from receipt) *journey {
	if from.told == nil && h.stats.followed.Add(1)%followEvery != 0 {
		return nil
	}
	return &journey{hub: h, told: from.told, passage: from.passage(e)}
}

// trail is by what one event is followed: each may be nil.
type trail struct {
	journey *journey
	way     *way
}

// trail begins what e is followed by.
func (h *Hub) trail(e *Event, from receipt) trail {
	return trail{h.follow(e, from), h.ways.begin(e, from)}
}

// end says that all who were level have been offered the event.
func (t trail) end(recipients int) {
	t.journey.end(recipients)
	t.way.offered(recipients)
}

// watch is the delivery for those to whom d is offered now. It is another than
// d, which stays in the ring: who finds it there later was not kept waiting.
func (j *journey) watch(d *Delivery) *Delivery {
	if j == nil {
		return d
	}
	w := NewEventDelivery(d.Event)
	w.journey, w.way = j, d.way
	return w
}

// end says that all who were level have been offered the event.
func (j *journey) end(recipients int) {
	if j == nil || j.told == nil {
		return
	}
	j.mu.Lock()
	j.passage.Offered, j.passage.Recipients = j.hub.now(), recipients
	j.offered = true
	p := j.passage
	j.mu.Unlock()
	j.told(p)
}

// written is Delivery.Written.
func (j *journey) written() {
	now := j.hub.now()
	j.hub.stats.delivered.observe(latencyBounds[:], int64(now.Sub(j.passage.Received)))
	if j.told == nil {
		return
	}
	j.mu.Lock()
	first := j.passage.Delivered.IsZero()
	if first {
		j.passage.Delivered = now
	}
	p, offered := j.passage, j.offered
	j.mu.Unlock()
	if first && offered {
		j.told(p) // else end does
	}
}

// Followed reports whether a transport is to call Written.
func (d *Delivery) Followed() bool { return d.journey != nil || d.way.waits() }

// Written is told by a transport that d's frames were written to the socket of
// one recipient; it may be left out. d must be Followed.
func (d *Delivery) Written() {
	if d.journey != nil {
		d.journey.written()
	}
	if d.way.waits() {
		d.way.written(d.Event)
	}
}
