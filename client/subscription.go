package client

import (
	"context"
	"errors"
	"time"

	"github.com/parley-chat/parley/chat"
)

// SubscribeOptions say where a subscription begins and what it tells. The zero
// value gets what comes from now on.
type SubscribeOptions struct {
	From      Position // what follows it; zero: what comes from now on
	FromStart bool     // in place of From: everything that is still kept
	Presence  bool     // be seen in the channel, and see who is there
	Acks      bool     // acknowledge, for this device, what the handler was given
	// ResetToHead: after a Reset only what comes next; otherwise everything
	// that is still kept comes, from the oldest on.
	ResetToHead bool
}

// errRepeatedGap ends a connection that leaves out the same events twice.
var errRepeatedGap = errors.New("the server leaves out events")

// Subscription is a place in a channel's log. Its handler is called for one
// event at a time, in order, until Close, Client.Close, or a Dropped.
type Subscription struct {
	client  *Client
	channel string
	o       SubscribeOptions
	handler func(Event)
	wake    chan struct{} // of size one
	first   chan error    // what the first subscribe came to; of size one

	// Client.mu guards what follows.
	last      Position  // everything up to here was queued for the handler
	handled   Position  // everything up to here was given to the handler
	ref       uint64    // of the last subscribe
	started   bool      // it was answered once
	live      bool      // what comes counts: subscribed, and nothing lost since
	stalled   bool      // the handler is behind; begin again when it is not
	ended     bool      // nothing more is queued
	closed    bool      // what is queued is not wanted
	notBefore time.Time // when to subscribe again after a refusal; zero: not at all
	gap       uint64    // the seq that was missing last; 0: none was
	queue     []Event
	bytes     int
}

// Subscribe begins a subscription; it returns when the server has answered, on
// whichever connection. A channel has at most one: CodeExists.
func (c *Client) Subscribe(ctx context.Context, channel string, o SubscribeOptions, handler func(Event)) (*Subscription, error) {
	s := newSubscription(c, channel, o, handler)
	c.mu.Lock()
	switch {
	case c.err != nil || c.ctx.Err() != nil:
		c.mu.Unlock()
		return nil, ErrClosed
	case c.subs[channel] != nil:
		c.mu.Unlock()
		return nil, chat.E(chat.CodeExists, "there is a subscription to %q already", channel)
	}
	c.subs[channel] = s
	c.work.Go(s.serve)
	s.begin()
	c.mu.Unlock()
	select {
	case err := <-s.first:
		if err != nil {
			return nil, err
		}
		return s, nil
	case <-ctx.Done():
		s.Close()
		return nil, ctx.Err()
	}
}

func newSubscription(c *Client, channel string, o SubscribeOptions, handler func(Event)) *Subscription {
	s := &Subscription{
		client: c, channel: channel, o: o, handler: handler,
		last: o.From, handled: o.From,
		wake: make(chan struct{}, 1), first: make(chan error, 1),
	}
	if o.FromStart {
		s.last = Position{}
	}
	return s
}

// Channel is the name of the channel.
func (s *Subscription) Channel() string { return s.channel }

// Position is how far the handler has come: everything up to it was handled.
func (s *Subscription) Position() Position {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.handled
}

// Close ends the subscription. The handler may still be running, and is not
// called again after that.
func (s *Subscription) Close() {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	s.closed = true
	s.queue, s.bytes = nil, 0
	if !s.ended {
		s.leave()
		s.end()
	}
}

// begin asks the server for what follows last. Client.mu is held, as for all
// that follows.
func (s *Subscription) begin() {
	c := s.client
	s.live, s.notBefore = false, time.Time{}
	if c.link == nil || s.stalled || s.ended {
		return
	}
	delete(c.byRef, s.ref)
	c.refs++
	s.ref = c.refs
	from := s.last
	if s.o.FromStart && from.IsZero() {
		from = Position{Epoch: "?"} // of no epoch: the refusal tells the oldest
	}
	frame, err := encode(&outgoing{
		Type: "subscribe", Ref: s.ref, ChannelID: s.channel, Position: from,
		Presence: s.o.Presence, Acks: s.o.Acks,
	})
	if err != nil {
		s.drop(chat.AsError(err))
		return
	}
	c.byRef[s.ref] = s
	c.link.send(frame)
}

