package chat

import (
	"context"

	"github.com/parley-chat/parley/internal/planted"
)

// pageEvents is how many events one read of the store fetches.
const pageEvents = 128

// subscription is a session's place in a channel. room.mu guards it.
type subscription struct {
	session  *Session
	room     *room
	presence bool
	acks     bool

	level bool   // it has everything up to room.head, and gets what comes
	at    uint64 // lagging: it has everything up to here
	told  uint64 // the channel's head as the client was told it; it is level no sooner
	index int    // in room.level or room.lagging
	ended bool

	opened      bool // by the hub, and the client was not told yet; see open
	ticketPlace int  // see Subscribed.Place

	redelivery redelivery
}

// page is one read of the store, shared by all who need it. It begins at a
// multiple of pageEvents, so that readers at different places meet.
type page struct {
	ready  chan struct{} // closed when events or err is set
	events []*Delivery
	err    error
}

// maxPages bounds how many pages a room keeps for those who lag.
const maxPages = 4

// page returns the deliveries after seq of the page that holds its successor.
// A page that a delete has overtaken is no longer found by who comes later.
func (r *room) page(ctx context.Context, seq uint64) ([]*Delivery, error) {
	start := seq / pageEvents * pageEvents
	for {
		r.mu.Lock()
		p := r.pages[start]
		mine := p == nil
		if mine {
			p = &page{ready: make(chan struct{})}
			if r.pages == nil || len(r.pages) >= maxPages {
				r.pages = make(map[uint64]*page)
			}
			r.pages[start] = p
		}
		r.mu.Unlock()
		if mine {
			p.read(ctx, r, start, seq)
		}
		select {
		case <-p.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		rest := p.after(seq)
		if mine || len(rest) > 0 {
			return rest, p.err
		}
		// It was read when the channel was shorter, or failed for somebody else.
		r.mu.Lock()
		if r.pages[start] == p {
			delete(r.pages, start)
		}
		r.mu.Unlock()
	}
}

func (p *page) read(ctx context.Context, r *room, start, seq uint64) {
	defer close(p.ready)
	events, err := r.hub.store.Events(ctx, r.id, start, pageEvents)
	if CodeOf(err) == CodeExpired && seq > start {
		events, err = r.hub.store.Events(ctx, r.id, seq, int(start+pageEvents-seq))
	}
	p.err = err
	for _, e := range events {
		p.events = append(p.events, NewEventDelivery(e))
	}
	r.hub.stats.pageReads.Add(1)
}

func (p *page) after(seq uint64) []*Delivery {
	for i, d := range p.events {
		if d.Event.Seq > seq {
			return p.events[i:]
		}
	}
	return nil
}

// catchUp takes sub one step towards the channel's head: onto it by copying
// pointers if the ring reaches back to its place, else by one page of the
// store. Joining, coming back, having been slow and redelivery are all this.
func (s *Session) catchUp(ctx context.Context, sub *subscription) {
	r := sub.room
	id := s.Identity()
	if err := r.permit(ctx, &id, OpRead); err != nil && !planted.Is("replay_without_authorisation") {
		s.catchUpFailed(ctx, sub, err)
		return
	}
	r.mu.Lock()
	if sub.ended || sub.level {
		r.mu.Unlock()
		return
	}
	if sub.opened {
		r.mu.Unlock()
		if err := s.announce(ctx, sub); err != nil {
			s.catchUpFailed(ctx, sub, err)
		}
		return
	}
	at := sub.at
	if at > r.head || at == r.head && r.head < sub.told { // the event is durable, but this node has yet to hear of it
		r.mu.Unlock()
		s.stall()
		return
	}
	n, ok := r.ring.after(at, r.head)
	if ok {
		s.fromRing(sub, n)
		r.mu.Unlock()
		return
	}
	r.mu.Unlock()

	events, err := r.page(ctx, at)
	if err == nil && (len(events) == 0 || events[0].Event.Seq != at+1) {
		// Shared by somebody for whom retention had not passed yet: ask again.
		_, err = s.hub.store.Events(ctx, r.id, at, 1)
	}
	if err != nil {
		s.catchUpFailed(ctx, sub, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sub.ended || sub.level || sub.at != at {
		return
	}
	for _, d := range events {
		if d.Event.Seq != sub.at+1 || d.Event.Seq > r.head || !s.feed(sub.redelivery.mark(d)) {
			break
		}
		sub.at = d.Event.Seq
	}
}

// feed is offer within Next, which sees by itself what it is fed.
func (s *Session) feed(d *Delivery) bool {
	ok, _ := s.offer(d)
	return ok
}

// fromRing gives sub the n newest deliveries, as far as its session has room,
// and makes it level if that was all. room.mu is held.
func (s *Session) fromRing(sub *subscription, n int) {
	r := sub.room
	for i := range n {
		d := r.ring.last(n, i)
		if !s.feed(sub.redelivery.mark(d)) {
			return
		}
		sub.at = d.Event.Seq
	}
	if s.crowded() || r.head < sub.told {
		return
	}
	r.goLevel(sub)
	sub.sent(r.head, r.hub)
	s.levelled(sub)
}

func (s *Session) catchUpFailed(ctx context.Context, sub *subscription, err error) {
	if ctx.Err() != nil {
		return
	}
	e := AsError(err)
	if e.Retryable() {
		s.stall()
		return
	}
	sub.room.mu.Lock()
	defer sub.room.mu.Unlock()
	if sub.opened {
		e = nil // the client knows nothing of it
	}
	s.drop(sub, e)
}

// levelled tells a subscription that it is live, with all that signals have
// said so far. room.mu is held.
func (s *Session) levelled(sub *subscription) {
	r := sub.room
	s.unlag(sub)
	n := &Level{Channel: r.id.Name, Position: Position{s.hub.epoch, r.head}}
	if sub.presence {
		n.Present = r.crowd.list(r.hub, r.id.Project)
		n.Typing = r.typing()
		n.Cursors = r.cursorsLocked()
	}
	s.tell(&Delivery{Notice: n})
}
