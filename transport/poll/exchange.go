package poll

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
)

// exchange is one request at work on a session, and its answer.
type exchange struct {
	request    *request
	follows    bool          // the client has got the last answer
	lost       bool          // it has not, although there is the session
	fresh      bool          // the session was made for it
	replaces   *conn         // a session of older credentials, which ends when this one stands
	superseded chan struct{} // closed when another request wants the turn
	done       chan struct{} // closed when it may have it

	plan   []chat.Request // what brings the subscriptions to where the client is
	rest   [][]byte       // frames that were not carried out
	broken bool           // the work panicked
	owed   atomic.Int64   // answers to what was asked of the session

	// The request's own goroutine's.
	waiting    []*chat.Delivery // came before the request
	batch      []*chat.Delivery
	out        []byte   // the answer's frames
	failed     []string // channels whose subscription could not begin again
	last       bool     // the session is over, and this holds all that was queued
	retryAfter time.Duration
}

// ref goes through the session in place of a request's own.
type ref struct {
	given    any
	exchange *exchange
	place    *place // Subscribe's
	silent   bool   // nobody but the transport wants the answer
}

// serve does what x asks and fills its answer. The turn is x's.
func (c *conn) serve(ctx context.Context, x *exchange) {
	c.plan(x)
	ready, stop := context.WithCancel(ctx)
	defer stop()
	work := make(chan struct{})
	go func() {
		defer close(work)
		defer c.survive(x)
		c.carryOut(ready, x)
	}()
	defer func() { stop(); <-work }() // whatever happens here
	c.attend(ctx, x, work)
	stop()
	<-work
	for _, channel := range x.failed {
		c.do(x, chat.Request{Command: chat.Unsubscribe{Channel: channel}, Ref: &ref{silent: true}})
	}
	c.putOff(x)
	if len(x.out) > 0 {
		c.answers++
	}
}

// survive keeps a fault in one session or codec from ending all.
func (c *conn) survive(x *exchange) {
	if v := recover(); v != nil {
		c.server.o.Logger.Error("a request's work panicked", "dialect", c.dialect.Name, "panic", v, "stack", string(debug.Stack()))
		x.broken = true
		c.end()
	}
}

// carryOut does what is planned, then what the frames ask, in order. It stops,
// with frames left, when ready ends: nobody drains the session any more.
func (c *conn) carryOut(ready context.Context, x *exchange) {
	for _, r := range x.plan {
		if c.session.Ready(ready) != nil || c.ended() {
			break
		}
		c.do(x, r)
	}
	if x.replaces != nil {
		x.replaces.end()
	}
	for i, frame := range x.request.frames {
		if c.session.Ready(ready) != nil || c.ended() {
			x.rest = x.request.frames[i:]
			return
		}
		c.server.count.framesIn.Add(1)
		if err := c.codec.Decode(frame, func(r chat.Request) { c.do(x, r) }); err != nil {
			c.session.Fail(err)
		}
	}
}

// do has the session carry out one request, whose answer is waited for.
func (c *conn) do(x *exchange, r chat.Request) {
	own, ok := r.Ref.(*ref)
	if !ok {
		own = &ref{given: r.Ref, place: c.settle(r.Command)}
	}
	own.exchange = x
	r.Ref = own
	x.owed.Add(1)
	c.session.Do(c.server.ctx, r)
}

// attend drains the session into the answer, and waits until there is
// something to say or the hold is over.
func (c *conn) attend(ctx context.Context, x *exchange, work <-chan struct{}) {
	hold := time.NewTimer(x.request.hold)
	defer hold.Stop()
	patience := time.NewTimer(c.server.o.Patience)
	defer patience.Stop()
	// A client that lacks an answer is told at once that there was one: its
	// request may have been overtaken by another, and nobody waits for it.
	for _, d := range x.waiting {
		c.take(x, d)
	}
	held := false
	superseded, dismissed := x.superseded, x.request.leave || x.request.hold == 0 || x.lost
	for ctx.Err() == nil {
		ended := c.ended()
		if !c.drain(x) {
			return // the answer is full
		}
		busy := work != nil || x.owed.Load() > 0
		switch {
		case ended:
			x.last = true
			return
		case busy:
		case dismissed:
			return
		case len(x.out) > 0:
			c.gather(ctx, x)
			return
		case !held:
			held = true
			c.server.count.held.Add(1)
			defer c.server.count.held.Add(-1)
		}
		select {
		case <-c.wake:
		case <-work:
			work = nil
		case <-superseded:
			superseded, dismissed = nil, true
		case <-hold.C:
			dismissed = true
		case <-patience.C:
			if busy {
				return
			}
		case <-ctx.Done():
		}
	}
}

