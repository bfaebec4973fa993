package sse

import (
	"context"

	"github.com/parley-chat/parley/chat"
)

// subscribe begins with all the channels and waits until it is known where each
// begins. It fails if none of them does.
func (c *conn) subscribe(ctx context.Context, q *request) error {
	c.borrow()
	defer c.giveBack()
	// Before the first answer, which may change the epoch of all places.
	asks := make([]chat.Request, len(c.places.list))
	for i := range asks {
		asks[i] = c.places.subscribe(&c.places.list[i], q.presence)
	}
	for _, r := range asks {
		c.ask(r)
	}
	for c.owed > 0 {
		ended, why := c.ended()
		more := c.collect(q.presence)
		switch {
		case more || c.owed == 0:
			continue
		case ended && why != nil:
			return why
		case ended:
			return errGone
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return errGone
		case <-c.server.ctx.Done():
			return c.server.leaving()
		}
	}
	if refused := c.places.refusal(); refused != nil {
		return refused
	}
	return nil
}

func (c *conn) ask(r chat.Request) {
	c.owed++
	c.session.Do(c.server.ctx, r)
}

// collect takes the answers out of what comes, and holds the rest: it is bounded
// by the session's queue, since the answers are in it.
func (c *conn) collect(presence bool) (more bool) {
	c.batch, more = c.session.Next(c.server.ctx, c.batch[:0])
	for _, d := range c.batch {
		if d.Reply != nil {
			if pl, ok := d.Reply.Ref.(*place); ok {
				c.owed--
				c.answered(pl, d, presence)
				continue
			}
		}
		c.held = append(c.held, d)
	}
	clear(c.batch)
	return more
}

// answered notes what became of a subscription. Who cannot go on where they
// were are told so, and begin with the oldest event that is kept.
func (c *conn) answered(pl *place, d *chat.Delivery, presence bool) {
	switch err := d.Reply.Err; {
	case d.Reply.Subscribed != nil:
		c.places.begin(pl, d.Reply.Subscribed.From)
	case err == nil:
		pl.refused = chat.E(chat.CodeInternal, "the subscription was not answered")
	case err.Expired != nil && pl.restarts < maxRestarts:
		if pl.restarts == 0 {
			c.server.count.expired.Add(1)
			c.news = append(c.news, d)
		}
		pl.restarts++
		c.ask(c.places.restart(pl, err.Expired.Oldest, presence))
	default:
		pl.refused = err
		c.news = append(c.news, d)
		// The client is to ask again for what it may get later: it does, by the
		// id that has the place where it was.
		c.last = c.last || err.Retryable()
	}
}
