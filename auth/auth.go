// Package auth says who is asking: it reads, checks and mints the credentials
// of a server's projects. Tokens and keys never appear in its errors.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// SecretKeyPrefix begins every secret key, so that one that leaked is seen as
// what it is, and is not taken for a token.
const SecretKeyPrefix = "sk_"

// GuestPrefix begins the ids that the server makes for those who name nobody.
const GuestPrefix = "guest-"

// minSecret is the least length of a signing secret, in bytes: that of the
// hash, as RFC 7518 section 3.2 demands.
const minSecret = sha256.Size

// Project holds a project's keys.
type Project struct {
	Name        string
	TokenSecret []byte // signs the tokens of its users (HS256); at least 32 bytes
	AppSecret   []byte // signs the appJwt of POST /auth/token; at least 32 bytes
	SecretKey   string // its own servers' credential: may do anything, as anybody; begins with "sk_"
}

// Options of a Service. At least one project is needed.
type Options struct {
	Projects []Project
	// Dev believes names, takes any token and asks for none.
	Dev bool
	Now func() time.Time // nil: time.Now
}

// Service checks and mints credentials. Its methods may be called concurrently.
type Service struct {
	projects map[string]project
	dev      bool
	now      func() time.Time
}

// project is a Project whose secret key is kept as its hash, so that comparing
// takes the same time for any candidate.
type project struct {
	Project
	key [sha256.Size]byte
}

// New is a Service for these projects. It refuses keys that are too short.
func New(o Options) (*Service, error) {
	s := &Service{projects: make(map[string]project, len(o.Projects)), dev: o.Dev, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	for _, p := range o.Projects {
		switch {
		case p.Name == "":
			return nil, errors.New("a project has no name")
		case len(p.TokenSecret) < minSecret, len(p.AppSecret) < minSecret:
			return nil, fmt.Errorf("project %s: its signing secrets must have at least %d bytes", p.Name, minSecret)
		case !strings.HasPrefix(p.SecretKey, SecretKeyPrefix), len(p.SecretKey) < len(SecretKeyPrefix)+16:
			return nil, fmt.Errorf("project %s: its secret key must begin with %q and be at least 16 characters longer", p.Name, SecretKeyPrefix)
		}
		s.projects[p.Name] = project{Project: p, key: sha256.Sum256([]byte(p.SecretKey))}
	}
	if len(s.projects) == 0 {
		return nil, errors.New("there is no project")
	}
	return s, nil
}

// Identify is who holds the token: a user's JWT, or a project's secret key.
// It fails with CodeUnauthorized or CodeTokenExpired. Under Dev a token that
// says nothing is believed to be nobody's in particular: the zero Identity.
func (s *Service) Identify(_ context.Context, token string) (chat.Identity, error) {
	id, err := s.identify(token)
	if err != nil && s.dev {
		return chat.Identity{}, nil
	}
	return id, err
}

func (s *Service) identify(token string) (chat.Identity, error) {
	switch {
	case token == "":
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "a token is needed")
	case strings.HasPrefix(token, SecretKeyPrefix):
		return s.server(token)
	}
	return s.user(token)
}

// server is the project whose secret key this is. All are compared, whichever
// fits.
func (s *Service) server(key string) (chat.Identity, error) {
	sum := sha256.Sum256([]byte(key))
	found := ""
	for name, p := range s.projects {
		if subtle.ConstantTimeCompare(sum[:], p.key[:]) == 1 {
			found = name
		}
	}
	if found == "" {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the secret key is not known")
	}
	return chat.Identity{Project: found, Server: true}, nil
}

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
	return s.identify(token)
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
	if id, err := s.identify(token); err == nil {
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
		id.User, id.Guest, id.Renames = GuestPrefix+strings.ToLower(rand.Text()[:12]), true, true
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