// gather waits a little for more, so that a burst shares an answer.
func (c *conn) gather(ctx context.Context, x *exchange) {
	enough := time.NewTimer(c.server.o.Gather)
	defer enough.Stop()
	for {
		select {
		case <-c.wake:
			ended := c.ended()
			if !c.drain(x) {
				return
			}
			if ended {
				x.last = true
				return
			}
		case <-x.superseded:
			return
		case <-enough.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// drain takes what the session has into the answer; false: it is full.
func (c *conn) drain(x *exchange) bool {
	for {
		var more bool
		x.batch, more = c.session.Next(c.server.ctx, x.batch[:0])
		for _, d := range x.batch {
			c.take(x, d)
		}
		clear(x.batch)
		if len(x.out) >= c.server.o.MaxAnswer {
			return false
		}
		if !more {
			return true
		}
	}
}

// take puts a delivery into the answer, unless it is of a subscription that
// the client has given up or begins again.
func (c *conn) take(x *exchange, d *chat.Delivery) {
	switch {
	case d.Event != nil:
		if p := c.begun(d.Event.Channel.Name); p != nil && c.write(x, d) {
			c.mu.Lock()
			p.at.Seq = max(p.at.Seq, d.Event.Seq)
			c.mu.Unlock()
		}
	case d.Reply != nil:
		c.reply(x, d)
	case d.Notice != nil:
		c.notice(x, d)
	default:
		c.write(x, d)
	}
}

func (c *conn) begun(channel string) *place {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.places[channel]; p != nil && p.begun {
		return p
	}
	return nil
}

// reply notes what became of a subscription, and gives the client the answer
// under the ref that it knows.
func (c *conn) reply(x *exchange, d *chat.Delivery) {
	own, ok := d.Reply.Ref.(*ref)
	if !ok {
		c.write(x, d)
		return
	}
	if own.place != nil {
		c.subscribed(x, own.place, d.Reply)
	}
	if !own.silent || own.place != nil && d.Reply.Err != nil {
		told := *d.Reply
		told.Ref = own.given
		c.write(x, &chat.Delivery{Reply: &told})
	}
	own.exchange.owed.Add(-1)
}

func (c *conn) subscribed(x *exchange, p *place, r *chat.Reply) {
	channel := r.Command.(chat.Subscribe).Channel
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.Subscribed != nil:
		p.begun, p.at = true, r.Subscribed.From
	case c.places[channel] == p:
		delete(c.places, channel)
		if p.again {
			x.failed = append(x.failed, channel)
		}
		fallthrough
	default:
		// A client that asks for it again and again must not do so at once.
		if r.Err != nil && r.Err.Expired == nil {
			x.retryAfter = max(x.retryAfter, r.Err.RetryAfter, c.server.o.RetryAfter)
		}
	}
}

func (c *conn) notice(x *exchange, d *chat.Delivery) {
	switch n := d.Notice.(type) {
	case *chat.Level:
		p := c.begun(n.Channel)
		if p == nil {
			return
		}
		if p.level = true; p.quiet {
			p.quiet = false
			return
		}
	case *chat.Dropped:
		if c.begun(n.Channel) == nil {
			return
		}
		c.mu.Lock()
		delete(c.places, n.Channel)
		c.mu.Unlock()
	case *chat.Opened:
		p := c.open(n)
		if p == nil {
			return
		}
		p.told = true
	case *chat.GoingAway:
		x.retryAfter = max(x.retryAfter, n.RetryAfter)
	}
	c.write(x, d)
}

// write appends what d becomes to the answer; false: it becomes nothing. What
// is shared is encoded once for all who poll.
func (c *conn) write(x *exchange, d *chat.Delivery) bool {
	if !c.codec.Shared(d) {
		before := len(x.out)
		c.codec.Encode(d, func(frame []byte) { x.out = c.appendFrame(x.out, frame) })
		return len(x.out) > before
	}
	format := c.format()
	frames := d.Frames(format)
	if frames == nil {
		frames = []byte{} // not nil: that it becomes no frame is kept too
		c.codec.Encode(d, func(frame []byte) { frames = c.appendFrame(frames, frame) })
		d.Keep(format, frames)
	} else if len(frames) > 0 {
		c.server.count.framesOut.Add(1)
	}
	if len(frames) == 0 {
		return false
	}
	if len(x.out) > 0 {
		x.out = append(x.out, ',')
	}
	x.out = append(x.out, frames...)
	return true
}

func (c *conn) appendFrame(list, frame []byte) []byte {
	c.server.count.framesOut.Add(1)
	if len(list) > 0 {
		list = append(list, ',')
	}
	return appendContent(list, frame)
}

// putOff refuses the frames that were not carried out: they had no effect, and
// may be sent again.
func (c *conn) putOff(x *exchange) {
	busy := &chat.Error{Code: chat.CodeRateLimited, Message: "there was no room for this frame: send it again"}
	for _, frame := range x.rest {
		err := c.codec.Decode(frame, func(r chat.Request) {
			c.write(x, &chat.Delivery{Reply: &chat.Reply{Ref: r.Ref, Command: r.Command, Err: busy}})
		})
		if err != nil {
			c.write(x, &chat.Delivery{Reply: &chat.Reply{Err: chat.AsError(err)}})
		}
	}
}
