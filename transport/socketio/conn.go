package socketio

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/socketio"
)

// batchBytes is after how many bytes Next leaves the rest for its next call.
const batchBytes = 64 << 10

// Conn is one connection. Idle, it is all there is, with its clients.
type Conn struct {
	server      *Server
	transport   Transport
	credentials Credentials
	late        *time.Timer
	reader      socketio.Reader // Receive's
	turn        int             // which client Next asks first; Next's

	mu      sync.Mutex
	members []*member
	gone    []string       // namespaces that had a client before
	told    []wire.Message // to be sent before anything of the members'
	closed  bool
	leaving bool // the transport was told to close
}

// member is a client in a namespace: its Socket.
type member struct {
	conn      *Conn
	namespace string
	client    Client

	// conn.mu guards these.
	ending bool
	why    *chat.Error
}

// Receive takes one message. An error means that the connection is over.
func (c *Conn) Receive(ctx context.Context, m wire.Message) error {
	if c.isLeaving() {
		return nil
	}
	p, err := c.reader.Read(m)
	switch {
	case errors.Is(err, socketio.ErrProtocol):
		return c.breakOff(err)
	case p == nil:
		return nil
	}
	c.server.count.packetsIn.Add(1)
	found := c.member(p.Namespace)
	switch p.Type {
	case socketio.Connect:
		if found != nil {
			c.tell(p.Namespace, errTwice)
			return nil
		}
		c.connect(ctx, p)
	case socketio.Disconnect:
		if found != nil {
			c.remove(found)
		}
	default:
		return c.pass(ctx, found, p, err)
	}
	return nil
}

var (
	errTwice   = chat.E(chat.CodeInvalid, "a namespace is connected to once")
	errNowhere = chat.E(chat.CodeInvalid, "connect to the namespace first")
)

// pass gives an event or acknowledgement to its client. One that was on its way
// when the client was disconnected is of no importance.
func (c *Conn) pass(ctx context.Context, to *member, p *socketio.Packet, err error) error {
	switch {
	case to == nil && c.was(p.Namespace):
	case to == nil:
		return c.breakOff(errNowhere)
	case err != nil:
		to.client.Fail(p, err)
	default:
		to.client.Receive(ctx, p)
	}
	return nil
}

// breakOff ends the connection once its peer was told why. What the peer sends
// meanwhile counts no more.
func (c *Conn) breakOff(err error) error {
	e := chat.AsError(err)
	c.server.count.bad.Add(1)
	c.tell(socketio.Main, e)
	c.leave(e)
	return nil
}

// tell sends an error that is no client's.
func (c *Conn) tell(namespace string, e *chat.Error) {
	c.mu.Lock()
	c.told = append(c.told, wire.Message{Data: socketio.AppendError(nil, namespace, e)})
	c.mu.Unlock()
	c.transport.Wake()
}

func (c *Conn) connect(ctx context.Context, p *socketio.Packet) {
	app, ok := c.server.o.Namespaces[p.Namespace]
	if !ok {
		c.refuse(p.Namespace, "Invalid namespace", nil)
		return
	}
	m := &member{conn: c, namespace: p.Namespace}
	client, err := app.Connect(ctx, &Handshake{Namespace: p.Namespace, Auth: p.Data, Credentials: c.credentials}, m)
	if err != nil {
		e := chat.AsError(err)
		if e.Code == chat.CodeInternal {
			c.server.o.Logger.ErrorContext(ctx, "a Socket.IO client could not connect", "err", err)
		}
		c.refuse(p.Namespace, socketio.RefusalMessage(e), e)
		return
	}
	m.client = client
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.members = append(c.members, m)
	}
	c.mu.Unlock()
	if closed {
		client.Close()
		return
	}
	c.late.Stop()
	c.server.count.clients.Add(1)
	c.transport.Wake() // the client may have had something before it was a member
}

func (c *Conn) refuse(namespace, message string, e *chat.Error) {
	c.server.count.refused.Add(1)
	c.mu.Lock()
	c.told = append(c.told, wire.Message{Data: socketio.AppendRefusal(nil, namespace, message, e)})
	c.mu.Unlock()
	c.transport.Wake()
}

