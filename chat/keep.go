package chat

import (
	"context"
	"slices"
)

// keep gives the session a ticket: the one that it comes back with, and all that
// it was subscribed to, or else a new one. It answers itself, so that the
// subscriptions come after the answer.
func (s *Session) keep(ctx context.Context, req Request, c Keep) error {
	switch {
	case s.kept() != nil:
		return E(CodeExists, "the session has its ticket")
	case !isTicketID(c.Ticket):
		return E(CodeInvalid, "a ticket's id has %d to %d letters and digits", minTicketID, maxTicketID)
	}
	if c.Recovery != nil {
		recovered, err := s.recover(ctx, req, c.Recovery)
		if recovered || err != nil {
			return err
		}
	}
	if c.Device != "" {
		if err := s.setDevice(c.Device); err != nil {
			return err
		}
	}
	k := s.newKeeping(c.Ticket, &ticketRecord{Device: s.deviceID(), Epoch: s.hub.epoch})
	s.adopt(k, false)
	if err := s.hub.writeTicket(ctx, k); err != nil {
		s.disown(k)
		return err
	}
	s.answer(req, &Reply{Ticket: k.ticket()})
	return nil
}

// kept is the session's ticket, or nil.
func (s *Session) kept() *keeping {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ticket
}

func (s *Session) newKeeping(id string, record *ticketRecord) *keeping {
	of := s.Identity()
	k := &keeping{session: s, project: of.Project, id: id, record: *record}
	k.become(&of)
	return k
}

// adopt makes k the session's ticket, with the subscriptions that there are
// already: the hub may have made some. While it recovers, the hub leaves the
// ticket's channels to be placed.
func (s *Session) adopt(k *keeping, recovering bool) {
	s.hub.tickets.hold(k)
	s.mu.Lock()
	s.ticket, s.recovering = k, recovering
	closed := s.closed
	s.mu.Unlock()
	if closed {
		k.leave()
		s.hub.tickets.later(k)
	}
	subs := s.subscriptions()
	slices.SortFunc(subs, func(a, b *subscription) int {
		if a.room.id.Name < b.room.id.Name {
			return -1
		}
		return 1
	})
	for _, sub := range subs {
		sub.room.mu.Lock()
		if name := sub.room.id.Name; !sub.ended && k.missing(name) {
			sub.ticketPlace = k.occupy(name, sub.place(), sub.presence, sub.acks)
		}
		sub.room.mu.Unlock()
	}
}

func (s *Session) disown(k *keeping) {
	s.mu.Lock()
	s.ticket, s.recovering = nil, false
	s.mu.Unlock()
	s.hub.tickets.drop(k)
}

// recover goes on where a ticket's session left off, if that is possible as a
// whole: every channel may be read, and resumed from where the client is.
// What the client has missed is never silently less than that.
func (s *Session) recover(ctx context.Context, req Request, back *Recovery) (bool, error) {
	if !isTicketID(back.Ticket) {
		return false, nil
	}
	s.hub.tickets.claiming.Lock()
	defer s.hub.tickets.claiming.Unlock()
	id := s.Identity()
	record, old, err := s.hub.findTicket(ctx, id.Project, back.Ticket)
	if err != nil || record == nil || !record.serves(&id, back, s.hub) {
		return false, err
	}
	if id.Renames { // --dev believes a ticket as it believes a name
		id.User, id.Name, id.Guest, id.Renames = record.User, record.Name, record.Guest, record.Guest
	}
	beginnings, err := s.prepareAll(ctx, &id, record, back)
	defer func() {
		for _, b := range beginnings {
			s.hub.release(b.room)
		}
	}()
	if err != nil {
		if AsError(err).Retryable() {
			return false, err
		}
		return false, nil
	}
	return true, s.takeOver(ctx, req, id, old, back.Ticket, record, beginnings)
}

// findTicket is the record as its session last had it, if that is here still,
// else as it was stored; nil if there is none. tickets.claiming is held.
func (h *Hub) findTicket(ctx context.Context, project, id string) (*ticketRecord, *keeping, error) {
	key := ticketKey(project, id)
	if old := h.tickets.holder(key); old != nil {
		return old.copy(), old, nil
	}
	record, err := h.loadTicket(ctx, key)
	return record, nil, err
}

// serves reports whether the ticket is good, is the user's, and knows all
// places of which the client speaks.
func (t *ticketRecord) serves(id *Identity, back *Recovery, h *Hub) bool {
	return t.good(h.now()) && (t.User == id.User || id.Renames) && t.Epoch == h.epoch &&
		(len(back.Seqs) == 0 || back.Epoch == h.epoch) && len(back.Seqs) <= len(t.Places)
}

// prepareAll prepares the subscriptions of the ticket's places. The caller must
// release their rooms, after an error too.
func (s *Session) prepareAll(ctx context.Context, id *Identity, t *ticketRecord, back *Recovery) (all []*beginning, err error) {
	for i, p := range t.Places {
		if p.Channel == "" {
			continue
		}
		t.Places[i].Seq = t.from(i, back)
		b, err := s.prepare(ctx, id, Subscribe{
			Channel: p.Channel, From: &Position{s.hub.epoch, t.Places[i].Seq}, Presence: p.Presence, Acks: p.Acks,
		})
		if err != nil {
			return all, err
		}
		all = append(all, b)
	}
	return all, nil
}

// takeOver makes the ticket this session's: the one that had it is dismissed
// and writes it no more.
func (s *Session) takeOver(
	ctx context.Context, req Request, id Identity, old *keeping, ticket string, record *ticketRecord, beginnings []*beginning,
) error {
	if old != nil {
		old.giveUp()
		if !old.gone() {
			old.session.dismiss(E(CodeDisconnected, "the session goes on in another connection"))
		}
	}
	if before := s.Identity(); before.User != id.User {
		s.become(ctx, id)
	}
	if record.Device != "" {
		if err := s.setDevice(record.Device); err != nil {
			return err
		}
	}
	k := s.newKeeping(ticket, record)
	s.adopt(k, true)
	if err := s.hub.writeTicket(ctx, k); err != nil {
		s.disown(k)
		return err
	}
	s.answer(req, &Reply{Ticket: k.ticket(), Recovered: true})
	for _, b := range beginnings {
		if err := s.place(Request{Command: b.wants}, b); err != nil {
			return nil // closed meanwhile: nobody is there to be told
		}
	}
	s.mu.Lock()
	s.recovering = false
	s.mu.Unlock()
	return nil
}

// giveUp waits for a write under way, and lets none follow.
func (k *keeping) giveUp() {
	k.writing.Lock()
	defer k.writing.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.takenOver = true
}

func (k *keeping) copy() *ticketRecord {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.record
	t.Places = slices.Clone(t.Places)
	return &t
}
