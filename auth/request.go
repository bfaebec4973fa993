package auth

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// FromRequest is who sent r, by its bearer token, or else by the query's
// `token`. Without one it is nobody, who may read public channels; under Dev it
// is who the query's `userId` and `userName` say, or a guest.
func (s *Service) FromRequest(r *http.Request) (chat.Identity, error) {
	token, err := bearer(r)
	if err != nil && !s.dev {
		return chat.Identity{}, err
	}
	if s.dev {
		return s.believe(r, token)
	}
	if token == "" {
		return chat.Identity{Project: chat.DefaultProject}, nil
	}
	return s.identify(r.Context(), token)
}

func bearer(r *http.Request) (string, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return r.URL.Query().Get("token"), nil
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", chat.E(chat.CodeUnauthorized, "the Authorization header reads Bearer, a space and a token")
	}
	return strings.TrimSpace(token), nil
}

// believe is FromRequest under Dev.
func (s *Service) believe(r *http.Request, token string) (chat.Identity, error) {
	query := r.URL.Query()
	user, name := query.Get("userId"), query.Get("userName")
	if name == "" {
		name = query.Get("name")
	}
	if id, err := s.identify(r.Context(), token); err == nil {
		if !id.Server && user != "" && user != id.User {
			return chat.Identity{}, chat.E(chat.CodeForeignSender, "the token is not of user %q", user)
		}
		return id, nil
	}
	id := chat.Identity{
		Project: chat.DefaultProject,
		Scopes:  []string{chat.ScopeRead, chat.ScopeSend, chat.ScopeManage},
	}
	if user == "" {
		id.User, id.Guest, id.Renames = newGuest(), true, true
		return id, nil
	}
	if err := chat.CheckUserID(user); err != nil {
		return chat.Identity{}, err
	}
	if err := chat.CheckUserName(name); err != nil {
		return chat.Identity{}, err
	}
	id.User, id.Name = user, name
	return id, nil
}

// newGuest is a user id that nobody has, of 60 random bits.
func newGuest() string { return GuestPrefix + strings.ToLower(rand.Text()[:12]) }