// expire is what happens when nobody connected in time.
func (c *Conn) expire() {
	c.mu.Lock()
	idle := len(c.members) == 0
	c.mu.Unlock()
	if idle {
		c.leave(chat.E(chat.CodeUnauthorized, "nobody connected to a namespace"))
	}
}

func (c *Conn) isLeaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaving
}

func (c *Conn) leave(why *chat.Error) {
	c.mu.Lock()
	before := c.leaving
	c.leaving = true
	c.mu.Unlock()
	if !before {
		c.transport.Close(why)
	}
}

// Ready waits until every client can take another packet.
func (c *Conn) Ready(ctx context.Context) error {
	c.mu.Lock()
	closed := c.closed
	members := c.members
	c.mu.Unlock()
	if closed {
		return chat.E(chat.CodeGoingAway, "the connection is closed")
	}
	for _, m := range members {
		if err := m.client.Ready(ctx); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// Next appends to dst what is to be sent now, in order, and returns it. Unless
// there is more, the transport will be woken. One call at a time.
func (c *Conn) Next(ctx context.Context, dst []wire.Message) (batch []wire.Message, more bool) {
	c.mu.Lock()
	before := len(dst)
	dst = append(dst, c.told...)
	c.told = nil
	members := c.members
	c.mu.Unlock()
	size := 0
	for i := range members {
		if size >= batchBytes {
			more = true
			break
		}
		m := members[(c.turn+i)%len(members)]
		from := len(dst)
		var again bool
		dst, again = c.drain(ctx, m, dst)
		more = more || again
		for _, message := range dst[from:] {
			size += len(message.Data)
		}
	}
	c.turn++
	c.server.count.messagesOut.Add(uint64(len(dst) - before))
	return dst, more
}

// drain takes what one client has. One that is to end goes with the last of it.
func (c *Conn) drain(ctx context.Context, m *member, dst []wire.Message) ([]wire.Message, bool) {
	c.mu.Lock()
	ending, why := m.ending, m.why // before the client is asked: what it had then is sent
	c.mu.Unlock()
	dst, more := m.client.Next(ctx, dst)
	if c.refusedIn(m) {
		c.remove(m) // it may try again as soon as it has read why
		return dst, false
	}
	if more || !ending {
		return dst, more
	}
	if why != nil && why.Code == chat.CodeGoingAway {
		c.leave(why)
		return dst, false
	}
	c.remove(m)
	bye := socketio.AppendPacket(nil, &socketio.Packet{Type: socketio.Disconnect, Namespace: m.namespace})
	return append(dst, wire.Message{Data: bye}), false
}

// refusedIn reports that the client was told that it may not connect.
func (c *Conn) refusedIn(m *member) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return m.ending && m.why == nil
}

// Close is told that the connection is gone.
func (c *Conn) Close() {
	c.late.Stop()
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	members := c.members
	c.members, c.told = nil, nil
	c.mu.Unlock()
	for _, m := range members {
		m.client.Close()
		c.server.count.clients.Add(-1)
	}
	c.server.count.connections.Add(-1)
}

func (c *Conn) member(namespace string) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		if m.namespace == namespace {
			return m
		}
	}
	return nil
}

// was reports that the namespace had a client.
func (c *Conn) was(namespace string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.gone {
		if name == namespace {
			return true
		}
	}
	return false
}

// remove ends a client. Lists of members are never changed, since Next and
// Ready go through them without the lock.
func (c *Conn) remove(m *member) {
	c.mu.Lock()
	var rest []*member
	for _, other := range c.members {
		if other != m {
			rest = append(rest, other)
		}
	}
	found := len(rest) < len(c.members)
	c.members = rest
	if found {
		c.noteGone(m.namespace)
	}
	c.mu.Unlock()
	if found {
		m.client.Close()
		c.server.count.clients.Add(-1)
	}
}

// noteGone: mu is held.
func (c *Conn) noteGone(namespace string) {
	for _, name := range c.gone {
		if name == namespace {
			return
		}
	}
	c.gone = append(c.gone, namespace)
}

// Wake implements Socket.
func (m *member) Wake() { m.conn.transport.Wake() }

// End implements Socket.
func (m *member) End(why *chat.Error) {
	m.conn.mu.Lock()
	m.ending, m.why = true, why
	m.conn.mu.Unlock()
	m.conn.transport.Wake()
}
