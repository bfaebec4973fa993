package poll

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// conn is a session with what its requests share: the Speaker of the session.
type conn struct {
	server  *Server
	session Session
	codec   wire.Codec
	dialect *wire.Dialect // the door's
	speaker atomic.Pointer[wire.Speaker]
	owner   owner
	leased  bool          // it outlives its request
	wake    chan struct{} // of size one

	// Whoever has the turn changes it.
	answers uint64       // how many told something
	spoken  *chat.Format // see format; nil: not known yet

	mu     sync.Mutex
	places map[string]*place
	newest *exchange // the request that came last, until it ends
	busy   int       // requests at work, waiting for their turn, or being answered
	until  time.Time // the end of the lease, while none is busy
	over   bool      // Close was called
	dead   bool
}

// place is a subscription of the session's, as its client knows it.
type place struct {
	presence, acks bool
	again          bool          // there was another before it
	begun          bool          // it was answered: from here on events count
	level          bool          // the client was told that it is level
	quiet          bool          // and need not be told again
	at             chat.Position // where the client stands, if it got every answer

	opened *chat.Opened // by it the server began the subscription by itself; nil: the client did
	told   bool         // and an answer says so
}

func newConn(s *Server, d *wire.Dialect) *conn {
	c := &conn{
		server: s, dialect: d,
		wake: make(chan struct{}, 1), places: make(map[string]*place),
		until: s.o.Now().Add(s.o.Lease),
	}
	c.spokenBy(d)
	return c
}

// spokenBy says who knows what the client understands.
func (c *conn) spokenBy(s wire.Speaker) { c.speaker.Store(&s) }

// Speaks implements chat.Speaker.
func (c *conn) Speaks() chat.Speech { return (*c.speaker.Load()).Speech() }

// format is under which the session's finished frames are kept.
func (c *conn) format() *chat.Format {
	if c.spoken == nil {
		c.spoken = c.server.format(c.Speaks().Dialect)
	}
	return c.spoken
}

// Wake implements chat.Sink.
func (c *conn) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// QueueBytes implements chat.Patient: signals take half of it at most, which is
// 64 KiB for a client that is between two requests.
func (c *conn) QueueBytes() int { return 128 << 10 }

// Close implements chat.Sink: the session ends with the answer that holds the
// last of what is queued.
func (c *conn) Close(*chat.Error) {
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.Wake()
}

// ended reports that there will be nothing new.
func (c *conn) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over || c.dead
}

// end ends the session.
func (c *conn) end() {
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return
	}
	c.dead = true
	c.mu.Unlock()
	c.server.forget(c)
	c.session.Close()
	c.Wake()
}

// lapsed reports that nobody has asked for the session for its lease.
func (c *conn) lapsed(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy == 0 && !c.dead && !now.Before(c.until)
}

// fits reports whether the session acts for just who id is, with the same
// credentials. Who gives no name where names are believed is another guest at
// each request, whom only the session's name tells from others.
func (c *conn) fits(id *chat.Identity) bool {
	mine := c.session.Identity()
	if mine.Renames && id.Renames {
		return mine.Project == id.Project
	}
	mine.From = id.From // a client may come from elsewhere: it is the same
	return reflect.DeepEqual(mine, *id)
}

// of reports whether the session is of the same user as id.
func (c *conn) of(id *chat.Identity) bool {
	mine := c.session.Identity()
	return mine.User != "" && ownerOf(&mine) == ownerOf(id)
}

// enter begins x: the requests before it answer at once, in the order in which
// they came, then x has the turn. leave and rest have to follow, unless it is
// false: the session is gone, or the client is.
func (c *conn) enter(ctx context.Context, x *exchange) bool {
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return false
	}
	before := c.newest
	c.newest = x
	c.busy++
	c.mu.Unlock()
	if before != nil {
		close(before.superseded)
		<-before.done // patience bounds this: it does not hold any more
	}
	if ctx.Err() == nil {
		return true
	}
	c.leave(x)
	c.rest(x)
	return false
}

// leave gives the turn to the next request.
func (c *conn) leave(x *exchange) { close(x.done) }

// rest is the end of x; the lease begins when no other request is left.
func (c *conn) rest(x *exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newest == x {
		c.newest = nil
	}
	if c.busy--; c.busy == 0 {
		c.until = c.server.o.Now().Add(c.server.o.Lease)
	}
}

// stands reports whether the subscription to a channel is where its client is,
// so that there is nothing to do.
func (c *conn) stands(sub *chat.Subscribe) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.places[sub.Channel]
	return p != nil && p.begun && p.presence == sub.Presence && p.acks == sub.Acks &&
		(sub.From == nil || *sub.From == p.at)
}

// settle notes that a place is asked for, or given up, before the session is
// told. Until the answer comes nothing of the channel counts.
func (c *conn) settle(command chat.Command) *place {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch cmd := command.(type) {
	case chat.Subscribe:
		p := &place{presence: cmd.Presence, acks: cmd.Acks, again: c.places[cmd.Channel] != nil}
		c.places[cmd.Channel] = p
		return p
	case chat.Unsubscribe:
		if cmd.Channel == "" && len(c.places) == 1 {
			clear(c.places)
		}
		delete(c.places, cmd.Channel)
	}
	return nil
}

// open notes a subscription that the server began by itself. It is nil where
// the client has one of its own.
func (c *conn) open(n *chat.Opened) *place {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.places[n.Subscribed.Channel]
	switch {
	case p == nil:
		p = &place{begun: true, at: n.Subscribed.From, opened: n}
		c.places[n.Subscribed.Channel] = p
	case p.opened == nil:
		return nil
	}
	return p
}

// unheard is the place in a channel that the server subscribed to, if the
// client cannot know of it: it has no answer that says so.
func (c *conn) unheard(channel string, follows bool) *place {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.places[channel]; p != nil && p.opened != nil && !(p.told && follows) {
		return p
	}
	return nil
}

// unlisted are the channels with a place that are not among subs.
func (c *conn) unlisted(subs []chat.Subscribe) []string {
	listed := make(map[string]bool, len(subs))
	for i := range subs {
		listed[subs[i].Channel] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for name := range c.places {
		if !listed[name] {
			names = append(names, name)
		}
	}
	return names
}
