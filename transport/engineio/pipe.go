package engineio

import (
	"context"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// pipe is the Peer of one WebSocket: of a connection's own, or of one that
// wants to take over from its polls.
type pipe struct {
	conn *Conn
	link Link

	// Conn.mu guards these.
	probed   bool // the client has asked
	answered bool // and was answered
}

// Receive implements Peer.
func (p *pipe) Receive(ctx context.Context, m wire.Message) error {
	c := p.conn
	if len(m.Data) > c.server.o.MaxPayload {
		return chat.E(chat.CodeTooLarge, "a packet is over %d bytes", c.server.o.MaxPayload)
	}
	main := c.main.Load() == p
	if m.Binary {
		if !main {
			return malformed("no message comes before the upgrade")
		}
		return c.receive(ctx, m)
	}
	if len(m.Data) == 0 {
		return malformed("a packet is empty")
	}
	kind, data := m.Data[0], m.Data[1:]
	if !main {
		return p.upgrade(kind, data)
	}
	switch kind {
	case kindClose:
		c.end(kindNoop, nil, false)
	case kindPong:
		c.pong()
	case kindMessage:
		return c.receive(ctx, wire.Message{Data: data})
	case kindNoop:
	default:
		return malformed("a packet is of no kind that is known here")
	}
	return nil
}

// upgrade takes a packet that comes while the connection is still polling.
func (p *pipe) upgrade(kind byte, data []byte) error {
	switch {
	case kind == kindPing && string(data) == probe:
		return p.probe()
	case kind == kindUpgrade:
		return p.takeOver()
	case kind == kindNoop:
		return nil
	}
	return malformed("an upgrade is 2probe, then 5")
}

// probe has the poll that waits end, so that the client can go on without.
func (p *pipe) probe() error {
	c := p.conn
	c.mu.Lock()
	if c.candidate != p {
		c.mu.Unlock()
		return chat.E(chat.CodeGoingAway, "the connection is over")
	}
	p.probed = true
	c.poll.wake()
	c.mu.Unlock()
	p.link.Wake()
	return nil
}

// takeOver makes the WebSocket the connection's transport. If the connection
// is closing, what is queued goes out there: the client has ceased to poll.
func (p *pipe) takeOver() error {
	c := p.conn
	c.mu.Lock()
	switch {
	case c.candidate != p:
		c.mu.Unlock()
		return chat.E(chat.CodeGoingAway, "the connection is over")
	case !p.probed:
		c.mu.Unlock()
		return malformed("a probe comes before the upgrade")
	case c.posting:
		c.mu.Unlock()
		return malformed("the upgrade overtook a POST")
	}
	c.candidate, c.over = nil, 0
	c.main.Store(p)
	c.poll.wake()
	c.schedule()
	closing, reason := c.closing, c.reason
	c.mu.Unlock()
	c.server.upgraded()
	if p.link.Wake(); closing {
		p.link.Close(reason)
	}
	return nil
}

// Next implements Peer.
func (p *pipe) Next(ctx context.Context, emit func(head string, data []byte, binary bool)) (more bool) {
	c := p.conn
	if c.main.Load() != p {
		if p.answers() {
			emit("3"+probe, nil, false)
		}
		return false
	}
	if owed := c.owed.Swap(0); owed != 0 {
		if owed&oweOpen != 0 {
			emit("0"+c.server.opening(c, false), nil, false)
		}
		if owed&owePing != 0 {
			emit("2", nil, false)
		}
	}
	b := c.server.batches.Get().(*batch)
	b.messages, more = c.pull(ctx, p, b.messages[:0])
	for _, m := range b.messages {
		if m.Binary {
			emit("", m.Data, true)
		} else {
			emit("4", m.Data, false)
		}
	}
	clear(b.messages)
	c.server.batches.Put(b)
	return more
}

// answers reports, once, that the probe is to be answered.
func (p *pipe) answers() bool {
	p.conn.mu.Lock()
	defer p.conn.mu.Unlock()
	due := p.probed && !p.answered
	p.answered = p.probed
	return due
}

// Close implements Peer.
func (p *pipe) Close() {
	c := p.conn
	if c.main.Load() == p {
		c.end(kindClose, nil, false)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.candidate == p {
		c.candidate, c.over = nil, 0
		c.poll.wake()
	}
}

// batch is what one call of Next pulls.
type batch struct{ messages []wire.Message }
