package chat

import "context"

type userKey struct{ project, id string }

// user is somebody who has sessions on this node. Hub.usersMu guards it.
type user struct {
	name     string
	custom   string
	sessions []*Session
}

func (u *user) status() Status {
	for _, s := range u.sessions {
		if !s.away {
			return Online
		}
	}
	return Away
}

// enter counts the session among its user's devices.
func (h *Hub) enter(s *Session, id Identity) {
	if id.User == "" {
		return
	}
	key := userKey{id.Project, id.User}
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	u := h.users[key]
	if u == nil {
		u = &user{}
		h.users[key] = u
	}
	if id.Name != "" {
		u.name = id.Name
	}
	u.sessions = append(u.sessions, s)
}

// depart is the end of enter; when the last device goes, the time is kept, and
// the user's calls do not go on for long.
func (h *Hub) depart(s *Session, id Identity) {
	key := userKey{id.Project, id.User}
	if h.takeDevice(key, s, id) {
		h.calls.absent(h, key)
	}
}

// takeDevice reports whether s was the user's last device.
func (h *Hub) takeDevice(key userKey, s *Session, id Identity) (last bool) {
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	u := h.users[key]
	if u == nil {
		return false
	}
	for i, other := range u.sessions {
		if other == s {
			u.sessions = append(u.sessions[:i], u.sessions[i+1:]...)
			break
		}
	}
	if len(u.sessions) > 0 {
		return false
	}
	delete(h.users, key)
	if !id.Guest {
		h.seen[key] = &User{Project: key.project, ID: key.id, Name: u.name, Status: u.custom, LastSeen: h.now()}
	}
	return true
}

// presence is the user as others see them.
func (h *Hub) presence(project, id string) Presence {
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	p := Presence{User: id, Status: Offline}
	if u := h.users[userKey{project, id}]; u != nil {
		p.Name, p.Status, p.Custom = u.name, u.status(), u.custom
	}
	return p
}

// devices appends the user's sessions on this node to dst.
func (h *Hub) devices(dst []*Session, key userKey) []*Session {
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	if u := h.users[key]; u != nil {
		dst = append(dst, u.sessions...)
	}
	return dst
}

// here reports whether the user has a device on this node.
func (h *Hub) here(key userKey) bool {
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	return h.users[key] != nil
}

// setPresence is what one device says of its user.
func (s *Session) setPresence(p SetPresence) error {
	if p.Status != Online && p.Status != Away && p.Status != "" {
		return E(CodeInvalid, "the status is %q or %q", Online, Away)
	}
	if p.Custom != nil && *p.Custom != "" {
		if err := checkName("status text", *p.Custom, MaxUserName); err != nil {
			return err
		}
	}
	id := s.Identity()
	h := s.hub
	h.usersMu.Lock()
	u := h.users[userKey{id.Project, id.User}]
	if u == nil {
		h.usersMu.Unlock()
		return E(CodeUnauthorized, "presence needs a user")
	}
	if p.Status != "" {
		s.away = p.Status == Away
	}
	if p.Custom != nil {
		u.custom = *p.Custom
	}
	sessions := append([]*Session(nil), u.sessions...)
	h.usersMu.Unlock()
	for _, device := range sessions {
		for _, sub := range device.subscriptions() {
			sub.room.mu.Lock()
			if sub.presence {
				sub.room.crowd.change(sub.room, id.User)
			}
			sub.room.mu.Unlock()
		}
	}
	return nil
}

// User is what others may know of a user: with presence if one is here, else
// as last seen.
func (h *Hub) User(ctx context.Context, id *Identity, name string) (Presence, error) {
	if !id.Has(ScopeRead) {
		return Presence{}, E(CodeForbidden, "the token lacks the scope %s", ScopeRead)
	}
	if err := CheckUserID(name); err != nil {
		return Presence{}, err
	}
	p := h.presence(id.Project, name)
	if p.Status != Offline {
		return p, nil
	}
	h.usersMu.Lock()
	kept := h.seen[userKey{id.Project, name}]
	h.usersMu.Unlock()
	if kept == nil {
		var err error
		if kept, err = h.store.User(ctx, id.Project, name); err != nil {
			return Presence{}, err
		}
	}
	p.Name, p.Custom, p.LastSeen = kept.Name, kept.Status, kept.LastSeen
	return p, nil
}
