package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
)

// Profile is what is kept of a user, with presence as others see it;
// CodeNotFound if the user was never heard of.
func (h *Hub) Profile(ctx context.Context, id *Identity, user string) (*User, Presence, error) {
	p, err := h.User(ctx, id, user)
	if err != nil {
		return nil, Presence{}, err
	}
	u, err := h.kept(ctx, userKey{id.Project, user})
	if err != nil {
		return nil, Presence{}, err
	}
	if u.Name == "" {
		u.Name = p.Name
	}
	return u, p, nil
}

// PutProfile changes a user's profile: one's own, or with a server key
// anybody's.
func (h *Hub) PutProfile(ctx context.Context, id *Identity, user string, p Profile) (*User, error) {
	if user == "" {
		user = id.User
	}
	if err := CheckUserID(user); err != nil {
		return nil, err
	}
	if !id.Server && (user != id.User || id.Guest || !id.Has(ScopeSend)) {
		return nil, E(CodeForbidden, "a profile is changed by its user")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := h.limit(id, nil); err != nil {
		return nil, err
	}
	h.profiles.Lock()
	defer h.profiles.Unlock()
	u, err := h.kept(ctx, userKey{id.Project, user})
	if err != nil {
		return nil, err
	}
	if p.Name != nil {
		u.Name = *p.Name
	}
	if p.Avatar != nil {
		u.Avatar = *p.Avatar
	}
	if p.Meta != nil {
		u.Meta = bytes.Clone(p.Meta)
		if string(p.Meta) == "null" {
			u.Meta = nil
		}
	}
	return u, h.store.PutUsers(ctx, []*User{u})
}

// kept is a copy of what the store has of the user, which may be nothing yet.
func (h *Hub) kept(ctx context.Context, key userKey) (*User, error) {
	u, err := h.store.User(ctx, key.project, key.id)
	switch {
	case CodeOf(err) == CodeNotFound:
		return &User{Project: key.project, ID: key.id}, nil
	case err != nil:
		return nil, err
	}
	clone := *u
	return &clone, nil
}

func (p *Profile) check() error {
	if p.Name != nil {
		if err := CheckUserName(*p.Name); err != nil {
			return err
		}
	}
	if p.Avatar != nil && *p.Avatar != "" {
		u, err := url.Parse(*p.Avatar)
		if err != nil || u.Scheme != "https" || u.Host == "" || len(*p.Avatar) > MaxAvatar {
			return E(CodeInvalid, "an avatar is an https URL of at most %d bytes", MaxAvatar)
		}
	}
	switch {
	case len(p.Meta) > MaxMeta:
		return E(CodeTooLarge, "meta is over %d bytes", MaxMeta)
	case p.Meta == nil || string(p.Meta) == "null":
	case !json.Valid(p.Meta) || bytes.TrimSpace(p.Meta)[0] != '{':
		return E(CodeInvalid, "meta is a JSON object")
	}
	return nil
}

// Users of the project that anything is kept of, in id order after the given
// one. It takes a server key.
func (h *Hub) Users(ctx context.Context, id *Identity, after string, limit int) ([]*User, error) {
	if !id.Server {
		return nil, E(CodeForbidden, "the list of users takes a secret key")
	}
	return h.store.Users(ctx, id.Project, after, clamp(limit))
}

// seenLast writes when users were last seen, and leaves the rest of their
// profiles as it is.
func (h *Hub) seenLast(ctx context.Context, users []*User) error {
	h.profiles.Lock()
	defer h.profiles.Unlock()
	merged := make([]*User, len(users))
	for i, u := range users {
		old, err := h.kept(ctx, userKey{u.Project, u.ID})
		if err != nil {
			return err
		}
		old.Status, old.LastSeen = u.Status, u.LastSeen
		if u.Name != "" {
			old.Name = u.Name
		}
		merged[i] = old
	}
	return h.store.PutUsers(ctx, merged)
}
