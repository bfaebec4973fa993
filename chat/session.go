package chat

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/parley-chat/parley/internal/planted"
)

// Sink is the transport's end of a session.
type Sink interface {
	// Wake says that Next has something again. It is called once after each
	// time that Next said there was no more, under locks: it must not block and
	// must not call the session.
	Wake()

	// Close ends the connection after what is queued was sent. It must not
	// block.
	Close(why *Error)
}

// Patient is a Sink whose client comes and goes, and has a queue of its own
// size in between.
type Patient interface {
	Sink
	QueueBytes() int // in place of Options.QueueBytes, if it is less
}

// Bounds of one session.
const (
	maxPending       = 256 // posts that are not committed yet
	maxSubscriptions = 1000
	batchEvents      = 64 // what one call of Next yields, at most
	batchBytes       = 64 << 10
)

// Session is one connection's state. Its queue is bounded in bytes: a channel
// whose event does not fit falls back to catching up, a signal is dropped, and
// the transport is told not to read on (Ready). Locks are taken in the order
// room.mu, then mu.
type Session struct {
	hub  *Hub
	id   string
	sink Sink

	since time.Time // when it began
	bound int       // of the queue, in bytes

	mu         sync.Mutex
	identity   Identity
	queue      queue
	awake      bool            // Wake was called and Next has not come back empty since
	stalled    bool            // catching up must wait for the hub's next tick
	lagging    []*subscription // in the order of their turns
	pending    int
	room       chan struct{} // closed when there is room again; nil: nobody waits
	closed     bool
	dismissed  bool // its connection is about to end
	away       bool // this device is away; Hub.usersMu guards it
	device     string
	vouched    *vouched // for the last token that a frame carried
	ticket     *keeping // nil: what is subscribed to is not noted
	recovering bool     // the ticket's subscriptions are about to be placed

	// subs is changed by Do, by whoever drops a subscription, and for direct
	// channels by the hub; of one channel under its room's lock.
	subs map[string]*subscription
}

func newSession(h *Hub, id Identity, sink Sink) *Session {
	s := &Session{hub: h, id: rand.Text(), sink: sink, since: h.now(), bound: h.queueBytes, identity: id}
	if p, ok := sink.(Patient); ok {
		s.bound = min(s.bound, p.QueueBytes())
	}
	return s
}

// ID is the session's own name: 130 random bits in base 32.
func (s *Session) ID() string { return s.id }

// Identity is who the session acts for now.
func (s *Session) Identity() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// Next appends to dst what is to be sent now, in order, and returns it. It
// may read the store to catch up. Unless there is more, the session is idle
// from now on: its Sink will be woken. One call at a time.
func (s *Session) Next(ctx context.Context, dst []*Delivery) (batch []*Delivery, more bool) {
	for ctx.Err() == nil {
		s.mu.Lock()
		if s.behind() && s.queue.bytes < s.bound/2 {
			sub := s.lagging[0]
			copy(s.lagging, s.lagging[1:])
			s.lagging[len(s.lagging)-1] = sub
			s.mu.Unlock()
			s.catchUp(ctx, sub)
			s.mu.Lock()
		}
		before := len(dst)
		dst = s.queue.take(dst, batchEvents, batchBytes)
		taken := len(dst) > before
		more = !s.queue.empty() || s.behind()
		s.awake = more
		if taken {
			s.makeRoom()
		}
		s.mu.Unlock()
		if taken || !more {
			return dst, more
		}
	}
	return dst, false
}

// behind reports that there is catching up to do now. mu is held.
func (s *Session) behind() bool { return len(s.lagging) > 0 && !s.stalled && !s.closed }

// Ready waits until the session can take another request: while too much is
// unsent or uncommitted the transport must not read on. It fails only with ctx
// or when the session is closed.
func (s *Session) Ready(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return E(CodeGoingAway, "the session is closed")
		}
		if s.pending < maxPending && s.queue.bytes < s.bound {
			s.mu.Unlock()
			return nil
		}
		if s.room == nil {
			s.room = make(chan struct{})
		}
		room := s.room
		s.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Session) makeRoom() {
	if s.room != nil && s.pending < maxPending && s.queue.bytes < s.bound {
		close(s.room)
		s.room = nil
	}
}

