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
	b, err := s.prepare(ctx, &id, c)
	if err != nil {
		return err
	}
	defer s.hub.release(b.room)
	if err := s.note(ctx, b); err != nil {
		return err
	}
	if err := s.place(req, b); err != nil {
		if k := s.kept(); k != nil && s.subscription(c.Channel) == nil {
			k.vacate(c.Channel)
			s.hub.tickets.later(k)
		}
		return err
	}
	return nil
}

// beginning is a subscription that may be made: the room is acquired, the right
// was asked for, and where it begins is known.
type beginning struct {
	room    *room
	wants   Subscribe
	from    uint64
	resumes bool // from there; else it goes on where the session's present one is
	noted   bool // or else begins there, as the ticket says, and not at the head as it is then
	reply   *Reply
}

// prepare finds out whether and from where a channel can be subscribed to. The
// caller must release the room.
func (s *Session) prepare(ctx context.Context, id *Identity, c Subscribe) (*beginning, error) {
	r, err := s.hub.acquire(ctx, ChannelID{id.Project, c.Channel})
	if err != nil {
		return nil, err
	}
	b := &beginning{room: r, wants: c, reply: &Reply{Epoch: s.hub.epoch}}
	if err := b.look(ctx, id); err != nil {
		s.hub.release(r)
		return nil, err
	}
	return b, nil
}

func (b *beginning) look(ctx context.Context, id *Identity) (err error) {
	r := b.room
	if err := r.permit(ctx, id, OpRead); err != nil && !planted.Is("replay_without_authorisation") {
		return err
	}
	told := &Subscribed{Channel: r.id.Name, Role: r.role(ctx, id)}
	if told.Head, told.Cursor, err = r.whereabouts(ctx, id); err != nil {
		return err
	}
	b.reply.Head, b.reply.Subscribed = told.Head, told
	if b.from, b.resumes, err = r.hub.begin(ctx, r.id, told.Head, b.wants); err == nil {
		r.await(ctx, told.Head.Seq)
	}
	return err
}

// await waits a moment until the room has heard of seq, which is durable: until
// then nobody who was told of it is level, and signals would pass them by.
func (r *room) await(ctx context.Context, seq uint64) {
	for n := range 10 {
		r.mu.Lock()
		if n > 0 { // it is not merely on its way
			r.hinted = max(r.hinted, seq)
			r.fillLocked()
		}
		there := r.head >= seq
		r.mu.Unlock()
		if there || ctx.Err() != nil {
			return
		}
		r.hub.pause(ctx, time.Millisecond)
	}
}

// place puts the subscription among those that lag: Next does the rest. It
// takes the place of the one before, if there is any, so that nobody is seen to
// leave and come, and nothing that the client still waits for is passed over.
func (s *Session) place(req Request, b *beginning) error {
	r, reply := b.room, b.reply
	sub := &subscription{session: s, room: r, presence: b.wants.Presence && s.Identity().User != "", acks: b.wants.Acks}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.mu.Lock()
	old := s.subs[r.id.Name]
	if s.closed || old == nil && len(s.subs) >= maxSubscriptions {
		s.mu.Unlock()
		return errSubscriptions()
	}
	if s.subs == nil {
		s.subs = make(map[string]*subscription, 1)
	}
	s.subs[r.id.Name] = sub
	k := s.ticket
	s.mu.Unlock()
	from := b.from
	switch {
	case b.resumes:
	case old != nil:
		from = old.place()
	case b.noted:
	default:
		from = r.head
	}
	if from != reply.Head.Seq {
		s.hub.countResume(from, reply.Head.Seq)
	}
	sub.at, sub.told = from, reply.Head.Seq
	sub.redelivery.acked = from
	r.refs.Add(1)
	r.join(sub)
	if n := len(r.crowd.subs); b.wants.Presence && n <= smallCrowd {
		r.crowd.flush(r, s.hub.now())
	}
	r.crowd.join(r, sub)
	if old != nil {
		s.drop(old, nil)
	}
	if k != nil {
		sub.ticketPlace = k.place(r.id.Name)
	}
	reply.Subscribed.From, reply.Subscribed.Place = Position{s.hub.epoch, from}, sub.ticketPlace
	s.answer(req, reply)
	s.lag(sub)
	return nil
}

func errSubscriptions() *Error {
	return E(CodeTooMany, "at most %d subscriptions a connection", maxSubscriptions)
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

// unsubscribe ends a subscription. It answers itself, so that what is said in a
// direct channel afterwards opens it after the answer. What was said there
// before and is still on its way is said anew: to an unsubscription it is what
// comes next.
func (s *Session) unsubscribe(ctx context.Context, req Request, c Unsubscribe) error {
	return s.withSubscription(c.Channel, func(sub *subscription) error {
		r := sub.room
		if err := s.noteEnd(ctx, r.id.Name); err != nil {
			return err
		}
		r.refs.Add(1)
		defer s.hub.release(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		place, unread := sub.place(), sub.place() < r.head && !sub.ended
		s.drop(sub, nil)
		s.answer(req, &Reply{})
		if unread && r.users != nil && s.speech().Directs {
			s.open(r, place)
		}
		return nil
	})
}

// note has the ticket, if there is one, say that the subscription begins.
func (s *Session) note(ctx context.Context, b *beginning) error {
	k := s.kept()
	if k == nil {
		return nil
	}
	channel := b.room.id.Name
	if !b.resumes {
		if !k.missing(channel) {
			return nil // it goes on at its place
		}
		b.from, b.noted = b.reply.Head.Seq, true
	}
	before := k.at(channel)
	i := k.occupy(channel, b.from, b.wants.Presence, b.wants.Acks)
	err := s.hub.writeTicket(ctx, k)
	if err != nil {
		k.restore(i, before)
	}
	return err
}

// noteEnd has the ticket, if there is one, say that the subscription ends.
func (s *Session) noteEnd(ctx context.Context, channel string) error {
	k := s.kept()
	if k == nil || k.missing(channel) {
		return nil
	}
	i, before := k.place(channel), k.at(channel)
	k.vacate(channel)
	err := s.hub.writeTicket(ctx, k)
	if err != nil {
		k.restore(i, before)
	}
	return err
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
