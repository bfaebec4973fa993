package ws

import (
	"bytes"
	"slices"

	"github.com/parley-chat/parley/chat"
)

// writeTurn is after how many bytes a connection goes back into the queue.
const writeTurn = 256 << 10

// writer is a worker of the pool that writes.
type writer struct {
	server *Server
	out    []byte // what goes out with the next write
	frame  []byte // what is being encoded to be kept
	batch  []*chat.Delivery
	count  *tally

	followed []*chat.Delivery // in out; they want to know when it is written

	dialect *dialect // the connection's, for private and shared
	private func([]byte)
	shared  func([]byte)
	emit    func(head string, data []byte, binary bool) // a peer's
}

// held is what a socket did not take.
type held struct {
	bytes      []byte
	deliveries []*chat.Delivery // that follow them
}

func (s *Server) newWriter() worker {
	w := &writer{server: s, count: s.takeTally()}
	w.emit = w.emitted
	w.private = func(frame []byte) {
		w.count.traffic[w.dialect.place].framesOut.Add(1)
		w.out = s.appendText(w.out, frame, w.dialect.bits)
	}
	w.shared = func(frame []byte) {
		w.frame = s.appendText(w.frame, frame, w.dialect.bits)
	}
	return w
}

func (w *writer) end() { w.server.giveTally(w.count) }

func (w *writer) serve(c *conn) {
	defer w.server.survive(c)
	c.writing.begin()
	for {
		if !w.drain(c) {
			c.writing.requeue()
			c.writers().push(c)
			return
		}
		if c.writing.done() {
			break
		}
	}
	if cap(w.out) > 2*w.server.writeBuffer {
		w.out = nil
	}
	if cap(w.frame) > 2*w.server.writeBuffer {
		w.frame = nil
	}
}

// drain sends until there is nothing more, or the socket takes no more; false:
// until others should have their turn.
func (w *writer) drain(c *conn) bool {
	if c.has(flagDoomed) {
		c.kill()
	}
	if c.has(flagDead | flagMute) {
		c.held = nil
		return true
	}
	w.out = w.out[:0]
	if !w.resume(c) {
		return true
	}
	if c.has(flagLeft) {
		w.left(c)
		return true
	}
	for sent := 0; sent < writeTurn; {
		leaving := c.has(flagLeaving) // what was queued before it is taken now, or was
		w.controls(c)
		n, more, ok := w.next(c)
		last := !more || c.has(flagParting)
		if sent += n; !ok {
			return true
		}
		if last {
			if leaving {
				w.leave(c)
			}
			return true
		}
	}
	return false
}

// next sends what there is to be sent now.
func (w *writer) next(c *conn) (n int, more, ok bool) {
	if c.peer != nil {
		return w.forward(c)
	}
	w.batch, more = c.session.Next(w.server.ctx, w.batch[:0])
	n, ok = w.send(c, w.batch)
	clear(w.batch)
	return n, more, ok
}

// resume goes on where the socket took no more; false: it still does not.
func (w *writer) resume(c *conn) bool {
	h := c.held
	if h == nil {
		return true
	}
	c.held = nil
	if !w.put(c, h.bytes, true, h.deliveries) {
		return false
	}
	_, ok := w.send(c, h.deliveries)
	return ok
}

// send writes what is in out, then the deliveries; false: not all of it, and
// the rest is held.
func (w *writer) send(c *conn, batch []*chat.Delivery) (n int, ok bool) {
	w.dialect = c.dialect
	for i, d := range batch {
		frames := w.kept(c, d)
		if len(frames) >= w.server.writeBuffer {
			// Too large to be worth a copy, and never changed: written as it is.
			n += len(w.out) + len(frames)
			if !w.flush(c, batch[i:]) || !w.put(c, frames, true, batch[i+1:]) {
				return n, false
			}
			continue
		}
		if w.out = append(w.out, frames...); len(w.out) >= w.server.writeBuffer {
			n += len(w.out)
			if !w.flush(c, batch[i+1:]) {
				return n, false
			}
		}
	}
	n += len(w.out)
	return n, w.flush(c, nil)
}

// flush writes out; false: the rest is held, and after with it.
func (w *writer) flush(c *conn, after []*chat.Delivery) bool {
	if len(w.out) == 0 {
		return true
	}
	out := w.out
	w.out = w.out[:0]
	return w.put(c, out, false, after)
}

// put writes p. What the socket does not take is held, and after with it; p
// itself where it is stable, which means that nobody changes it any more.
func (w *writer) put(c *conn, p []byte, stable bool, after []*chat.Delivery) bool {
	rest := w.write(c, p)
	if len(rest) == 0 {
		return true
	}
	w.forgetFollowed()
	if !c.has(flagDead | flagMute) {
		if !stable {
			rest = bytes.Clone(rest)
		}
		c.held = &held{bytes: rest, deliveries: slices.Clone(after)}
	}
	return false
}

// write returns what the socket did not take.
func (w *writer) write(c *conn, p []byte) []byte {
	blocked := false
	for len(p) > 0 {
		n, err := c.sock.write(p)
		p = p[max(n, 0):]
		w.count.writes.Add(1)
		w.count.traffic[c.dialect.place].bytesOut.Add(uint64(max(n, 0)))
		switch {
		case err == nil:
		case err != errAgain:
			c.mute()
			return p
		case blocked:
			w.count.blocked.Add(1)
			return p
		default:
			// The edge may have come just now, before anybody minded it.
			c.flags.Or(flagBlocked)
			blocked = true
		}
	}
	if c.has(flagBlocked) {
		c.flags.And(^flagBlocked)
	}
	for _, d := range w.followed {
		d.Written()
	}
	w.forgetFollowed()
	return nil
}

// forgetFollowed is for what went out, and for what was held: who reads slowly
// is not what is measured.
func (w *writer) forgetFollowed() {
	clear(w.followed)
	w.followed = w.followed[:0]
}

// kept is a shared delivery's finished frames; of a private one they are
// already in out. The codec is asked first: what all others share may be told
// otherwise to one connection.
func (w *writer) kept(c *conn, d *chat.Delivery) []byte {
	if !c.codec.Shared(d) {
		c.codec.Encode(d, w.private)
		return nil
	}
	w.count.traffic[c.dialect.place].framesOut.Add(1)
	if d.Followed() {
		w.followed = append(w.followed, d)
	}
	format := c.format()
	if b := d.Frames(format); b != nil {
		return b
	}
	w.frame = w.frame[:0]
	c.codec.Encode(d, w.shared)
	b := append([]byte{}, w.frame...) // not nil: that it becomes no frame is kept too
	d.Keep(format, b)
	return b
}

// controls puts what is due of pongs and pings into out.
func (w *writer) controls(c *conn) {
	if c.has(flagPing) {
		c.flags.And(^flagPing)
		w.out = appendFrame(w.out, firstPing, nil)
	}
	if c.has(flagPong) {
		c.mu.Lock()
		c.flags.And(^flagPong)
		w.out = append(w.out, c.pongs...)
		c.pongs = nil
		c.mu.Unlock()
	}
}

// leave says goodbye.
func (w *writer) leave(c *conn) {
	c.mu.Lock()
	w.out = append(w.out, c.bye...)
	c.mu.Unlock()
	c.flags.Or(flagLeft)
	if w.flush(c, nil) {
		w.left(c)
	}
}

// left is what follows once the close frame is out. A peer that has nothing
// more to say is told at once; then its end is read, or the wheel kills.
func (w *writer) left(c *conn) {
	if c.has(flagParting) {
		c.over()
		c.sock.finish()
	}
}
