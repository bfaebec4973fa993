package client

import (
	"strconv"

	"github.com/parley-chat/parley/chat"
)

// ref is the number of the request that f answers; 0: of none.
func (f *incoming) ref() uint64 {
	n, err := strconv.ParseUint(string(f.Ref), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// handle is called for each frame, in order. Its error ends the connection.
func (l *link) handle(f *incoming) error {
	c := l.client
	switch f.Type {
	case "ack", "page", "events", "ok", "pins", "snapshot", "channels", "channel", "profile":
		c.mu.Lock()
		defer c.mu.Unlock()
		if p := c.pending[f.ref()]; p != nil {
			c.settle(p, f, nil)
		}
		return nil
	case "error":
		return l.refused(f)
	case "going_away", "expiring":
		return l.warned(f)
	case "connected":
		return l.renewed(f)
	case "call.state":
		return c.called(f)
	case "membership":
		return c.standing(f)
	case "signal":
		if f.ChannelID == "" {
			return c.signalled(f)
		}
	}
	if f.ChannelID == "" {
		return nil
	}
	return c.toSubscription(f)
}

func (l *link) refused(f *incoming) error {
	c := l.client
	e, err := as[fault](f)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ref := f.ref()
	if s := c.byRef[ref]; s != nil {
		delete(c.byRef, ref)
		s.refused(e)
		return nil
	}
	if p := c.pending[ref]; p != nil {
		p.refuse(e)
		return nil
	}
	c.o.Logger.Warn("the server refused a frame", "code", e.Code, "message", e.Message)
	return nil
}

// warned keeps what the server says before it closes the connection.
func (l *link) warned(f *incoming) error {
	e, err := as[fault](f)
	if err != nil {
		return err
	}
	if f.Type == "going_away" {
		e.Code, e.Message = chat.CodeGoingAway, "the server is stopping"
	}
	l.why = e.err()
	return nil
}

func (l *link) renewed(f *incoming) error {
	who, err := as[connected](f)
	if err != nil {
		return err
	}
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.renewal != 0 && f.ref() == l.renewal {
		l.lasts(who.Expires)
		l.poke()
	}
	return nil
}

func (c *Client) signalled(f *incoming) error {
	s, err := as[Signal](f)
	if err == nil && c.o.OnSignal != nil {
		c.states.put(func() { c.o.OnSignal(s) })
	}
	return err
}

func (c *Client) standing(f *incoming) error {
	m, err := as[Membership](f)
	if err == nil && c.o.OnMembership != nil {
		c.states.put(func() { c.o.OnMembership(m) })
	}
	return err
}

func (c *Client) toSubscription(f *incoming) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[f.ChannelID]
	if s == nil && f.Type == "subscribed" {
		return c.opened(f)
	}
	if s == nil {
		return nil
	}
	switch f.Type {
	case "subscribed":
		return s.subscribed(f)
	case "unsubscribed":
		return nil
	case "level":
		return s.level(f)
	case "dropped":
		e, err := as[fault](f)
		if err == nil {
			s.drop(e.err())
		}
		return err
	}
	return s.event(f)
}

// opened takes over a subscription that the server has begun. mu is held.
func (c *Client) opened(f *incoming) error {
	e, err := as[Subscribed](f)
	if err != nil || !e.Direct || c.o.OnDirect == nil || c.ctx.Err() != nil {
		return err
	}
	s := newSubscription(c, f.ChannelID, SubscribeOptions{From: e.Position}, nil)
	s.started, s.live = true, true
	s.push(e, 0)
	c.subs[s.channel] = s
	c.work.Go(func() {
		if s.handler = c.o.OnDirect(s); s.handler == nil {
			s.Close()
		}
		s.serve()
	})
	return nil
}
