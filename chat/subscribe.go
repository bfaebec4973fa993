package chat

import (
	"context"
	"time"

	"github.com/parley-chat/parley/internal/planted"
)

// subscribe begins a place in a channel's log, or begins it again. It answers
// itself, so that nothing of the channel comes before the answer.
func (s *Session) subscribe(ctx context.Context, req Request, c Subscribe) error {
	id := s.Identity()
	r, err := s.hub.acquire(ctx, ChannelID{id.Project, c.Channel})
	if err != nil {
		return err
	}
	defer s.hub.release(r)
	if err := r.permit(ctx, &id, OpRead); err != nil && !planted.Is("replay_without_authorisation") {
		return err
	}
	head, err := s.hub.store.Head(ctx, r.id)
	if err != nil {
		return err
	}
	from, resumes, err := s.hub.begin(ctx, r.id, head, c)
	if err != nil {
		return err
	}
	reply := &Reply{Head: head, Epoch: s.hub.epoch}
	reply.Subscribed = &Subscribed{Channel: r.id.Name, Head: head, Role: r.role(ctx, &id)}
	if id.User != "" {
		if reply.Subscribed.Cursor, err = s.hub.store.Cursor(ctx, r.id, id.User); err != nil {
			return err
		}
		reply.Subscribed.Cursor.Unread = head.unread(reply.Subscribed.Cursor)
	}
	return s.place(req, reply, r, c, from, resumes)
}

// place puts the subscription among those that lag: Next does the rest. It
// takes the place of the one before, if there is any, so that nobody is seen to
// leave and come.
func (s *Session) place(req Request, reply *Reply, r *room, c Subscribe, from uint64, resumes bool) error {
	sub := &subscription{session: s, room: r, presence: c.Presence && s.Identity().User != "", acks: c.Acks}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.mu.Lock()
	old := s.subs[r.id.Name]
	if s.closed || old == nil && len(s.subs) >= maxSubscriptions {
		s.mu.Unlock()
		return E(CodeTooMany, "at most %d subscriptions a connection", maxSubscriptions)
	}
	if s.subs == nil {
		s.subs = make(map[string]*subscription, 1)
	}
	s.subs[r.id.Name] = sub
	s.mu.Unlock()
	if !resumes {
		from = r.head
	}
	if from != reply.Head.Seq {
		s.hub.countResume(from, reply.Head.Seq)
	}
	sub.at = from
	sub.redelivery.acked = from
	r.refs.Add(1)
	r.join(sub)
	if n := len(r.crowd.subs); c.Presence && n <= smallCrowd {
		r.crowd.flush(r, s.hub.now())
	}
	r.crowd.join(r, sub)
	if old != nil {
		s.drop(old, nil)
	}
	reply.Subscribed.From = Position{s.hub.epoch, from}
	s.answer(req, reply)
	s.lag(sub)
	return nil
}

// begin is the seq after which c wants the log; false: from its head on.
func (h *Hub) begin(ctx context.Context, ch ChannelID, head Head, c Subscribe) (uint64, bool, error) {
	switch {
	case c.From != nil:
		reason := ""
		switch {
		case c.From.Epoch != h.epoch:
			reason = "epoch"
		case c.From.Seq < head.Horizon:
			reason = "horizon"
		case c.From.Seq > head.Seq:
			reason = "ahead"
		case planted.Is("resume_off_by_one"):
			return min(c.From.Seq+1, head.Seq), true, nil
		default:
			return c.From.Seq, true, nil
		}
		return 0, false, h.expired(reason, head)
	case c.FromSequence != nil && *c.FromSequence < head.Next:
		events, err := h.store.Messages(ctx, ch, Page{BySequence: true, Forward: true, After: *c.FromSequence, Limit: 1})
		if err != nil || len(events) == 0 {
			return head.Seq, true, err
		}
		return events[0].Seq - 1, true, nil
	case c.FromSequence != nil:
		return head.Seq, true, nil
	}
	return 0, false, nil
}

func (h *Hub) expired(reason string, head Head) *Error {
	return &Error{
		Code: CodeExpired, Message: "the position cannot be resumed from (" + reason + ")",
		Expired: &Expired{Reason: reason, Oldest: Position{h.epoch, head.Horizon}, Head: Position{h.epoch, head.Seq}},
	}
}

func (s *Session) unsubscribe(channel string) error {
	return s.withSubscription(channel, func(sub *subscription) error {
		s.endSubscription(sub, nil)
		return nil
	})
}

// role is what the user may call itself in the channel.
func (r *room) role(ctx context.Context, id *Identity) Role {
	m, err := r.member(ctx, id.User)
	switch {
	case err == nil && m != nil:
		return m.Role
	case r.settings.Kind == Direct:
		return Ordinary
	}
	return NoRole
}

func (s *Session) expired(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && !s.identity.Expires.IsZero() && !now.Before(s.identity.Expires)
}
