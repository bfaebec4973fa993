package push

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Bounds of the outbox.
const (
	maxWaiting  = 20_000 // deliveries in all
	maxOfUser   = 500    // of one user
	maxBackoff  = 5 * time.Minute
	longestWait = time.Hour // that a push service may ask for

	workers = 32 // attempts at a time
	atOnce  = 2  // of them one user's
)

// delivery is a notice on its way to one subscription. settled is called once.
type delivery struct {
	sub     *Subscription
	notice  *notice
	settled func()
}

// verdict is what became of an attempt.
type verdict struct {
	again bool          // it is to be tried again
	after time.Duration // as the push service asks; 0: it does not say
}

// outbox sends deliveries: of one subscription one at a time and in their
// order, of one channel only the latest that waits. Endpoints are anybody's, and
// may be slow on purpose: what they cost in workers and room is bounded for each
// user.
type outbox struct {
	attempt func(context.Context, *delivery) verdict
	backoff time.Duration
	stats   *counters

	mu      sync.Mutex
	more    *sync.Cond
	boxes   map[string]*box // by the subscription's id
	lanes   map[userKey]*lane
	ready   []*box
	waiting int
	closed  bool
}

// box is what waits for one subscription. outbox.mu guards it.
type box struct {
	id       string
	lane     *lane
	list     []*delivery // the oldest first; [0] is on its way while busy
	busy     bool
	failures int
	timer    *time.Timer // a retry; nil: none waits
}

// lane is what one user has in the outbox. outbox.mu guards it.
type lane struct {
	user    userKey
	waiting int    // deliveries
	turns   int    // boxes that are ready or busy
	queue   []*box // those that wait for a turn
}

func newOutbox(attempt func(context.Context, *delivery) verdict, backoff time.Duration, stats *counters) *outbox {
	o := &outbox{attempt: attempt, backoff: backoff, stats: stats, boxes: make(map[string]*box), lanes: make(map[userKey]*lane)}
	o.more = sync.NewCond(&o.mu)
	return o
}

// put has d sent, in place of one of the same channel that still waits. Where
// there is no room, the oldest of the subscription goes, or else d.
func (o *outbox) put(d *delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.box(d.sub)
	idle := len(b.list) == 0
	first := 0
	if b.busy {
		first = 1
	}
	same := slices.IndexFunc(b.list[first:], func(old *delivery) bool { return old.notice.channel == d.notice.channel })
	switch {
	case same >= 0:
		o.drop(b, first+same)
		o.stats.collapsed.Add(1)
	case o.waiting < maxWaiting && b.lane.waiting < maxOfUser:
	case len(b.list) > first:
		o.drop(b, first)
		o.stats.dropped.Add(1)
	default:
		o.stats.dropped.Add(1)
		d.settled()
		if idle {
			o.forget(b)
		}
		return
	}
	b.list = append(b.list, d)
	o.waiting++
	b.lane.waiting++
	if idle {
		o.offer(b)
	}
}

// box is the subscription's, made if there is none. mu is held.
func (o *outbox) box(sub *Subscription) *box {
	b := o.boxes[sub.ID]
	if b != nil {
		return b
	}
	user := sub.user()
	l := o.lanes[user]
	if l == nil {
		l = &lane{user: user}
		o.lanes[user] = l
	}
	b = &box{id: sub.ID, lane: l}
	o.boxes[sub.ID] = b
	return b
}

// forget takes an empty box away. mu is held.
func (o *outbox) forget(b *box) {
	delete(o.boxes, b.id)
	if b.lane.waiting == 0 {
		delete(o.lanes, b.lane.user)
	}
}

// drop settles a delivery that is not on its way. mu is held.
func (o *outbox) drop(b *box, i int) {
	b.list[i].settled()
	b.list = slices.Delete(b.list, i, i+1)
	o.waiting--
	b.lane.waiting--
}

// offer gives the box to a worker, once its user has a turn left. mu is held.
func (o *outbox) offer(b *box) {
	if b.lane.turns >= atOnce {
		b.lane.queue = append(b.lane.queue, b)
		return
	}
	b.lane.turns++
	o.ready = append(o.ready, b)
	o.more.Signal()
}

// yield ends the box's turn: the next of its user has it. mu is held.
func (o *outbox) yield(b *box) {
	l := b.lane
	l.turns--
	if len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		o.offer(next)
	}
}

// work sends until close is called.
func (o *outbox) work(ctx context.Context) {
	for {
		b, d := o.take()
		if b == nil {
			return
		}
		v := o.attempt(ctx, d)
		o.sent(b, v)
	}
}

func (o *outbox) take() (*box, *delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.ready) == 0 && !o.closed {
		o.more.Wait()
	}
	if o.closed {
		return nil, nil
	}
	b := o.ready[0]
	o.ready = o.ready[1:]
	b.busy = true
	return b, b.list[0]
}

// sent ends an attempt.
func (o *outbox) sent(b *box, v verdict) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed && v.again {
		return // it is not settled: the next service sends it
	}
	b.busy = false
	o.yield(b)
	if v.again {
		o.retry(b, v.after)
		return
	}
	b.failures = 0
	o.drop(b, 0)
	if len(b.list) == 0 {
		o.forget(b)
		return
	}
	if !o.closed {
		o.offer(b)
	}
}

// retry has the box wait. What was to be sent stays at its head, unless a later
// one of its channel came meanwhile. mu is held.
func (o *outbox) retry(b *box, after time.Duration) {
	o.stats.retried.Add(1)
	later := slices.ContainsFunc(b.list[1:], func(d *delivery) bool { return d.notice.channel == b.list[0].notice.channel })
	if later {
		o.drop(b, 0)
	}
	wait := min(o.backoff<<min(b.failures, 16), maxBackoff)
	wait += rand.N(wait/2 + 1) // else all come back at once
	b.failures++
	b.timer = time.AfterFunc(max(wait, min(after, longestWait)), func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		b.timer = nil
		if !o.closed {
			o.offer(b)
		}
	})
}

// close has the workers end. What waits is not settled.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for _, b := range o.boxes {
		if b.timer != nil {
			b.timer.Stop()
		}
	}
	o.more.Broadcast()
}

func (o *outbox) length() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting
}