func (s *Subscription) subscribed(f *incoming) error {
	if f.ref() != s.ref {
		return nil
	}
	e, err := as[Subscribed](f)
	if err != nil {
		return err
	}
	delete(s.client.byRef, s.ref)
	if !s.last.IsZero() && e.Position != s.last {
		s.push(&Reset{ChannelID: s.channel, Reason: "moved", Lost: s.last, From: e.Position}, 0)
	}
	s.live, s.last = true, e.Position
	s.push(e, 0)
	s.answer(nil)
	return nil
}

// refused is the answer to a subscribe.
func (s *Subscription) refused(f *fault) {
	err := f.err()
	switch {
	case err.Expired != nil:
		from := Position(err.Expired.Oldest)
		switch {
		case s.last.IsZero():
		case s.o.ResetToHead:
			from = Position(err.Expired.Head)
			fallthrough
		default:
			s.push(&Reset{ChannelID: s.channel, Reason: err.Expired.Reason, Lost: s.last, From: from}, 0)
		}
		s.last = from
		s.begin()
	case f.Retry:
		wait := err.RetryAfter
		if wait <= 0 {
			wait = s.client.o.Base << 2
		}
		s.notBefore = s.client.o.Now().Add(wait)
		s.client.link.poke()
	default:
		s.drop(err)
	}
}

// event takes an entry of the log if it is the next one, and anything else as
// it comes. A frame of an unknown type that answers nothing and has the next
// seq is an entry.
func (s *Subscription) event(f *incoming) error {
	if !s.live {
		return nil
	}
	e, err := f.logged()
	if err != nil {
		return err
	}
	if e == nil {
		told, err := f.told()
		switch {
		case err != nil:
			return err
		case told != nil:
			s.push(told, len(f.raw))
			return nil
		case f.Ref != nil || f.Seq == 0 || f.Seq != s.last.Seq+1:
			return nil
		}
		e = &Other{Type: f.Type, Seq: f.Seq, Raw: f.raw}
	}
	switch {
	case e.Place() <= s.last.Seq:
		return nil // again: the position, or an ack, was behind
	case e.Place() != s.last.Seq+1:
		return s.lost(e.Place())
	}
	if s.push(e, len(f.raw)) {
		s.last.Seq = e.Place()
	}
	return nil
}

func (s *Subscription) level(f *incoming) error {
	if !s.live {
		return nil
	}
	e, err := as[Level](f)
	if err != nil {
		return err
	}
	if e.Position.Seq > s.last.Seq {
		return s.lost(e.Position.Seq)
	}
	s.push(e, len(f.raw))
	return nil
}

// lost begins again from before a hole; a connection that has the same hole
// twice is given up.
func (s *Subscription) lost(got uint64) error {
	s.push(&Gap{ChannelID: s.channel, After: s.last.Seq, Got: got}, 0)
	if s.gap == s.last.Seq+1 {
		return errRepeatedGap
	}
	s.gap = s.last.Seq + 1
	s.begin()
	return nil
}

// push queues e for the handler. What has a size may find no room: then it is
// not queued, and the subscription pauses until the handler has caught up.
func (s *Subscription) push(e Event, size int) bool {
	if size > 0 && len(s.queue) > 0 && s.bytes+size > s.client.o.MaxQueue {
		s.live, s.stalled = false, true
		s.leave()
		return false
	}
	s.queue = append(s.queue, e)
	s.bytes += size
	s.poke()
	return true
}

// leave tells the server that nothing more is wanted.
func (s *Subscription) leave() {
	if l := s.client.link; l != nil {
		if frame, err := encode(&outgoing{Type: "unsubscribe", ChannelID: s.channel}); err == nil {
			l.send(frame)
		}
	}
}

// drop ends the subscription because of err.
func (s *Subscription) drop(err *chat.Error) {
	if s.started {
		s.push(&Dropped{ChannelID: s.channel, Err: err}, 0)
	}
	s.fail(err)
}

func (s *Subscription) fail(err error) {
	s.answer(err)
	s.end()
}

func (s *Subscription) end() {
	s.ended, s.live = true, false
	if s.client.subs[s.channel] == s {
		delete(s.client.subs, s.channel)
	}
	delete(s.client.byRef, s.ref)
	s.poke()
}

func (s *Subscription) answer(err error) {
	if !s.started {
		s.started = true
		s.first <- err
	}
}

func (s *Subscription) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
