package chat

import "context"

// delivered acknowledges for this device, and moves the user's cursor, which
// is written within a second and may fall back in a crash.
func (s *Session) delivered(c Delivered) error {
	return s.withSubscription(c.Channel, func(sub *subscription) error {
		r := sub.room
		user := s.Identity().User
		r.mu.Lock()
		seq := min(c.Seq, sub.place())
		sub.acknowledge(seq, s.hub)
		r.mu.Unlock()
		if user == "" || seq == 0 {
			return nil
		}
		key := cursorKey{r.id, user}
		s.hub.watchMu.Lock()
		s.hub.delivered[key] = max(s.hub.delivered[key], seq)
		s.hub.watchMu.Unlock()
		return nil
	})
}

// read finds which channel is meant, and moves the cursor there.
func (s *Session) read(ctx context.Context, c Read) (*Cursor, error) {
	id := s.Identity()
	if err := s.hub.limitSigns(&id, nil); err != nil {
		return nil, err
	}
	if c.Channel != "" || c.ID == "" {
		channel, err := s.only(c.Channel)
		if err != nil {
			return nil, err
		}
		c.Channel = channel
		return s.hub.moveRead(ctx, &id, s, c)
	}
	for _, sub := range s.subscriptions() {
		c.Channel = sub.room.id.Name
		cursor, err := s.hub.moveRead(ctx, &id, s, c)
		if CodeOf(err) != CodeNotFound {
			return cursor, err
		}
	}
	return nil, E(CodeNotFound, "no such message in the channels subscribed to")
}

// MarkRead moves the user's read cursor, commits, and tells the others of it. A
// cursor never moves back; asking for it is no error.
func (h *Hub) MarkRead(ctx context.Context, id *Identity, c Read) (*Cursor, error) {
	if err := h.limitSigns(id, nil); err != nil {
		return nil, err
	}
	return h.moveRead(ctx, id, nil, c)
}

func (h *Hub) moveRead(ctx context.Context, id *Identity, from *Session, c Read) (*Cursor, error) {
	r, err := h.acquire(ctx, ChannelID{id.Project, c.Channel})
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	if id.User == "" {
		return nil, E(CodeInvalid, "a cursor is a user's: name one")
	}
	if err := r.permit(ctx, id, OpCursor); err != nil {
		return nil, err
	}
	if c.ID != "" {
		m, err := h.store.Message(ctx, r.id, c.ID)
		if err != nil {
			return nil, err
		}
		c.Seq = m.Seq
	}
	head, err := h.store.Head(ctx, r.id)
	if err != nil {
		return nil, err
	}
	c.Seq = min(c.Seq, head.Seq)
	move := Cursor{Channel: r.id, User: id.User, Delivered: c.Seq, Read: c.Seq, ReadAt: h.now()}
	last, err := h.store.Messages(ctx, r.id, Page{Before: c.Seq + 1, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(last) > 0 {
		move.ReadNext = last[0].Sequence + 1
		if c.ID == "" {
			c.ID = last[0].ID // some dialects name messages, and have no seqs
		}
	}
	moved, err := h.store.MoveCursors(ctx, []Cursor{move})
	if err != nil {
		return nil, err
	}
	moved[0].Unread = head.unread(moved[0])
	if h.limitChannel(id, &r.signals) != nil {
		return &moved[0], nil // there is too much to tell
	}
	told := &Signal{Kind: SignalRead, Channel: r.id, User: id.User, Seq: min(c.Seq, moved[0].Read), ID: c.ID, At: move.ReadAt}
	from.sign(told)
	r.tell(newSignalDelivery(told, from.others()))
	return &moved[0], nil
}

// Cursors of a channel, in user order after the given one.
func (h *Hub) Cursors(ctx context.Context, id *Identity, channel, after string, limit int) ([]Cursor, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	head, err := h.store.Head(ctx, r.id)
	if err != nil {
		return nil, err
	}
	list, err := h.store.Cursors(ctx, r.id, after, clamp(limit))
	for i := range list {
		list[i].Unread = head.unread(list[i])
	}
	return list, err
}

// tellCursor sends a cursor's signal where the channel is followed.
func (h *Hub) tellCursor(s *Signal) {
	if r := h.lookup(s.Channel); r != nil {
		r.tell(newSignalDelivery(s, nil))
		h.release(r)
	}
}

// tell is signal for who does not hold mu.
func (r *room) tell(d *Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signal(d)
}

// cursorsLocked are the cursors of who is present, for who becomes level.
func (r *room) cursorsLocked() []Cursor {
	var list []Cursor
	for user := range r.crowd.subs {
		if len(list) == smallCrowd {
			break
		}
		c, err := r.hub.store.Cursor(r.hub.ctx, r.id, user)
		if err == nil && c.Read+c.Delivered > 0 {
			list = append(list, c)
		}
	}
	return list
}
