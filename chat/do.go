package chat

import (
	"context"
)

// Do carries out one request; its Reply comes through Next. It may wait for
// the store. One call at a time, in the order of frames.
func (s *Session) Do(ctx context.Context, r Request) {
	if err := s.claim(r); err != nil {
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
	reply := &Reply{}
	var err error
	switch c := r.Command.(type) {
	case Subscribe:
		err = s.subscribe(ctx, r, c)
		if err == nil {
			return // answered before the first event, under the room's lock
		}
	case Unsubscribe:
		err = s.unsubscribe(c.Channel)
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

// claim holds what a frame says of its sender against who the session is. Only
// under --dev does it decide: the first frame that names a user names the
// session.
func (s *Session) claim(r Request) error {
	if r.User == "" {
		return nil
	}
	s.mu.Lock()
	id := s.identity
	s.mu.Unlock()
	switch {
	case id.Renames:
		if err := CheckUserID(r.User); err != nil {
			return err
		}
		if err := CheckUserName(r.Name); err != nil {
			return err
		}
		next := id
		next.User, next.Name, next.Renames, next.Guest = r.User, r.Name, false, false
		s.become(next)
	case id.Anonymous():
		return E(CodeUnauthorized, "a frame that names its sender needs a token")
	case id.User != r.User:
		return E(CodeForeignSender, "the frame claims to be from %q", r.User)
	}
	return nil
}

// become makes the session another identity's, wherever it is seen.
func (s *Session) become(next Identity) {
	before := s.Identity()
	subs := s.subscriptions()
	for _, sub := range subs {
		sub.room.mu.Lock()
		if !sub.ended {
			sub.room.stopTyping(s)
			sub.room.crowd.leave(sub.room, sub)
		}
		sub.room.mu.Unlock()
	}
	s.mu.Lock()
	s.identity = next
	s.mu.Unlock()
	s.hub.depart(s, before)
	s.hub.enter(s, next)
	for _, sub := range subs {
		sub.room.mu.Lock()
		if !sub.ended {
			sub.room.crowd.join(sub.room, sub)
		}
		sub.room.mu.Unlock()
	}
}

func (s *Session) reauthenticate(ctx context.Context, token string) (*Connected, error) {
	if s.hub.authenticate == nil {
		return nil, E(CodeUnauthorized, "tokens are not taken here")
	}
	next, err := s.hub.authenticate(ctx, token)
	if err != nil {
		return nil, err
	}
	if next.Project == "" {
		return s.connected(), nil // --dev: the token says nothing of who this is
	}
	now := s.Identity()
	switch {
	case now.Anonymous() || now.Guest || now.Renames:
		if len(s.subscriptions()) > 0 && now.Project != next.Project {
			return nil, E(CodeForbidden, "the token is of another project")
		}
		s.become(next)
	case now.Project != next.Project || now.User != next.User:
		return nil, E(CodeForeignSender, "the token is of another user than the session")
	default:
		s.mu.Lock()
		s.identity = next
		s.mu.Unlock()
	}
	return s.connected(), nil
}

func (s *Session) connected() *Connected {
	id := s.Identity()
	return &Connected{Session: s.id, User: id.User, Name: id.Name, Guest: id.Guest, Pass: id.Pass, Expires: id.Expires}
}

// post queues what draft makes and answers when it is committed. The session
// goes on meanwhile; Ready bounds how many are under way.
func (s *Session) post(ctx context.Context, req Request, channel string, draft drafting) {
	from := s.hub.receive(ctx)
	id := s.Identity()
	r, err := s.hub.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
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
