package poll

import "github.com/parley-chat/parley/chat"

// plan compares where the client stands with where the session does, before
// anything is drained that would move the latter. A subscription that differs
// counts no more from here on.
func (c *conn) plan(x *exchange) {
	stale := c.refresh(x)
	for _, channel := range c.unlisted(x.request.subs) {
		if p := c.unheard(channel, x.follows); p != nil {
			x.plan = append(x.plan, c.reopen(x, p))
			continue
		}
		command := chat.Unsubscribe{Channel: channel}
		c.settle(command)
		x.plan = append(x.plan, chat.Request{Command: command, Ref: &ref{silent: true}})
	}
	for _, sub := range x.request.subs {
		switch {
		case !x.follows || !c.stands(&sub):
			x.plan = append(x.plan, chat.Request{Command: sub, Ref: &ref{place: c.settle(sub)}})
		case stale[sub.Channel]:
			x.plan = append(x.plan, c.again(sub))
		}
	}
}

// refreshBytes bounds what refresh takes: more than a session's queue holds.
const refreshBytes = 256 << 10

// refresh throws away the events that were queued before the request came: the
// messages that they tell may have been deleted since, and a request is not
// answered with what was deleted before it. It returns their channels.
func (c *conn) refresh(x *exchange) map[string]bool {
	var stale map[string]bool
	for size := 0; size < refreshBytes; {
		var more bool
		x.batch, more = c.session.Next(c.server.ctx, x.batch[:0])
		for _, d := range x.batch {
			if d.Event == nil {
				if n, ok := d.Notice.(*chat.Opened); ok {
					c.open(n)
				}
				x.waiting = append(x.waiting, d)
				continue
			}
			if stale == nil {
				stale = make(map[string]bool)
			}
			size += d.Event.Size()
			stale[d.Event.Channel.Name] = true
		}
		clear(x.batch)
		if !more {
			break
		}
	}
	return stale
}

// again has the log tell what follows the client's place in a channel, as it
// is now. The client need not know.
func (c *conn) again(sub chat.Subscribe) chat.Request {
	c.mu.Lock()
	before := c.places[sub.Channel]
	at, level := before.at, before.level
	c.mu.Unlock()
	sub.From = &at
	p := c.settle(sub)
	p.quiet = level
	return chat.Request{Command: sub, Ref: &ref{place: p, silent: true}}
}

// reopen begins a subscription again that the server began by itself, where it
// did, and has the client told of it.
func (c *conn) reopen(x *exchange, before *place) chat.Request {
	from := before.opened.Subscribed.From
	sub := chat.Subscribe{Channel: before.opened.Subscribed.Channel, From: &from}
	p := c.settle(sub)
	if p.opened = before.opened; before.told {
		x.waiting = append(x.waiting, &chat.Delivery{Notice: p.opened})
	}
	return chat.Request{Command: sub, Ref: &ref{place: p, silent: true}}
}