// Close ends the session: its connection is gone. It is idempotent.
func (s *Session) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.queue = queue{}
	s.lagging = nil
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
	subs := make([]*subscription, 0, len(s.subs))
	for _, sub := range s.subs {
		subs = append(subs, sub)
	}
	s.mu.Unlock()
	for _, sub := range subs {
		s.endSubscription(sub, nil)
	}
	s.hub.forget(s)
}

func (s *Session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// offer queues an event; false: there is no room, the subscription must catch
// up later. A closed session takes everything. With wake the caller has to
// wake the sink.
func (s *Session) offer(d *Delivery) (ok, wake bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return true, false
	}
	if s.queue.bytes > 0 && s.queue.bytes+d.size > s.bound && !planted.Is("unbounded_queue") {
		return false, false
	}
	s.queue.push(d)
	wake = !s.awake
	s.awake = true
	return true, wake
}

// offerSignal queues a signal, if it is for the session and its queue has room
// for such: signals are the first to go.
func (s *Session) offerSignal(d *Delivery) {
	if !d.audience.has(s) {
		return
	}
	s.mu.Lock()
	if s.queue.bytes+d.size > d.roomIn(s.bound) {
		s.mu.Unlock()
		s.hub.stats.signalsDropped.Add(1)
		return
	}
	s.pushAndWake(d)
}

// tell queues what must not be dropped: replies and notices. Ready keeps a
// client from asking for more of them than it reads.
func (s *Session) tell(d *Delivery) {
	d.size = replySize(d)
	s.mu.Lock()
	s.pushAndWake(d)
}

// pushAndWake ends the hold on mu.
func (s *Session) pushAndWake(d *Delivery) {
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.queue.push(d)
	s.wakeLocked()
}

func (s *Session) wakeLocked() {
	wake := !s.awake
	s.awake = true
	s.mu.Unlock()
	if wake {
		s.sink.Wake()
	}
}

// crowded reports that the queue is not below half: no time to go level.
func (s *Session) crowded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.bytes >= s.bound/2 && s.queue.bytes > batchBytes
}

// lag puts sub among those that Next catches up.
func (s *Session) lag(sub *subscription) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.lagging = append(s.lagging, sub)
	s.wakeLocked()
}

// stall puts catching up off until the hub's next tick.
func (s *Session) stall() {
	s.mu.Lock()
	s.stalled = true
	s.mu.Unlock()
	s.hub.later(s)
}

// resume is the end of stall.
func (s *Session) resume() {
	s.mu.Lock()
	s.stalled = false
	if len(s.lagging) == 0 || s.closed {
		s.mu.Unlock()
		return
	}
	s.wakeLocked()
}

func (s *Session) unlag(sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, l := range s.lagging {
		if l == sub {
			s.lagging = append(s.lagging[:i], s.lagging[i+1:]...)
			break
		}
	}
	if len(s.lagging) == 0 {
		s.lagging = nil
	}
}

// subscription is the session's in the channel, or nil.
func (s *Session) subscription(channel string) *subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subs[channel]
}

// endSubscription takes sub out of its channel; with why the client is told.
func (s *Session) endSubscription(sub *subscription, why *Error) {
	sub.room.mu.Lock()
	defer sub.room.mu.Unlock()
	s.drop(sub, why)
}

// drop is endSubscription with room.mu held.
func (s *Session) drop(sub *subscription, why *Error) {
	if sub.ended {
		return
	}
	sub.ended = true
	r := sub.room
	r.leave(sub)
	s.unlag(sub)
	r.crowd.leave(r, sub)
	r.stopTyping(s)
	s.mu.Lock()
	k := s.ticket
	if s.subs[r.id.Name] != sub {
		k = nil // another took its place
	} else {
		delete(s.subs, r.id.Name)
	}
	if s.closed {
		k = nil // its ticket stays as it is
	}
	s.mu.Unlock()
	if k != nil && k.vacate(r.id.Name) {
		s.hub.tickets.later(k)
	}
	if why != nil {
		s.tell(&Delivery{Notice: &Dropped{Channel: r.id.Name, Err: why}})
	}
	r.hub.release(r)
}

// replySize is about what a reply or notice takes in memory.
func replySize(d *Delivery) int {
	size := 256
	if d.Reply != nil {
		size += d.Reply.size()
	}
	if n, ok := d.Notice.(*Level); ok {
		size += 96 * (len(n.Present) + len(n.Typing) + len(n.Cursors))
	}
	return size
}
