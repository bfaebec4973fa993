package chat

import (
	"context"
)

// Do carries out one request; its Reply comes through Next. It may wait for
// the store. One call at a time, in the order of frames.
func (s *Session) Do(ctx context.Context, r Request) {
	err := r.Fault
	if err == nil {
		err = s.vouch(ctx, r.Token)
	}
	if err == nil {
		err = s.claim(ctx, r)
	}
	if err != nil {
		s.answer(r, &Reply{Err: AsError(err)})
		return
	}
	if p, ok := r.Command.(Post); ok && p.To != "" {
		id := s.Identity()
		p, err := p.directed(&id)
		if r.Command = p; err != nil {
			s.answer(r, &Reply{Err: AsError(err)})
			return
		}
	}
	if channel, draft := drafted(ctx, r.Command); draft != nil {
		s.post(ctx, r, channel, draft) // answered when it is committed
		return
	}
	switch c := r.Command.(type) { // these answer themselves, at the right moment
	case Subscribe:
		err = s.subscribe(ctx, r, c)
	case Unsubscribe:
		err = s.unsubscribe(ctx, r, c)
	case Keep:
		err = s.keep(ctx, r, c)
	default:
		s.reply(ctx, r)
		return
	}
	if err != nil {
		s.answer(r, &Reply{Err: AsError(err)})
	}
}

// reply carries out what is answered at once.
func (s *Session) reply(ctx context.Context, r Request) {
	reply := &Reply{}
	var err error
	switch c := r.Command.(type) {
	case Authenticate:
		reply.Connected, err = s.reauthenticate(ctx, c.Token)
	case History:
		c.Channel, err = s.history(ctx, c, reply)
		r.Command = c
	case Changes:
		c.Channel, err = s.changes(ctx, c, reply)
		r.Command = c
	case Delivered:
		err = s.delivered(c)
	case Read:
		reply.Cursor, err = s.read(ctx, c)
	case Typing:
		err = s.withSubscription(c.Channel, func(sub *subscription) error { return s.typing(ctx, sub, c.On) })
	case SetPresence:
		err = s.setPresence(c)
	case SetDevice:
		err = s.setDevice(c.ID)
	case Send:
		id := s.Identity()
		err = s.hub.send(ctx, &id, s, c)
	case Ping, nil:
	default:
		err = s.ask(ctx, c, reply)
	}
	if err != nil {
		reply = &Reply{Err: AsError(err)}
	}
	s.answer(r, reply)
}

// drafting makes the draft of what is to become an event, if the identity may.
type drafting func(*room, *Identity) (*Draft, error)

// drafted is how to draft what the command asks for, and where; nil if it does
// not become an event.
func drafted(ctx context.Context, command Command) (channel string, draft drafting) {
	switch c := command.(type) {
	case Post:
		return c.Channel, func(r *room, id *Identity) (*Draft, error) { return r.draft(ctx, id, &c) }
	case Edit:
		return c.Channel, func(r *room, id *Identity) (*Draft, error) { return r.edit(ctx, id, &c) }
	case Delete:
		return c.Channel, func(r *room, id *Identity) (*Draft, error) { return r.delete(ctx, id, &c) }
	case React:
		return c.Channel, func(r *room, id *Identity) (*Draft, error) { return r.reaction(ctx, id, &c) }
	case Pin:
		return c.Channel, func(r *room, id *Identity) (*Draft, error) { return r.pinning(ctx, id, &c) }
	case SetState:
		return c.Channel, func(r *room, id *Identity) (*Draft, error) { return r.stateDraft(ctx, id, &c) }
	}
	return "", nil
}

// Fail queues the answer to a frame that could not be read.
func (s *Session) Fail(err error) { s.answer(Request{}, &Reply{Err: AsError(err)}) }

func (s *Session) answer(r Request, reply *Reply) {
	reply.Ref, reply.Command = r.Ref, r.Command
	if reply.Err != nil {
		s.hub.countError(reply.Err)
	}
	s.tell(&Delivery{Reply: reply})
}

// post queues what draft makes and answers when it is committed. The session
// goes on meanwhile; Ready bounds how many are under way.
func (s *Session) post(ctx context.Context, req Request, channel string, draft drafting) {
	from := s.hub.receive(ctx)
	id := s.Identity()
	r, err := s.hub.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		if p, ok := req.Command.(Post); ok {
			err = p.Batch.asked().Note(err)
		}
		s.answer(req, &Reply{Err: AsError(err)})
		return
	}
	defer s.hub.release(r)
	d, err := draft(r, &id)
	if err != nil {
		s.answer(req, &Reply{Err: AsError(err)})
		return
	}
	d.Session = s.id
	s.mu.Lock()
	s.pending++
	s.mu.Unlock()
	if d.Kind == KindMessage {
		r.mu.Lock()
		r.stopTyping(s)
		r.mu.Unlock()
	}
	s.hub.append(r, d, from, func(c Committed, err error) {
		reply := &Reply{Committed: &c}
		if err != nil {
			reply = &Reply{Err: AsError(err)}
		}
		s.answer(req, reply)
		s.mu.Lock()
		s.pending--
		s.makeRoom()
		s.mu.Unlock()
	})
}

func (s *Session) subscriptions() []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*subscription, 0, len(s.subs))
	for _, sub := range s.subs {
		list = append(list, sub)
	}
	return list
}

// only is the name of the one channel subscribed to, for commands that leave
// the channel out.
func (s *Session) only(channel string) (string, error) {
	if channel != "" {
		return channel, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subs) != 1 {
		return "", E(CodeChannelNeeded, "%d channels are subscribed to: name one", len(s.subs))
	}
	for name := range s.subs {
		channel = name
	}
	return channel, nil
}

func (s *Session) withSubscription(channel string, f func(*subscription) error) error {
	channel, err := s.only(channel)
	if err != nil {
		return err
	}
	sub := s.subscription(channel)
	if sub == nil {
		return E(CodeNotSubscribed, "not subscribed to channel %q", channel)
	}
	return f(sub)
}
