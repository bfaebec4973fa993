package ws

import (
	"context"
	"net/http"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Peer is what a connection carries in place of a session and a codec: whole
// messages of a protocol that has its own idea of sessions and heartbeats.
type Peer interface {
	// Receive takes one message; one call at a time, in order. Nothing more is
	// read while it waits. The data is not valid after the call. An error
	// closes the connection.
	Receive(ctx context.Context, m wire.Message) error
	// Next calls emit for each message that is to be sent now, which is head
	// and data joined; both may change once emit has returned. Unless there is
	// more, it has to be woken. One call at a time.
	Next(ctx context.Context, emit func(head string, data []byte, binary bool)) (more bool)
	// Close is told, maybe more than once, that the connection is gone.
	Close()
}

// Link is the connection as its Peer sees it. Nothing of it blocks.
type Link interface {
	// Wake says that Next has something; it is safe under locks.
	Wake()
	// Close ends the connection after what is queued was sent.
	Close(why *chat.Error)
	// Moved reports whether anything came from the client, or was taken by its
	// socket, since the last call: more than a few bytes, which a socket takes
	// for somebody who is dead, too. One call at a time.
	Moved() bool
}

// Carry upgrades the request to a connection that carries a peer, which is
// made once the handshake has been looked at; who asks is the peer's business,
// and so is whether somebody is still there: no pings are sent. The
// connections are counted under name. It answers the request, unless making
// the peer fails: with that error.
func (s *Server) Carry(w http.ResponseWriter, r *http.Request, name string, peer func(Link) (Peer, error)) error {
	if !s.checks(w, r) {
		return nil
	}
	if !s.gate.Enter() {
		s.leaving(w)
		return nil
	}
	defer s.gate.Leave()
	c := s.connecting()
	p, err := peer(c)
	if err != nil {
		s.refused.Add(1)
		return err
	}
	c.peer = p
	s.upgrade(w, r, Door{Dialects: []wire.Dialect{{Name: name}}}, c)
	return nil
}

// Moved implements Link.
func (c *conn) Moved() bool {
	if !c.has(flagOpen) {
		return true // the handshake is still being answered
	}
	took := c.takes()
	return c.flags.And(^flagHeard)&flagHeard != 0 || took
}

// over tells whom the connection carries that it is gone.
func (c *conn) over() {
	if c.peer != nil {
		c.peer.Close()
		return
	}
	c.session.Close()
}

// hand gives a whole message to the peer.
func (r *reader) hand(c *conn, op ws.OpCode, payload []byte) {
	if err := c.peer.Receive(r.server.ctx, wire.Message{Data: payload, Binary: op == ws.OpBinary}); err != nil {
		c.Close(chat.AsError(err))
	}
}

// forward puts what the peer has to send into out, framed, and writes it.
func (w *writer) forward(c *conn) (n int, more, ok bool) {
	w.dialect = c.dialect
	more = c.peer.Next(w.server.ctx, w.emit)
	n = len(w.out)
	return n, more, w.flush(c, nil)
}

// emitted is one message of a peer's.
func (w *writer) emitted(head string, data []byte, binary bool) {
	first := firstText
	if binary {
		first = firstBinary
	}
	w.count.traffic[w.dialect.place].framesOut.Add(1)
	w.out = appendHeader(w.out, first, len(head)+len(data))
	w.out = append(w.out, head...)
	w.out = append(w.out, data...)
}
