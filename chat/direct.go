package chat

import "context"

// Direct channels come to a user's devices by themselves, if their dialect can
// show them (Speech.Directs): what is committed in one subscribes those that
// have no subscription, from just before it on. Such a subscription is as any
// other, and catches up as any other; that the hub made it is told before its
// first event.

// openDirects subscribes the devices of the channel's users to what comes after
// the seq at. room.mu is held.
func (r *room) openDirects(at uint64) {
	for _, user := range r.users {
		var few [8]*Session
		for _, s := range r.hub.devices(few[:0], userKey{r.id.Project, user}) {
			if s.speech().Directs {
				s.open(r, at)
			}
		}
	}
}

// open subscribes to a direct channel after the seq at, unless the session
// follows it already. room.mu is held, and by the caller a reference.
func (s *Session) open(r *room, at uint64) {
	keeps := s.speech().Keeps
	s.mu.Lock()
	id := &s.identity
	_, follows := s.subs[r.id.Name]
	if s.closed || follows || keeps && s.ticket == nil || s.recovering && !s.ticket.missing(r.id.Name) || id.Project != r.id.Project || permit(id, r.settings, r.members[id.User], OpRead) != nil {
		s.mu.Unlock()
		return
	}
	if len(s.subs) >= maxSubscriptions {
		s.mu.Unlock()
		s.tell(&Delivery{Notice: &Dropped{Channel: r.id.Name, Err: errSubscriptions()}})
		return
	}
	if s.subs == nil {
		s.subs = make(map[string]*subscription, 1)
	}
	sub := &subscription{session: s, room: r, at: at, opened: true}
	s.subs[r.id.Name] = sub
	k := s.ticket
	s.mu.Unlock()
	if k != nil {
		sub.ticketPlace = k.occupy(r.id.Name, at, false, false)
		s.hub.tickets.later(k)
	}
	sub.redelivery.acked = at
	r.refs.Add(1)
	r.join(sub)
	s.lag(sub)
}

// announce tells of a subscription that the hub made, before its first event
// and once it is known to be permitted.
func (s *Session) announce(ctx context.Context, sub *subscription) error {
	r := sub.room
	id := s.Identity()
	head, cursor, err := r.whereabouts(ctx, &id)
	if err != nil {
		return err
	}
	told := &Subscribed{Channel: r.id.Name, Head: head, Role: r.role(ctx, &id), Cursor: cursor, Place: sub.ticketPlace}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sub.ended {
		return nil
	}
	sub.opened = false
	told.From = Position{s.hub.epoch, sub.at}
	s.tell(&Delivery{Notice: &Opened{Subscribed: told}})
	return nil
}

// whereabouts are the channel's head and how far the user has come in it.
func (r *room) whereabouts(ctx context.Context, id *Identity) (head Head, cursor Cursor, err error) {
	if head, err = r.hub.store.Head(ctx, r.id); err != nil || id.User == "" {
		return head, cursor, err
	}
	cursor, err = r.hub.store.Cursor(ctx, r.id, id.User)
	cursor.Unread = head.unread(cursor)
	return head, cursor, err
}

// awaitsDirect reports whether a device here is to be subscribed to the direct
// channel when something is said there.
func (h *Hub) awaitsDirect(ch ChannelID) bool {
	a, b, direct := DirectUsers(ch.Name)
	if !direct {
		return false
	}
	for _, user := range []string{a, b} {
		for _, s := range h.devices(nil, userKey{ch.Project, user}) {
			if s.speech().Directs {
				return true
			}
		}
	}
	return false
}
