package chat

import "context"

// member is the user's standing, or nil.
func (r *room) member(ctx context.Context, user string) (*Member, error) {
	if user == "" {
		return nil, nil
	}
	for {
		r.mu.Lock()
		m, known := r.members[user]
		known = known || r.memberless && r.hinted <= r.head // else somebody may be one since
		changes := r.memberChanges
		r.mu.Unlock()
		if known {
			return m, nil
		}
		m, err := r.hub.store.Member(ctx, r.id, user)
		if err != nil && CodeOf(err) != CodeNotFound {
			return nil, err
		}
		if r.noteUnlessChanged(user, m, changes) {
			return m, nil
		}
	}
}

// noteUnlessChanged remembers a standing as the store gave it, unless a member
// event was applied since changes were counted: what was read may be from
// before it.
func (r *room) noteUnlessChanged(user string, m *Member, changes uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.memberChanges != changes {
		return false
	}
	if m == nil && r.users != nil {
		return true // the first use of a direct channel gives its two a standing without an event
	}
	r.note(user, m)
	return true
}

// unnote has a standing read anew.
func (r *room) unnote(user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, user)
	r.memberless = false
}

// maxMembers bounds how many standings a room remembers.
const maxMembers = 10_000

// note remembers a standing. mu is held.
func (r *room) note(user string, m *Member) {
	if r.members == nil || len(r.members) >= maxMembers {
		r.members = make(map[string]*Member)
	}
	r.members[user] = m
}

// applyMember notes a standing and ends the subscriptions that it forbids.
func (r *room) applyMember(m *Member) {
	r.memberless = false
	r.memberChanges++
	r.note(m.User, m)
	var ended []*subscription
	for _, subs := range [][]*subscription{r.level, r.lagging} {
		for _, sub := range subs {
			id := sub.session.Identity()
			if id.User == m.User && permit(&id, r.settings, m, OpRead) != nil {
				ended = append(ended, sub)
			}
		}
	}
	for _, sub := range ended {
		id := sub.session.Identity()
		sub.session.drop(sub, AsError(permit(&id, r.settings, m, OpRead)))
	}
}
