package ws

import (
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/chat"
)

const (
	readBuffer   = 16 << 10
	followBuffer = 4 << 10
	readTurn     = 64 << 10 // bytes after which a connection goes back into the queue
	maxPongs     = 1 << 10  // bytes of pongs that wait; beyond it only the last one counts
)

// reader is a worker of the pool that reads.
type reader struct {
	server   *Server
	buffer   []byte
	inflated []byte
	count    *tally

	session Session // whose frame is being decoded
	do      func(chat.Request)
	yield   func() // called before what may take a while; nil: nobody minds
}

func (s *Server) newReader() worker { return s.newReaderFor(nil) }

// newReaderFor makes the reader of a poller, who yields to another before what
// may take a while.
func (s *Server) newReaderFor(yield func()) *reader {
	r := &reader{server: s, buffer: make([]byte, readBuffer), count: s.takeTally(), yield: yield}
	r.do = func(q chat.Request) {
		// A frame may ask for many things, and is not to have more answers
		// wait than the session has room for.
		if r.ready(r.session) != nil {
			return
		}
		if r.yield != nil && !prompt(q.Command) {
			r.yield()
		}
		r.session.Do(s.ctx, q)
	}
	return r
}

// ready waits until the session can take a request.
func (r *reader) ready(s Session) error {
	if r.yield != nil && s.Ready(r.server.past) != nil {
		r.yield()
	}
	return s.Ready(r.server.ctx)
}

// prompt reports that what is asked for needs little more than memory, once the
// channel is there.
func prompt(c chat.Command) bool {
	switch c.(type) {
	case chat.Post, chat.Typing, chat.Delivered, chat.Send, chat.Ping:
		return true
	}
	return false
}

func (r *reader) end() { r.server.giveTally(r.count) }

func (r *reader) serve(c *conn) {
	defer r.server.survive(c)
	c.reading.begin()
	for {
		if !r.drain(c) {
			c.reading.requeue()
			r.server.readers.push(c)
			return
		}
		if c.reading.done() {
			return
		}
	}
}

// drain reads until nothing is there; false: until others should have their turn.
func (r *reader) drain(c *conn) bool {
	if c.has(flagBuffered) {
		c.flags.And(^flagBuffered)
		r.take(c, nil)
	}
	for taken := 0; taken < readTurn; {
		n, ok := r.read(c)
		taken += n
		// A short read has emptied the socket. What comes later makes an edge;
		// an end that was already announced makes none.
		if !ok || n < len(r.buffer) && !c.has(flagFin) {
			return true
		}
	}
	return false
}

// read reads once; false: there is nothing more for now, or for ever.
func (r *reader) read(c *conn) (int, bool) {
	if c.has(flagDead) {
		return 0, false
	}
	n, err := c.sock.read(r.buffer)
	r.count.reads.Add(1)
	if n <= 0 {
		if err != errAgain {
			c.kill()
		}
		return 0, false
	}
	r.count.traffic[c.dialect.place].bytesIn.Add(uint64(n))
	if !c.has(flagHeard) {
		c.flags.Or(flagHeard)
	}
	r.take(c, r.buffer[:n])
	return n, !c.has(flagDead)
}

// take works off the frames that are whole with data, and keeps the rest: of a
// deaf connection nothing.
func (r *reader) take(c *conn, data []byte) {
	if len(c.input) == 0 {
		c.input = keep(nil, r.frames(c, data))
		return
	}
	c.input = append(c.input, data...)
	c.input = keep(c.input, r.frames(c, c.input))
}

// keep is rest, in memory of its own: in the buffer that it is part of, unless
// that has become far too large for it.
func keep(buffer, rest []byte) []byte {
	switch {
	case len(rest) == 0:
		return nil
	case cap(buffer) > 4*len(rest)+64:
		return append([]byte(nil), rest...)
	default:
		return append(buffer[:0], rest...)
	}
}

// frames works off whole frames and returns what is left.
func (r *reader) frames(c *conn, data []byte) []byte {
	for !c.has(flagDeaf | flagDead) {
		h := readHeader(data)
		if len(data) < 2 || !r.admit(c, &h) {
			return data
		}
		if h.size == 0 || uint64(len(data)-h.size) < h.length {
			return data
		}
		end := h.size + int(h.length)
		payload := data[h.size:end:end]
		data = data[end:]
		ws.Cipher(payload, h.mask, 0)
		if h.control() {
			r.control(c, h.op(), payload)
		} else {
			r.data(c, &h, payload)
		}
	}
	return nil
}

