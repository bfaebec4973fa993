package chat

import (
	"context"
	"slices"
)

func channelDeleted(name string) *Error { return E(CodeDeleted, "channel %q was deleted", name) }

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
	if err := r.permit(ctx, id, OpSettings); err != nil {
		return err
	}
	if name == BroadcastChannel {
		return E(CodeForbidden, "every project has a channel %q", name)
	}
	head, err := h.store.DeleteChannel(ctx, r.id)
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

// isDeleted reports that only who makes the channel again may do anything there.
func (r *room) isDeleted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deleted
}

// end has the room forget its channel, of which nothing is left but that head.
func (r *room) end(head Head) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings = &Channel{ID: r.id, Kind: KindOf(r.id.Name)}
	r.deleted = r.users == nil
	r.head = max(r.head, head.Seq)
	r.hinted = max(r.hinted, r.head)
	r.ring, r.pages = ring{}, nil
	r.rewrites++ // what is being read is no longer so
	for _, sub := range slices.Concat(r.level, r.lagging) {
		sub.session.drop(sub, channelDeleted(r.id.Name))
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
	err := h.store.Purge(ctx, r.id)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetMembers()
	return err
}
