package ws

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Session is what a connection carries; *chat.Session, which says what the
// methods mean.
type Session interface {
	ID() string
	Do(ctx context.Context, r chat.Request)
	Fail(err error)
	Ready(ctx context.Context) error
	Next(ctx context.Context, dst []*chat.Delivery) (batch []*chat.Delivery, more bool)
	Close()
}

// edge is what a poller saw on a socket.
type edge struct {
	in, out bool
	fin     bool // nothing comes after what is there, or the connection is broken
}

// What a connection has been through, or has to do.
const (
	flagDead     uint32 = 1 << iota // killed
	flagDoomed                      // a worker has to kill it
	flagHeard                       // something was read since the last look
	flagPinged                      // a ping went out, and nothing was heard since
	flagPing                        // the writer has to send a ping
	flagFin                         // the poller saw the end: read up to it
	flagBlocked                     // the writer waits for the socket
	flagMute                        // nothing can be written any more
	flagSpoken                      // a data frame has come
	flagDeaf                        // what comes in is thrown away: it cannot be read, or does not count
	flagParting                     // the peer closed, or broke the protocol: it gets little more
	flagLeaving                     // a close frame is to be sent
	flagLeft                        // it was sent
	flagBuffered                    // the handshake's reader had bytes of the first frames
	flagStarving                    // nobody may be there: the first frame has a deadline
	flagPong                        // there are pongs to be sent
	flagOpen                        // the handshake is done: there is a socket
)

// conn is one connection: the Sink of its session, or the Link of its peer.
// Idle, it is all there is.
type conn struct {
	server  *Server
	sock    socket
	session Session
	codec   wire.Codec
	peer    Peer     // in place of both
	dialect *dialect // of its door
	speaker atomic.Pointer[wire.Speaker]

	flags   atomic.Uint32
	reading turn
	writing turn
	timer   entry
	fd      int    // under which the poller watches
	acked   uint64 // by the peer, when last looked at; the wheel's goroutine's
	round   uint32 // of the writers' pool, in which it last had something to send

	// The reader's.
	input   []byte   // the beginning of a frame
	message *message // whose last fragment has not come

	// The writer's.
	held   *held        // what the socket did not take
	spoken *chat.Format // see format; nil: not known yet

	mu    sync.Mutex
	pongs []byte // frames that answer pings
	bye   []byte // the close frame
}

// Wake implements chat.Sink.
func (c *conn) Wake() {
	if c.writing.want() {
		c.writers().push(c)
	}
}

// Close implements chat.Sink.
func (c *conn) Close(why *chat.Error) {
	reason := ""
	if why != nil && why.Code != chat.CodeInternal {
		reason = why.Message
	}
	c.leave(closeFrame(closeCode(why), reason), 0)
}

func (c *conn) writers() *pool {
	if _, blocks := c.sock.(*stream); blocks {
		return &c.server.blocking
	}
	return &c.server.writers
}

func (c *conn) has(flags uint32) bool { return c.flags.Load()&flags != 0 }

// leave has the writer end the connection with this close frame; only the
// first one counts. The flags are set besides.
func (c *conn) leave(frame []byte, flags uint32) {
	c.mu.Lock()
	if c.bye == nil {
		c.bye = frame
	}
	c.mu.Unlock()
	patience := c.server.closeTicks
	if flags&flagParting != 0 {
		patience = c.server.partTicks
	}
	c.flags.Or(flags | flagLeaving)
	c.server.wheel.hasten(c, patience)
	c.Wake()
}

// refuse ends the connection because the peer broke the protocol.
func (c *conn) refuse(code ws.StatusCode, reason string) {
	c.leave(closeFrame(code, reason), flagDeaf|flagParting)
}

// doom has a worker kill the connection, for those who must not wait.
func (c *conn) doom() {
	c.flags.Or(flagDoomed)
	if s, blocks := c.sock.(*stream); blocks {
		s.close() // its worker may be stuck in a call, and ends with that
	}
	c.Wake()
}

// kill ends the connection at once.
func (c *conn) kill() {
	if c.flags.Or(flagDead)&flagDead != 0 {
		return
	}
	c.server.forget(c)
	c.sock.close()
	c.over()
}

// ready is told by the poller. It reports that somebody has to read.
func (c *conn) ready(e edge) (read bool) {
	if e.fin {
		c.expire()
	}
	if e.out && c.has(flagBlocked) {
		c.Wake()
	}
	return e.in && c.reading.want()
}

// expire has what is there read up to its end, which ends the connection. The
// wheel ends it where the reader waits for the session.
func (c *conn) expire() {
	c.flags.Or(flagFin)
	c.server.wheel.hasten(c, c.server.partTicks)
}

// mute is the end of writing: the peer is gone. What it sent before it went
// still counts.
func (c *conn) mute() {
	if _, blocks := c.sock.(*stream); blocks {
		c.kill()
		return
	}
	c.flags.Or(flagMute)
	c.expire()
	if c.reading.want() {
		c.server.readers.push(c)
	}
}

// look is what the wheel does when the connection's time has come. It answers
// in how many ticks to look again.
func (c *conn) look() uint32 {
	f := c.flags.Load()
	switch {
	case f&(flagLeaving|flagFin) != 0:
		c.doom()
	case f&flagStarving != 0:
		c.flags.And(^flagStarving)
		if f&flagSpoken == 0 {
			c.Close(chat.E(chat.CodeUnauthorized, "nobody said who is there"))
			return c.server.closeTicks
		}
	case c.peer != nil:
		// Its protocol sends pings of its own.
	case f&flagHeard != 0 || f&flagPinged == 0 || c.takes():
		c.flags.And(^flagHeard)
		c.flags.Or(flagPinged | flagPing)
		c.Wake()
	default:
		c.server.unanswered.Add(1)
		c.doom()
	}
	return c.server.pingTicks
}

// pingCost is what the peer's socket takes of us for one ping at most: two
// bytes, in a TLS record. It is no sign of life that a client gave.
const pingCost = 64

// takes reports that the peer's socket took more than our ping since the last
// look: a slow reader is not dead.
func (c *conn) takes() bool {
	n, known := c.sock.acked()
	if !known {
		return false
	}
	before := c.acked
	c.acked = n
	return n > before+pingCost
}