// admit refuses what no client may send, before its payload is here. Of a
// header that is not all here it knows the first two bytes.
func (r *reader) admit(c *conn, h *header) bool {
	rsv := h.rsv()
	if c.dialect.bits != 0 && !h.control() && h.op() != ws.OpContinuation {
		rsv &^= rsv1
	}
	switch {
	case rsv != 0:
		c.refuse(ws.StatusProtocolError, "a reserved bit is set")
	case h.op().IsReserved():
		c.refuse(ws.StatusProtocolError, "the opcode is reserved")
	case !h.masked:
		c.refuse(ws.StatusProtocolError, "the frame is not masked")
	case h.control() && !h.fin():
		c.refuse(ws.StatusProtocolError, "a control frame is fragmented")
	case h.control() && h.length > ws.MaxControlFramePayloadSize:
		c.refuse(ws.StatusProtocolError, "a control frame is too long")
	case h.control():
		return true
	case h.op() == ws.OpContinuation && c.message == nil:
		c.refuse(ws.StatusProtocolError, "there is nothing to continue")
	case h.op() != ws.OpContinuation && c.message != nil:
		c.refuse(ws.StatusProtocolError, "the message before has not ended")
	case h.oversized():
		c.refuse(ws.StatusProtocolError, "the length is out of range")
	case h.length > uint64(r.server.maxMessage-c.message.size()):
		c.refuse(ws.StatusMessageTooBig, "the message is too long")
	default:
		return true
	}
	return false
}

func (m *message) size() int {
	if m == nil {
		return 0
	}
	return len(m.data)
}

func (r *reader) control(c *conn, op ws.OpCode, payload []byte) {
	switch op {
	case ws.OpPing:
		c.mu.Lock()
		if len(c.pongs)+len(payload)+2 > maxPongs {
			c.pongs = c.pongs[:0]
		}
		c.pongs = appendFrame(c.pongs, firstPong, payload)
		c.flags.Or(flagPong)
		c.mu.Unlock()
		c.Wake()
	case ws.OpClose:
		if c.has(flagLeft) {
			c.kill()
			return
		}
		c.leave(closeReply(payload), flagDeaf|flagParting)
	}
}

// data takes a data frame: a message, or a part of one.
func (r *reader) data(c *conn, h *header, payload []byte) {
	r.count.traffic[c.dialect.place].framesIn.Add(1)
	if h.fin() && c.message == nil {
		r.deliver(c, h.op(), h.deflated(), payload)
		return
	}
	if c.message == nil {
		c.message = &message{op: h.op(), deflated: h.deflated()}
	}
	m := c.message
	if !m.extend(payload) {
		c.refuse(ws.StatusInvalidFramePayloadData, "the text is not UTF-8")
		return
	}
	if h.fin() {
		c.message = nil
		r.deliver(c, m.op, m.deflated, m.data)
	}
}

// deliver hands a whole message to the session, once that can take it.
func (r *reader) deliver(c *conn, op ws.OpCode, deflated bool, payload []byte) {
	if deflated {
		var err error
		payload, err = r.server.inflaters.inflate(r.inflated[:0], payload, r.server.maxMessage)
		if r.inflated = payload; cap(r.inflated) > 4*readBuffer {
			r.inflated = nil
		}
		switch {
		case err == errInflated:
			c.refuse(ws.StatusMessageTooBig, "the message is too long")
			return
		case err != nil:
			c.refuse(ws.StatusInvalidFramePayloadData, "the message cannot be inflated")
			return
		}
	}
	if op == ws.OpText && !utf8.Valid(payload) {
		c.refuse(ws.StatusInvalidFramePayloadData, "the text is not UTF-8")
		return
	}
	if !c.has(flagSpoken) {
		c.flags.Or(flagSpoken)
	}
	switch {
	case c.has(flagLeaving):
		return // only the client's close frame counts
	case c.peer != nil:
		r.hand(c, op, payload)
		return
	case r.ready(c.session) != nil:
		return // the session is over
	}
	if op != ws.OpText {
		c.session.Fail(chat.E(chat.CodeMalformed, "frames are text here, not binary"))
		return
	}
	r.session = c.session
	if err := c.codec.Decode(payload, r.do); err != nil {
		c.session.Fail(err)
	}
	r.session = nil
}

// follow reads a socket that cannot be polled, until it ends.
func (s *Server) follow(c *conn) {
	r := s.newReader().(*reader)
	defer r.end()
	defer s.survive(c)
	r.buffer = r.buffer[:followBuffer:followBuffer]
	c.flags.Or(flagFin) // there are no edges: read until the end
	for !c.has(flagDead) {
		r.drain(c)
	}
}
