package engineio

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// What a connection has to send before anything of its socket's.
const (
	oweOpen uint32 = 1 << iota
	owePing
)

// Conn is one connection: a client's polls, its WebSocket, or first the one
// and then the other. Until Options.Open has returned it only takes notes.
type Conn struct {
	server *Server
	socket Socket
	id     string
	remote string
	bound  bool              // to the credential
	shown  [sha256.Size]byte // by the first request: the credential's hash
	alarm  alarm

	main atomic.Pointer[pipe] // the WebSocket in use; nil: polling
	owed atomic.Uint32
	told atomic.Bool // who was to be told by a poll yet to come that its close has ended the connection

	pulling sync.Mutex     // one call of Socket.Next at a time
	rest    []wire.Message // pulled, and not sent yet; pulling guards it

	mu        sync.Mutex
	candidate *pipe // a WebSocket that wants to take over
	poll      *poll // that waits
	answering int   // polls whose answers are being written
	posting   bool  // a POST is at work
	known     bool  // the server holds it
	closing   bool  // Close was called
	reason    *chat.Error
	ended     bool
	lingers   bool          // a poll of its client may still be on its way; see Server.owes
	last      byte          // what a waiting poll is told of the end
	beat      time.Duration // when the next ping, or the answer to the last one, is due
	pinged    bool
	over      time.Duration // when patience with the upgrade ends; 0: there is none
	until     time.Duration // when patience with the close ends; 0: it has not begun
	patience  time.Duration // with the close: from poll to poll
	longest   time.Duration // when patience with the close ends for good
}

// patient is how many times the patience of a close may begin anew, while a
// client polls for what is queued for it.
const patient = 10

// ID is the connection's sid: 130 random bits in base 32.
func (c *Conn) ID() string { return c.id }

// RemoteAddr is where the first request came from.
func (c *Conn) RemoteAddr() string { return c.remote }

// Polling reports that the client has no WebSocket, or not yet.
func (c *Conn) Polling() bool { return c.main.Load() == nil }

// Wake says that Socket.Next has something again. It does not block, and may
// be called under locks.
func (c *Conn) Wake() {
	if p := c.main.Load(); p != nil {
		p.link.Wake()
		return
	}
	c.mu.Lock()
	p := c.main.Load()
	if p == nil {
		c.poll.wake()
	}
	c.mu.Unlock()
	if p != nil {
		p.link.Wake()
	}
}

// Close ends the connection after what is queued was sent. It does not block.
func (c *Conn) Close(reason *chat.Error) { c.close(reason, c.server.o.CloseWithin) }

// close is Close, with as much patience.
func (c *Conn) close(reason *chat.Error, patience time.Duration) {
	c.mu.Lock()
	if c.closing || c.ended {
		c.mu.Unlock()
		return
	}
	c.closing, c.reason, c.last = true, reason, kindClose
	now := c.server.elapsed()
	c.until, c.patience, c.longest = now+patience, patience, now+patient*patience
	c.schedule()
	c.poll.wake()
	main := c.main.Load()
	c.mu.Unlock()
	if main != nil {
		main.link.Close(reason)
	}
}

// end is the end, at once. A poll that waits is told with last, kindClose or
// kindNoop; with linger one that is still on its way is, too.
func (c *Conn) end(last byte, reason *chat.Error, linger bool) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended, c.last = true, last
	main, candidate := c.main.Load(), c.candidate
	c.candidate = nil
	linger = linger && c.poll == nil && main == nil
	c.lingers = linger
	c.poll.wake()
	c.mu.Unlock()
	c.server.forget(c, linger)
	for _, p := range []*pipe{main, candidate} {
		if p != nil {
			p.link.Close(reason)
		}
	}
	if c.socket != nil { // else Options.Open has not made it
		c.socket.Close()
	}
}

// pull is Socket.Next for the transport whose turn it is; p is nil for polls.
func (c *Conn) pull(ctx context.Context, p *pipe, dst []wire.Message) (batch []wire.Message, more bool) {
	c.pulling.Lock()
	defer c.pulling.Unlock()
	if c.main.Load() != p || c.hasEnded() {
		return dst, false
	}
	if len(c.rest) > 0 {
		dst = append(dst, c.rest...)
		c.rest = nil
		return dst, true
	}
	return c.socket.Next(ctx, dst)
}

// fill puts into the answer what there is and fits; empty: nothing was left.
func (c *Conn) fill(ctx context.Context, a *payload) (empty bool) {
	c.pulling.Lock()
	defer c.pulling.Unlock()
	if c.main.Load() != nil || c.hasEnded() {
		return true
	}
	if c.owed.Swap(0)&owePing != 0 {
		a.add(kindPing, "")
	}
	for more := true; more; {
		if len(c.rest) == 0 {
			c.rest, more = c.socket.Next(ctx, c.rest[:0])
		}
		sent := 0
		for ; sent < len(c.rest) && !c.server.full(a); sent++ {
			a.message(c.rest[sent])
			c.rest[sent] = wire.Message{}
		}
		if c.rest = c.rest[sent:]; len(c.rest) > 0 {
			return false
		}
		if c.server.full(a) {
			c.rest = nil
			return !more
		}
	}
	c.rest = nil
	return true
}

// receive hands a message to the socket, once that can take it. While the
// connection is closing nothing counts any more.
func (c *Conn) receive(ctx context.Context, m wire.Message) error {
	c.mu.Lock()
	closing := c.closing || c.ended
	c.mu.Unlock()
	if closing {
		return nil
	}
	if err := c.socket.Ready(ctx); err != nil {
		return err
	}
	return c.socket.Receive(c.server.ctx, m)
}

func (c *Conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// schedule has the connection looked at when the next of its times comes; mu
// is held.
func (c *Conn) schedule() {
	if c.ended || !c.known {
		return
	}
	due := c.beat
	for _, at := range []time.Duration{c.over, c.until} {
		if at != 0 {
			due = min(due, at)
		}
	}
	c.server.alarms.set(c, due)
}

// look does what is due.
func (c *Conn) look(now time.Duration) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	main := c.main.Load()
	dead := c.until != 0 && now >= c.until
	var slow *pipe
	if c.over != 0 && now >= c.over {
		slow, c.candidate, c.over = c.candidate, nil, 0
	}
	ping := false
	if now >= c.beat {
		switch {
		case !c.pinged:
			ping, c.pinged = true, true
			c.beat += c.server.o.PingTimeout
			c.owed.Or(owePing)
			c.poll.wake()
			if main != nil {
				main.link.Moved() // from here on it counts
			}
		case c.answering > 0 || main != nil && main.link.Moved():
			c.beat = now + c.server.o.PingTimeout // slow, not dead
		default:
			dead = true
			c.server.count.unanswered.Add(1)
		}
	}
	c.schedule()
	c.mu.Unlock()
	if ping && main != nil {
		main.link.Wake()
	}
	if slow != nil {
		slow.link.Close(chat.E(chat.CodeInvalid, "the upgrade took too long"))
	}
	if dead {
		c.end(kindClose, chat.E(chat.CodeGoingAway, "the ping was not answered"), false)
	}
}

// pong is the answer to a ping.
func (c *Conn) pong() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pinged {
		c.pinged = false
		c.beat = c.server.elapsed() + c.server.o.PingInterval
		c.schedule()
	}
}
