package chat

import (
	"context"
	"slices"
	"time"
)

// ChannelDeleted says that only who makes the channel again may do anything there.
func ChannelDeleted(name string) *Error { return E(CodeDeleted, "channel %q was deleted", name) }

// StillDeleted says of a channel that it is not free yet for what comes next.
func StillDeleted(name string) *Error {
	err := E(CodeUnavailable, "channel %q is still being deleted", name)
	err.RetryAfter = time.Second
	return err
}

// DeleteChannel deletes a channel with all that is kept of it. When it returns,
// nobody follows the channel any more or can read of it what was there; members
// are told that they are out of it. Only who makes it again brings it back, empty;
// a direct channel comes again with what is said in it next.
func (h *Hub) DeleteChannel(ctx context.Context, id *Identity, name string) error {
	r, err := h.acquire(ctx, ChannelID{id.Project, name})
	if err != nil {
		return err
	}
	defer h.release(r)
	r.managing.Lock()
	defer r.managing.Unlock()
	if err := r.permit(ctx, id, OpSettings); err != nil {
		return err
	}
	if name == BroadcastChannel {
		return E(CodeForbidden, "every project has a channel %q", name)
	}
	head, err := h.store.DeleteChannel(context.WithoutCancel(ctx), r.id) // what is done must be known here
	if err != nil {
		return err
	}
	r.end(head)
	if h.bus != nil {
		h.bus.Publish(Hint{Channel: r.id, Seq: head.Seq})
	}
	r.refs.Add(1)
	cleared := h.spawn(func(ctx context.Context) {
		defer h.release(r)
		if err := r.clear(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("remove what is left of a deleted channel", "channel", name, "err", err) // Expire goes on with it
		}
	})
	if !cleared {
		h.release(r)
	}
	return nil
}

// isShut reports that nothing may be done in a channel but to make it again; and
// not even that in a direct one, which is so only as long as it is emptied.
func (r *room) isShut(o Opening) bool { return o.Head.Deleted && (r.users == nil || o.Emptying) }

// gone is why nothing may be done in the channel, if it was deleted.
func (r *room) gone(ctx context.Context) error {
	r.mu.Lock()
	deleted, first := r.deleted, r.first
	r.mu.Unlock()
	switch {
	case !deleted:
		return nil
	case r.users == nil:
		return ChannelDeleted(r.id.Name)
	}
	o, err := r.hub.store.Open(ctx, r.id) // whoever has emptied it
	if err != nil {
		return err
	}
	if r.isShut(o) {
		return StillDeleted(r.id.Name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first != first { // it was deleted once more meanwhile
		return StillDeleted(r.id.Name)
	}
	r.deleted = false
	r.forgetMembers()
	return nil
}

// end has the room forget its channel, of which nothing is left but that head.
func (r *room) end(head Head) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings = &Channel{ID: r.id, Kind: KindOf(r.id.Name)}
	r.deleted, r.first = true, head.Seq+1
	r.head = max(r.head, head.Seq)
	r.hinted = max(r.hinted, r.head)
	r.ring, r.pages = ring{}, nil
	r.rewrites++ // what is being read is no longer so
	for _, sub := range slices.Concat(r.level, r.lagging) {
		var why *Error
		if !sub.opened { // else its client does not know of it
			why = ChannelDeleted(r.id.Name)
		}
		sub.session.drop(sub, why)
	}
	r.forgetMembers()
}

// forgetMembers has standings read again. mu is held.
func (r *room) forgetMembers() {
	r.members, r.memberless = nil, false
	r.memberChanges++
}

// clear tells the members of a deleted channel that they are out of it, and
// removes what is left of it.
func (r *room) clear(ctx context.Context) error {
	h := r.hub
	for after := ""; ; {
		members, err := h.store.Members(ctx, r.id, after, maxLimit)
		if err != nil {
			return err
		}
		for _, m := range members {
			after = m.User
			if m.Role != NoRole || r.users != nil {
				r.tellDevices(&Signal{Kind: SignalMembership, Channel: r.id, User: m.User, At: h.now()})
			}
		}
		if len(members) < maxLimit {
			break
		}
	}
	return h.store.Purge(ctx, r.id)
}
