package auth

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/chat"
)

// GuestPrefix begins the ids that the server makes for those who name nobody.
// No token names a user like that: a guest is never somebody's user.
const GuestPrefix = "guest-"

// PassTTL is how long a guest's pass lives. Every visit gives a new one.
const PassTTL = 30 * 24 * time.Hour

// Guest is somebody who came with a publishable key.
type Guest struct {
	User    string
	Pass    string // a token, for coming again as the same; the guest's alone
	Expires time.Time
}

// GuestOf lets in who sent r with a publishable key, in a token's place: the
// guest whose pass it is, or, without one, or with one that counts no more, a
// new one.
func (s *Service) GuestOf(r *http.Request, pass string) (Guest, error) {
	text, err := bearer(r)
	if err != nil {
		return Guest{}, err
	}
	k, err := s.keyOf(text, Publishable)
	if err != nil {
		return Guest{}, err
	}
	if pass != "" {
		former, err := s.identify(r.Context(), pass)
		if err == nil && former.Guest && former.Project == k.Project {
			return s.pass(k, former.User)
		}
	}
	return s.pass(k, newGuest())
}

// pass signs a guest's pass.
func (s *Service) pass(k *key, user string) (Guest, error) {
	now := s.now()
	g := Guest{User: user, Expires: now.Add(PassTTL).Truncate(time.Second)}
	var err error
	g.Pass, err = sign(k.secret, k.ID, claims{
		Subject: user, Project: k.Project,
		IssuedAt: jwt.NewNumericDate(now), Expires: jwt.NewNumericDate(g.Expires),
	})
	return g, err
}

// stranger is a new guest of the publishable key.
func (s *Service) stranger(text string) (chat.Identity, error) {
	k, err := s.keyOf(text, Publishable)
	if err != nil {
		return chat.Identity{}, err
	}
	g, err := s.pass(k, newGuest())
	if err != nil {
		return chat.Identity{}, err
	}
	return visitor(k, chat.Identity{Project: k.Project, User: g.User, Key: k.ID, Issued: s.now(), Pass: g.Pass}), nil
}

// returning is the guest whose pass k has signed. What a guest may do is what
// the key that stands for k now says, not what was so when the pass was made.
func (s *Service) returning(id chat.Identity, k *key, now time.Time) (chat.Identity, error) {
	if !strings.HasPrefix(id.User, GuestPrefix) {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "a publishable key vouches for guests alone")
	}
	s.mu.RLock()
	heir := s.projects[k.Project].heir(k, now)
	s.mu.RUnlock()
	if heir == nil {
		return chat.Identity{}, chat.E(chat.CodeTokenRevoked, "the guest's key was revoked")
	}
	return visitor(heir, id), nil
}

// visitor is id with the rights of k's guests.
func visitor(k *key, id chat.Identity) chat.Identity {
	id.Guest = true
	id.Scopes, id.Channels = slices.Clone(k.Scopes), slices.Clone(k.Channels)
	return id
}
