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

// maxLooked is how many channels are looked at for one page of those that
// somebody may read.
const maxLooked = 10 * maxLimit

// Channels are the project's channels that id may read, in name order after
// the given name, and what comes after them for the next page; "": this is the
// last. Where there are many that id may not read, a page may have less than
// limit, or nothing.
func (h *Hub) Channels(ctx context.Context, id *Identity, after string, limit int) (list []*Channel, next string, err error) {
	if !id.Has(ScopeRead) {
		return nil, "", E(CodeForbidden, "the token lacks the scope %s", ScopeRead)
	}
	limit = clamp(limit)
	for looked := 0; looked < maxLooked; looked += maxLimit {
		page, err := h.store.Channels(ctx, id.Project, after, maxLimit)
		if err != nil {
			return nil, "", err
		}
		for _, c := range page {
			after = c.ID.Name
			m, err := h.standing(ctx, c, id)
			if err != nil {
				return nil, "", err
			}
			if permit(id, c, m, OpRead) != nil {
				continue
			}
			if list = append(list, c); len(list) == limit {
				return list, after, nil
			}
		}
		if len(page) < maxLimit {
			return list, "", nil
		}
	}
	return list, after, nil
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
	if c.Kind == Direct && c.Public {
		return nil, E(CodeInvalid, "a direct channel is not public")
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
	if err := r.permit(ctx, id, OpSettings); err != nil {
		return nil, err
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
		if _, err := h.putMember(ctx, r, id, Member{User: id.User, Role: Owner}, nil); err != nil {
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
	return h.stand(ctx, id, channel, m.User, func(*Member) (Member, error) { return m, nil })
}

// RemoveMember takes a user's role in a channel away, which has to be there. A
// mute and a ban stay.
func (h *Hub) RemoveMember(ctx context.Context, id *Identity, channel, user string) (Committed, error) {
	if err := h.Permit(ctx, id, channel, OpRead); err != nil {
		return Committed{}, err
	}
	return h.stand(ctx, id, channel, user, func(target *Member) (Member, error) {
		if target == nil {
			return Member{}, E(CodeNotFound, "there is no such member")
		}
		return Member{User: user, Muted: target.Muted, Banned: target.Banned}, nil
	})
}

// standTries bounds how often a standing that others change is decided on anew.
const standTries = 10

// stand commits what change makes of a user's standing. What was decided of one
// standing is never done to another.
func (h *Hub) stand(ctx context.Context, id *Identity, channel, user string, change func(*Member) (Member, error)) (Committed, error) {
	r, err := h.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		return Committed{}, err
	}
	defer h.release(r)
	for try := range standTries {
		was, err := r.member(ctx, user)
		if err != nil {
			return Committed{}, err
		}
		next, err := change(was)
		if err == nil {
			err = r.mayStand(ctx, id, was, &next)
		}
		if err == nil && try == 0 {
			err = h.limit(id, &r.posts)
		}
		if err != nil {
			return Committed{}, err
		}
		if was == nil {
			was = &Member{User: user}
		}
		committed, err := h.putMember(ctx, r, id, next, was)
		if CodeOf(err) != CodeVersion {
			return committed, err
		}
		r.unnote(user)
	}
	return Committed{}, E(CodeUnavailable, "others change this standing all the time")
}

// mayStand decides whether id may make next of a user's standing. Who leaves
// keeps what holds in an open channel for who is no member, too: a mute stays,
// and a reader is muted from there on.
func (r *room) mayStand(ctx context.Context, id *Identity, target, next *Member) error {
	joins := next.User == id.User && next.Role == Ordinary && !next.Muted && !next.Banned &&
		(target == nil || (target.Role == NoRole || target.Role == Ordinary) && !target.Muted)
	if joins && r.permit(ctx, id, OpJoin) == nil {
		return nil
	}
	if next.User == id.User && next.Role == NoRole && target != nil && !target.Banned && !next.Banned {
		next.Muted = target.Muted || target.Role == Reader && r.about().Kind == Open
		return r.permit(ctx, id, OpRead)
	}
	if err := r.permit(ctx, id, OpMembers); err != nil {
		return err
	}
	mine, err := r.member(ctx, id.User)
	if err != nil {
		return err
	}
	return mayGrant(id, mine, target, next)
}

// putMember commits a standing; with was only in place of that one, else
// CodeVersion.
func (h *Hub) putMember(ctx context.Context, r *room, id *Identity, m Member, was *Member) (Committed, error) {
	return h.commit(ctx, r, &Draft{Channel: r.id, Kind: KindMember, Sender: id.User, SenderName: id.Name, Member: &m, Was: was})
}
