package chat

import (
	"context"
	"time"
)

// Channel is a channel's settings as id may see them, and its head.
func (h *Hub) Channel(ctx context.Context, id *Identity, name string) (*Channel, Head, error) {
	r, err := h.readable(ctx, id, name)
	if err != nil {
		return nil, Head{}, err
	}
	defer h.release(r)
	o, err := h.store.Open(ctx, r.id)
	if err == nil && o.Settings == nil {
		err = E(CodeNotFound, "there is no such channel")
	}
	return o.Settings, o.Head, err
}

// Channels are the project's channels that id may read, in name order after
// the given name.
func (h *Hub) Channels(ctx context.Context, id *Identity, after string, limit int) ([]*Channel, error) {
	if !id.Has(ScopeRead) {
		return nil, E(CodeForbidden, "the token lacks the scope %s", ScopeRead)
	}
	var list []*Channel
	for limit = clamp(limit); len(list) < limit; {
		page, err := h.store.Channels(ctx, id.Project, after, maxLimit)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			after = c.ID.Name
			m, err := h.standing(ctx, c, id)
			if err != nil {
				return nil, err
			}
			if permit(id, c, m, OpRead) == nil && len(list) < limit {
				list = append(list, c)
			}
		}
		if len(page) < maxLimit {
			break
		}
	}
	return list, nil
}

// standing reads the user's member record where it can matter.
func (h *Hub) standing(ctx context.Context, c *Channel, id *Identity) (*Member, error) {
	if id.Server || id.User == "" {
		return nil, nil
	}
	m, err := h.store.Member(ctx, c.ID, id.User)
	if CodeOf(err) == CodeNotFound {
		return nil, nil
	}
	return m, err
}

// PutChannel makes a channel, or changes what it is. Who makes one becomes its
// owner. The kind of a direct channel is fixed by its name; without a kind it is
// KindOf the name.
func (h *Hub) PutChannel(ctx context.Context, id *Identity, c Channel) (*Channel, error) {
	if c.Kind == "" {
		c.Kind = KindOf(c.ID.Name)
	}
	if c.Kind != Open && c.Kind != Private && c.Kind != Direct {
		return nil, E(CodeInvalid, "the kind is %q, %q or %q", Open, Private, Direct)
	}
	if (KindOf(c.ID.Name) == Direct) != (c.Kind == Direct) {
		return nil, E(CodeInvalid, "direct channels, and no others, have names beginning with %q", DirectPrefix)
	}
	if err := CheckUserName(c.Title); err != nil {
		return nil, err
	}
	r, err := h.acquire(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	r.managing.Lock()
	defer r.managing.Unlock()
	o, err := h.store.Open(ctx, r.id) // a first use since the room was opened has made it
	if err != nil {
		return nil, err
	}
	old, existed := o.Settings, o.Settings != nil
	if existed || !id.Has(ScopeManage) {
		if err := r.permit(ctx, id, OpSettings); err != nil {
			return nil, err
		}
	}
	if existed && old.Kind != c.Kind && old.Kind == Direct {
		return nil, E(CodeExists, "a direct channel stays one")
	}
	c.CreatedAt = h.now().UTC().Truncate(time.Millisecond)
	if existed {
		c.CreatedAt = old.CreatedAt
	}
	if err := h.store.PutChannel(context.WithoutCancel(ctx), &c); err != nil { // what is done must be known here
		return nil, err
	}
	r.mu.Lock()
	r.settings = &c
	if r.deleted {
		r.deleted = false
		r.forgetMembers()
	}
	r.mu.Unlock()
	if !existed && !id.Server && c.Kind != Direct {
		if _, err := h.putMember(ctx, r, id, Member{User: id.User, Role: Owner}); err != nil {
			return nil, err
		}
	}
	r.recheck(ctx)
	return &c, nil
}

// recheck ends the subscriptions that new settings no longer permit.
func (r *room) recheck(ctx context.Context) {
	r.mu.Lock()
	subs := append(append([]*subscription(nil), r.level...), r.lagging...)
	r.mu.Unlock()
	for _, sub := range subs {
		id := sub.session.Identity()
		if err := r.permit(ctx, &id, OpRead); err != nil {
			sub.session.endSubscription(sub, AsError(err))
		}
	}
}

// Members of a channel, in user order after the given one.
func (h *Hub) Members(ctx context.Context, id *Identity, channel, after string, limit int) ([]*Member, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	return h.store.Members(ctx, r.id, after, clamp(limit))
}

// Member is a user's standing in a channel, or CodeNotFound.
func (h *Hub) Member(ctx context.Context, id *Identity, channel, user string) (*Member, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	return h.store.Member(ctx, r.id, user)
}

// PutMember sets a user's standing. It is an event of the channel's log. Who
// joins an open channel may set oneself to Ordinary, and who leaves any one to
// NoRole; everything else takes a moderator.
func (h *Hub) PutMember(ctx context.Context, id *Identity, channel string, m Member) (Committed, error) {
	switch m.Role {
	case Owner, Moderator, Ordinary, Reader, NoRole:
	default:
		return Committed{}, E(CodeInvalid, "the role is owner, moderator, member, reader or empty")
	}
	if err := CheckUserID(m.User); err != nil {
		return Committed{}, err
	}
	r, err := h.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		return Committed{}, err
	}
	defer h.release(r)
	target, err := r.member(ctx, m.User)
	if err != nil {
		return Committed{}, err
	}
	joins := m.User == id.User && m.Role == Ordinary && !m.Muted && !m.Banned &&
		(target == nil || (target.Role == NoRole || target.Role == Ordinary) && !target.Muted)
	leaves := m.User == id.User && m.Role == NoRole && target != nil && !target.Banned && !m.Banned
	if leaves {
		m.Muted = target.Muted // a mute does not end by leaving
	}
	switch {
	case joins && r.permit(ctx, id, OpJoin) == nil:
	case !leaves:
		if err := r.permit(ctx, id, OpMembers); err != nil {
			return Committed{}, err
		}
		mine, err := r.member(ctx, id.User)
		if err != nil {
			return Committed{}, err
		}
		if err := mayGrant(id, mine, target, &m); err != nil {
			return Committed{}, err
		}
	}
	if err := h.limit(id, &r.posts); err != nil {
		return Committed{}, err
	}
	return h.putMember(ctx, r, id, m)
}

func (h *Hub) putMember(ctx context.Context, r *room, id *Identity, m Member) (Committed, error) {
	return h.commit(ctx, r, &Draft{Channel: r.id, Kind: KindMember, Sender: id.User, SenderName: id.Name, Member: &m})
}
