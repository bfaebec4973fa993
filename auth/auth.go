// Package auth says who is asking: it reads, checks and mints the credentials
// of a server's projects, and keeps their keys. Tokens and keys never appear in
// its errors or its log.
//
// There are four credentials, told apart by how they begin:
//
//   - a secret key (sk_…) is a project's own server, and may do anything in it;
//   - a publishable key (pk_…) is a guest, new each time;
//   - a token is a user, signed by a secret key of the project's (HS256), or by
//     an issuer that the server was told of (RS256, ES256, EdDSA);
//   - a guest's pass is a token that a publishable key's guest was given, to
//     come again as the same.
package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

// How credentials begin, so that one that leaked is seen as what it is, and is
// not taken for a token.
const (
	SecretKeyPrefix      = "sk_"
	PublishableKeyPrefix = "pk_"
)

// ScopeAdmin makes a token's user a server of the project's: it may do what a
// secret key may, and is still that user.
const ScopeAdmin = "chat:admin"

// DefaultAudience is the name that a token's `aud` must have among its own if
// Options give no other.
const DefaultAudience = "parley"

// minSecret is the least length of a signing secret, in bytes: that of the
// hash, as RFC 7518 section 3.2 demands.
const minSecret = sha256.Size

// Project holds the keys that a project has from the server's configuration.
type Project struct {
	Name        string
	TokenSecret []byte // signs the tokens of its users (HS256); at least 32 bytes
	AppSecret   []byte // signs the appJwt of POST /auth/token; at least 32 bytes
	SecretKey   string // its own servers' credential: may do anything, as anybody; begins with "sk_"
}

// Options of a Service. At least one project is needed.
type Options struct {
	Projects []Project

	// Issuers are others whose tokens are taken.
	Issuers []Issuer

	// Audience are this server's names: a token that says whom it is for must
	// name one of them. None: DefaultAudience.
	Audience []string

	// Leeway is for how long after its end a token is still taken; default 0.
	// Clocks that are ahead are allowed 30 s in any case.
	Leeway time.Duration

	// Dev believes names, takes any token and asks for none.
	Dev bool

	Transport http.RoundTripper // fetches issuers' keys; nil: one of our own
	Logger    *slog.Logger      // nil: nothing is logged
	Now       func() time.Time  // nil: time.Now
}

// Service checks and mints credentials. Its methods may be called concurrently.
type Service struct {
	dev      bool
	now      func() time.Time
	log      *slog.Logger
	store    Store
	leeway   time.Duration
	audience []string
	issuers  map[string]*issuer
	changed  chan struct{} // holds one token after something was revoked

	writing sync.Mutex // held by the one change that is under way
	mu      sync.RWMutex
	// mu guards what follows; keys are replaced, never changed.
	projects map[string]*project
	texts    map[[sha256.Size]byte]*key // by the hash of their text
	endings  time.Time                  // when the next key ends; zero: none will
}

// New is a Service for these projects and issuers. It refuses keys that are
// too short. What was made at run time counts only after Load.
func New(o Options) (*Service, error) {
	s := &Service{
		dev: o.Dev, now: o.Now, log: o.Logger, leeway: o.Leeway, audience: o.Audience,
		issuers:  make(map[string]*issuer, len(o.Issuers)),
		changed:  make(chan struct{}, 1),
		projects: make(map[string]*project, len(o.Projects)),
		texts:    make(map[[sha256.Size]byte]*key),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if len(s.audience) == 0 {
		s.audience = []string{DefaultAudience}
	}
	if s.leeway < 0 {
		return nil, errors.New("the leeway is negative")
	}
	for _, p := range o.Projects {
		if err := s.configure(p); err != nil {
			return nil, err
		}
	}
	if len(s.projects) == 0 {
		return nil, errors.New("there is no project")
	}
	for _, i := range o.Issuers {
		made, err := newIssuer(i, s, o.Transport)
		if err != nil {
			return nil, fmt.Errorf("issuer %q: %w", i.Issuer, err)
		}
		if s.issuers[i.Issuer] != nil {
			return nil, fmt.Errorf("issuer %q: it is there twice", i.Issuer)
		}
		s.issuers[i.Issuer] = made
	}
	return s, nil
}

// configure takes in a project with the keys that it has from outside.
func (s *Service) configure(p Project) error {
	switch {
	case p.Name == "":
		return errors.New("a project has no name")
	case s.projects[p.Name] != nil:
		return fmt.Errorf("project %s: it is there twice", p.Name)
	case len(p.TokenSecret) < minSecret, len(p.AppSecret) < minSecret:
		return fmt.Errorf("project %s: its signing secrets must have at least %d bytes", p.Name, minSecret)
	case !strings.HasPrefix(p.SecretKey, SecretKeyPrefix), len(p.SecretKey) < len(SecretKeyPrefix)+16:
		return fmt.Errorf("project %s: its secret key must begin with %q and be at least 16 characters longer", p.Name, SecretKeyPrefix)
	}
	made := newProject(p.Name)
	made.app, made.Configured = slices.Clone(p.AppSecret), true
	k := &key{
		Key:    Key{ID: ConfiguredKey, Project: p.Name, Kind: Secret, Prefix: SecretKeyPrefix},
		hash:   sha256.Sum256([]byte(p.SecretKey)),
		secret: slices.Clone(p.TokenSecret),
	}
	s.projects[p.Name] = made
	s.put(k)
	return nil
}

// Identify is who holds the token: a user's, a guest's, a project's key. It
// fails with CodeUnauthorized, CodeTokenExpired, CodeTokenRevoked, or, while an
// issuer's keys cannot be had, CodeUnavailable. Under Dev a token that says
// nothing is believed to be nobody's in particular: the zero Identity.
func (s *Service) Identify(ctx context.Context, token string) (chat.Identity, error) {
	id, err := s.identify(ctx, token)
	if err != nil && s.dev {
		return chat.Identity{}, nil
	}
	return id, err
}

func (s *Service) identify(ctx context.Context, token string) (chat.Identity, error) {
	switch {
	case token == "":
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "a token is needed")
	case strings.HasPrefix(token, SecretKeyPrefix):
		return s.server(token)
	case strings.HasPrefix(token, PublishableKeyPrefix):
		return s.stranger(token)
	}
	return s.user(ctx, token)
}

// server is the project whose secret key this is. The text is looked for by
// its hash: how long that takes says nothing of how much of a guess was right.
func (s *Service) server(text string) (chat.Identity, error) {
	k, err := s.keyOf(text, Secret)
	if err != nil {
		return chat.Identity{}, err
	}
	return chat.Identity{Project: k.Project, Server: true, Key: k.ID}, nil
}

// keyOf is the key with this text, if it counts.
func (s *Service) keyOf(text string, kind Kind) (*key, error) {
	if len(text) > maxToken {
		return nil, chat.E(chat.CodeUnauthorized, "the key is over %d bytes", maxToken)
	}
	sum := sha256.Sum256([]byte(text))
	s.mu.RLock()
	k := s.texts[sum]
	s.mu.RUnlock()
	if k == nil || k.Kind != kind {
		return nil, chat.E(chat.CodeUnauthorized, "the key is not known")
	}
	if !k.live(s.now()) {
		return nil, chat.E(chat.CodeTokenRevoked, "the key was revoked, or another has taken its place")
	}
	return k, nil
}
