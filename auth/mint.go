package auth

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/chat"
)

// AppTokenTTL is how long an appJwt lives.
const AppTokenTTL = time.Hour

// Grant is what a token says.
type Grant struct {
	Project  string // "": the default one
	User     string
	Name     string
	Scopes   []string
	Channels []string // patterns; none: all channels
	TTL      time.Duration

	// Key is the id of the secret key that asks for the token: it signs it, or
	// the key that took its place does. "": one of the project's does, that of
	// the configuration before others.
	Key string
}

// Mint makes a user's token.
func (s *Service) Mint(g Grant) (string, error) {
	m, err := s.mint(&g)
	if err != nil {
		return "", err
	}
	return sign(m.key.secret, m.key.kid(), claims{
		Subject: g.User, Name: g.Name, Scope: g.Scopes, Channels: g.Channels, Project: g.Project,
		ID:       strings.ToLower(rand.Text()[:20]),
		IssuedAt: jwt.NewNumericDate(m.issued), Expires: jwt.NewNumericDate(m.now.Add(g.TTL)),
	})
}

// MintApp makes the token by which an application's own backend knows the
// user: it holds the claim `userId`, is signed with the project's app secret,
// or, where the configuration gives none, as Mint signs, and lives AppTokenTTL
// whatever g says.
func (s *Service) MintApp(g Grant) (string, error) {
	g.TTL = AppTokenTTL
	m, err := s.mint(&g)
	if err != nil {
		return "", err
	}
	secret, kid := m.app, ""
	if secret == nil {
		secret, kid = m.key.secret, m.key.kid()
	}
	return sign(secret, kid, struct {
		User     string           `json:"userId"`
		IssuedAt *jwt.NumericDate `json:"iat"`
		Expires  *jwt.NumericDate `json:"exp"`
	}{g.User, jwt.NewNumericDate(m.now), jwt.NewNumericDate(m.now.Add(g.TTL))})
}

// mintage is what a token is made with.
type mintage struct {
	key         *key
	app         []byte
	now, issued time.Time
}

// mint checks g, fills its defaults in, and says what signs it. A token for a
// user whose tokens were revoked within this second is dated to the next one,
// or it would be taken for one of those.
func (s *Service) mint(g *Grant) (mintage, error) {
	if g.Project == "" {
		g.Project = chat.DefaultProject
	}
	if err := g.check(); err != nil {
		return mintage{}, err
	}
	m := mintage{now: s.now()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[g.Project]
	if p == nil {
		return mintage{}, noProject(g.Project)
	}
	if m.key = p.signer(g.Key, m.now); m.key == nil {
		return mintage{}, chat.E(chat.CodeNotFound, "project %q has no secret key to sign with", g.Project)
	}
	m.app, m.issued = p.app, m.now
	if before := p.users[g.User]; m.issued.Before(before) {
		m.issued = before
	}
	return m, nil
}

func (g *Grant) check() error {
	if g.TTL <= 0 {
		return chat.E(chat.CodeInvalid, "a token lives longer than nothing")
	}
	for _, scope := range g.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
			return chat.E(chat.CodeInvalid, "a scope is a word without spaces")
		}
	}
	if len(g.Channels) > 0 && slices.Contains(g.Scopes, ScopeAdmin) {
		return chat.E(chat.CodeInvalid, "%s reaches every channel: a token with it cannot list some", ScopeAdmin)
	}
	if strings.HasPrefix(g.User, GuestPrefix) {
		return chat.E(chat.CodeInvalid, "users whose ids begin with %q are guests of publishable keys", GuestPrefix)
	}
	if err := chat.CheckUserID(g.User); err != nil {
		return err
	}
	return chat.CheckUserName(g.Name)
}

// signer is what signs for the key that asks; nil: nothing does.
func (p *project) signer(asks string, now time.Time) *key {
	k := p.keys[asks]
	for k != nil && k.Successor != "" {
		k = p.keys[k.Successor]
	}
	if k != nil && k.Kind == Secret && k.live(now) {
		return k
	}
	if k = p.keys[ConfiguredKey]; k != nil {
		return k
	}
	for _, k := range slices.Backward(p.oldest()) {
		if k.Kind == Secret && k.live(now) {
			return k
		}
	}
	return nil
}

// kid names the key in the header of what it signs. Tokens of a configured key
// name none: whoever else holds its secret does not know it by an id of ours.
func (k *key) kid() string {
	if k.ID == ConfiguredKey {
		return ""
	}
	return k.ID
}

func sign(secret []byte, kid string, claims any) (string, error) {
	options := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, options)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}
