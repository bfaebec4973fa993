package sse

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// conn is one stream: the Sink of its session. All but what mu guards is its
// handler's.
type conn struct {
	server  *Server
	session Session
	codec   wire.Codec
	speech  chat.Speech
	format  *chat.Format
	socket  net.Conn      // nil: it is not known
	wake    chan struct{} // of size one

	writer  http.ResponseWriter
	control *http.ResponseController
	places  *places
	owed    int              // answers to subscriptions
	held    []*chat.Delivery // came before the stream began
	news    []*chat.Delivery // of subscriptions, to be told first
	last    bool             // nothing follows what is written now

	*buffers // nil while there is nothing to write

	// The watch's.
	taken uint64    // by the client's socket, when last looked at
	since time.Time // when that grew, or nothing was waiting

	mu   sync.Mutex
	over bool        // Close was called
	why  *chat.Error // the reason
	dead bool        // cut off
	left bool        // the handler is done: writer must not be touched
}

// buffers are what a stream needs while it writes; an idle one has none.
type buffers struct {
	out      []byte // what goes out with the next write
	frame    []byte // what is being encoded to be kept
	batch    []*chat.Delivery
	followed []*chat.Delivery // in out; they want to know when it is written
}

// borrow is for the time up to giveBack.
func (c *conn) borrow() {
	if c.buffers, _ = c.server.buffers.Get().(*buffers); c.buffers == nil {
		c.buffers = new(buffers)
	}
}

// giveBack returns the buffers, unless one huge event has made them so.
func (c *conn) giveBack() {
	b := c.buffers
	c.buffers = nil
	b.out = b.out[:0]
	clear(b.batch)
	clear(b.followed)
	b.followed = b.followed[:0]
	if most := 2 * c.server.o.WriteBuffer; cap(b.out) <= most && cap(b.frame) <= most {
		c.server.buffers.Put(b)
	}
}

// Wake implements chat.Sink.
func (c *conn) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close implements chat.Sink: the stream ends when what is queued was written.
func (c *conn) Close(why *chat.Error) {
	c.mu.Lock()
	if !c.over {
		c.over, c.why = true, why
	}
	c.mu.Unlock()
	c.Wake()
}

// Speaks implements chat.Speaker.
func (c *conn) Speaks() chat.Speech { return c.speech }

// ended reports that Close was called, and why, or that the stream was cut off.
func (c *conn) ended() (bool, *chat.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over || c.dead, c.why
}

// kill cuts the stream off, even in the midst of a write; false: it was before.
func (c *conn) kill() bool {
	c.mu.Lock()
	first := !c.dead
	c.dead = true
	if !c.left {
		_ = c.control.SetWriteDeadline(c.server.o.Now().Add(-time.Second))
	}
	c.mu.Unlock()
	c.Wake()
	return first
}

// allow gives the next write its time; false: the stream was cut off. Where
// the socket tells what the client takes, the watch decides.
func (c *conn) allow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false
	}
	deadline := time.Time{}
	if c.socket == nil {
		deadline = c.server.o.Now().Add(c.server.o.Patience)
	}
	_ = c.control.SetWriteDeadline(deadline) // where there is a connection
	return true
}

// leave is the end of the handler's work.
func (c *conn) leave() {
	c.mu.Lock()
	c.left = true
	c.mu.Unlock()
	c.server.forget(c)
	c.session.Close()
}
