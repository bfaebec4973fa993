package sse

import (
	"context"
	"time"

	"github.com/parley-chat/parley/chat"
)

// writePart is how many bytes have the deadline of one write to themselves.
const writePart = 16 << 10

// heartbeat is a comment, which clients pass over.
const heartbeat = ":\n\n"

// run is the stream, from its first event on.
func (c *conn) run(ctx context.Context) {
	header(c.writer)
	if c.begin() != nil {
		return
	}
	beat := time.NewTimer(c.server.o.Heartbeat)
	defer beat.Stop()
	for !c.last {
		// What was queued before is written, or was.
		ended, _ := c.ended()
		wrote, err := c.drain(ctx)
		if err != nil || ended {
			return
		}
		if wrote {
			beat.Reset(c.server.o.Heartbeat)
		}
		if c.last {
			return
		}
		select {
		case <-c.wake:
		case <-beat.C:
			if c.beat() != nil {
				return
			}
			beat.Reset(c.server.o.Heartbeat)
		case <-ctx.Done():
			return
		case <-c.server.ctx.Done():
			return
		}
	}
}

// begin writes the first event, then what is to be said of subscriptions, then
// what came meanwhile.
func (c *conn) begin() error {
	c.borrow()
	defer c.giveBack()
	id := c.session.Identity()
	first := &chat.Connected{Session: c.session.ID(), User: id.User, Name: id.Name, Guest: id.Guest, Pass: id.Pass, Expires: id.Expires}
	c.codec.Encode(&chat.Delivery{Reply: &chat.Reply{Connected: first}}, func(frame []byte) {
		c.out = append(c.places.appendID(append(c.out, frame...)), '\n')
	})
	for _, d := range c.news {
		c.private(d)
	}
	for _, d := range c.held {
		c.take(d)
	}
	c.news, c.held = nil, nil
	if err := c.flush(); err != nil {
		return err
	}
	return c.control.Flush() // the header, if there was no more
}

// beat writes a comment.
func (c *conn) beat() error {
	c.borrow()
	defer c.giveBack()
	c.out = append(c.out, heartbeat...)
	return c.flush()
}

// drain writes all there is, several events at once.
func (c *conn) drain(ctx context.Context) (wrote bool, err error) {
	c.borrow()
	defer c.giveBack()
	for more := true; more && ctx.Err() == nil; {
		c.batch, more = c.session.Next(c.server.ctx, c.batch[:0])
		for _, d := range c.batch {
			c.take(d)
			if len(c.out) >= c.server.o.WriteBuffer {
				wrote = true
				if err := c.flush(); err != nil {
					return wrote, err
				}
			}
		}
		clear(c.batch)
	}
	wrote = wrote || len(c.out) > 0
	return wrote, c.flush()
}

// take appends what d becomes to what is written next.
func (c *conn) take(d *chat.Delivery) {
	switch {
	case d.Event != nil:
		c.event(d)
	case d.Reply != nil && d.Reply.Connected != nil: // it was the first event
	case d.Reply != nil, d.Notice != nil:
		c.private(d)
		c.notice(d.Notice)
	default:
		c.append(d, false)
	}
}

// event appends an event with its id: the place that the stream has when the
// client has got it.
func (c *conn) event(d *chat.Delivery) {
	c.places.pass(d.Event.Channel.Name, d.Event.Seq)
	c.append(d, true)
}

// notice keeps the places up to date.
func (c *conn) notice(n chat.Notice) {
	switch n := n.(type) {
	case *chat.Level:
		c.places.pass(n.Channel, n.Position.Seq)
	case *chat.Dropped:
		c.places.end(n.Channel)
		c.last = c.last || c.places.open == 0
	}
}

// append writes a delivery that others may share: its lines are encoded once.
func (c *conn) append(d *chat.Delivery, durable bool) {
	if !c.codec.Shared(d) {
		c.private(d)
		return
	}
	lines := d.Frames(c.format)
	if lines == nil {
		c.frame = c.frame[:0]
		c.codec.Encode(d, func(frame []byte) {
			if len(c.frame) > 0 {
				c.frame = append(c.frame, '\n')
			}
			c.frame = append(c.frame, frame...)
		})
		lines = append([]byte{}, c.frame...) // not nil: that it becomes nothing is kept too
		d.Keep(c.format, lines)
	}
	if len(lines) == 0 {
		return
	}
	c.out = append(c.out, lines...)
	if durable {
		c.out = c.places.appendID(c.out)
	}
	c.out = append(c.out, '\n')
	c.server.count.events.Add(1)
	if d.Followed() {
		c.followed = append(c.followed, d)
	}
}

// private writes what is to this client alone.
func (c *conn) private(d *chat.Delivery) {
	c.codec.Encode(d, func(frame []byte) {
		c.out = append(c.out, frame...)
		if d.Event != nil {
			c.out = c.places.appendID(c.out)
		}
		c.out = append(c.out, '\n')
		c.server.count.events.Add(1)
	})
}

// flush sends what was appended. A client that takes it slowly is waited for; one
// that takes nothing is not.
func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	for rest := c.out; len(rest) > 0; {
		part := rest[:min(len(rest), writePart)]
		rest = rest[len(part):]
		if !c.allow() {
			return errGone
		}
		if _, err := c.writer.Write(part); err != nil {
			return err
		}
	}
	if err := c.control.Flush(); err != nil {
		return err
	}
	c.server.count.writes.Add(1)
	c.server.count.bytes.Add(uint64(len(c.out)))
	for _, d := range c.followed {
		d.Written()
	}
	clear(c.followed)
	c.followed = c.followed[:0]
	c.out = c.out[:0]
	return nil
}
