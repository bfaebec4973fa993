package chat

import (
	"context"
	"slices"
)

// A user's devices are told when they come into a channel, are something else
// in it, or are out of it. This is a hint beside the log and the list of their
// channels, which have it before: who was not connected, or whose node did not
// hear of it, reads the list.

// tellMemberships tells those whose membership e changes: of a member event its
// user, and of the event with which a direct channel comes to be both. mu is
// held.
func (r *room) tellMemberships(e *Event) {
	if e.Kind == KindMember && e.Member != nil {
		r.tellMembership(e, e.Member)
	}
	if r.users == nil || e.Seq != r.first {
		return
	}
	for _, user := range r.users {
		if e.Member == nil || e.Member.User != user {
			r.tellMembership(e, &Member{User: user})
		}
	}
}

// tellMembership tells the devices of m's user, as far as their credentials
// reach the channel: who may not list it is not told that there is one.
func (r *room) tellMembership(e *Event, m *Member) {
	if r.users != nil && !slices.Contains(r.users, m.User) {
		return
	}
	r.tellDevices(&Signal{Kind: SignalMembership, Channel: r.id, User: m.User, Role: r.membership(m), At: e.At})
}

// tellDevices tells the devices of its user what a membership is now.
func (r *room) tellDevices(s *Signal) {
	d := newSignalDelivery(s, nil)
	var few [8]*Session
	for _, device := range r.hub.devices(few[:0], userKey{r.id.Project, s.User}) {
		if id := device.Identity(); id.User == s.User && id.Has(ScopeRead) && id.Covers(r.id.Name) {
			device.offerSignal(d)
		}
	}
}

// membership is what a standing comes to: who is banned is out, and a direct
// channel's users are in it whatever their role.
func (r *room) membership(m *Member) Role {
	switch {
	case m.Banned:
		return NoRole
	case r.users != nil && m.Role == NoRole:
		return Ordinary
	}
	return m.Role
}

// hearForUsers takes a hint for a channel that nobody here has to do with: the
// users of a direct one, or whose standing changed, may have devices here.
func (h *Hub) hearForUsers(hint Hint) {
	changed := hint.Member != "" && h.here(userKey{hint.Channel.Project, hint.Member})
	if CheckChannelName(hint.Channel.Name) != nil || !changed && !h.awaitsDirect(hint.Channel) {
		return
	}
	r := h.hold(hint.Channel)
	r.hint(hint)
	loading := h.spawn(func(ctx context.Context) {
		defer h.release(r)
		if err := r.load(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("load a channel for its users", "channel", r.id.Name, "err", err) // the hint comes again
		}
	})
	if !loading {
		h.release(r)
	}
}
