package auth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/chat"
)

// ahead is how far ahead of ours the clock of whoever minted a token may be.
// The end of a token is exact: a longer life needs no allowance.
const ahead = 30 * time.Second

// Bounds on what is parsed, in bytes.
const (
	maxToken   = 8 << 10 // proxies allow no longer headers
	maxTokenID = 256
)

// claims are a user token's.
type claims struct {
	Issuer    string           `json:"iss,omitempty"`
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud,omitempty"`
	Name      string           `json:"name,omitempty"`
	Scope     scopes           `json:"scope,omitempty"`
	Channels  []string         `json:"channels,omitempty"`
	Project   string           `json:"project,omitempty"`
	ID        string           `json:"jti,omitempty"`
	IssuedAt  *jwt.NumericDate `json:"iat,omitempty"`
	NotBefore *jwt.NumericDate `json:"nbf,omitempty"`
	Expires   *jwt.NumericDate `json:"exp,omitempty"`
}

// scopes is a string with spaces, as RFC 8693 section 4.2 has it; a list is
// taken too.
type scopes []string

// MarshalJSON writes the string.
func (s scopes) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Join(s, " ")) }

// UnmarshalJSON reads either.
func (s *scopes) UnmarshalJSON(data []byte) error {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*s = list
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("scope is a string or a list")
	}
	*s = strings.Fields(text)
	return nil
}

// algorithms are those that anybody here may sign with. Which of them a token
// may be signed with is its issuer's to say, never the token's own: a project's
// keys verify HS256 alone, and an issuer's never do.
var algorithms = []jose.SignatureAlgorithm{jose.HS256, jose.RS256, jose.ES256, jose.EdDSA}

// user is whom a token names. What is read before a signature was checked,
// issuer, project and key id, only chooses what it is checked with.
func (s *Service) user(ctx context.Context, token string) (chat.Identity, error) {
	if len(token) > maxToken {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token is over %d bytes", maxToken)
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return chat.Identity{}, refused("the token is not a JWT, or is signed in a way that is not taken", err)
	}
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return chat.Identity{}, refused("the token's claims cannot be read", err)
	}
	var id chat.Identity
	if from := s.issuers[c.Issuer]; from != nil {
		id, err = from.vouch(ctx, parsed)
	} else {
		id, err = s.vouch(parsed, c.Project)
	}
	if err != nil {
		return chat.Identity{}, err
	}
	if err := s.Check(id); err != nil {
		return chat.Identity{}, err
	}
	return id, nil
}

// vouch is whom a token that a key of the project's signed names.
func (s *Service) vouch(token *jwt.JSONWebToken, name string) (chat.Identity, error) {
	if token.Headers[0].Algorithm != string(jose.HS256) {
		return chat.Identity{}, refused("the token's signature does not fit", errors.New("nobody known signs like this"))
	}
	if name == "" {
		name = chat.DefaultProject
	}
	now := s.now()
	keys, err := s.signers(name, token.Headers[0].KeyID, now)
	if err != nil {
		return chat.Identity{}, err
	}
	var c claims
	k, err := fitting(token, keys, &c)
	if err != nil {
		return chat.Identity{}, err
	}
	if len(c.Audience) > 0 && !c.meant(s.audience) {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token is for somebody else")
	}
	id, err := c.identity(name, now, s.leeway)
	if err != nil {
		return chat.Identity{}, err
	}
	id.Key = k.ID
	if k.Kind == Publishable {
		return s.returning(id, k, now)
	}
	return admitted(id)
}

// signers are the project's keys that a token may be signed with: the one that
// it names, or, if it names none, all secret ones that count.
func (s *Service) signers(name, kid string, now time.Time) ([]*key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[name]
	if p == nil {
		return nil, refused("the token's signature does not fit", errors.New("no such project"))
	}
	var list []*key
	if kid == "" {
		for _, k := range p.keys {
			if k.Kind == Secret && k.live(now) {
				list = append(list, k)
			}
		}
		return list, nil
	}
	k := p.keys[kid]
	switch {
	case k == nil:
		return nil, refused("the token's signature does not fit", errors.New("no such key"))
	case p.heir(k, now) == nil, k.Kind == Secret && !k.live(now):
		return nil, chat.E(chat.CodeTokenRevoked, "the key that signed the token was revoked, or another has taken its place")
	}
	return append(list, k), nil
}

// fitting is the key that signed the token, whose claims it reads.
func fitting(token *jwt.JSONWebToken, keys []*key, c *claims) (*key, error) {
	err := errors.New("no key")
	for _, k := range keys {
		*c = claims{}
		if err = token.Claims(k.secret, c); err == nil {
			return k, nil
		}
	}
	return nil, refused("the token's signature does not fit", err)
}

func refused(message string, cause error) error {
	return &chat.Error{Code: chat.CodeUnauthorized, Message: message, Cause: cause}
}

// meant reports whether the token is for one of names.
func (c *claims) meant(names []string) bool {
	return slices.ContainsFunc(names, c.Audience.Contains)
}

// identity is whom the claims name, if they hold now.
func (c *claims) identity(project string, now time.Time, leeway time.Duration) (chat.Identity, error) {
	id := chat.Identity{
		Project: project, User: c.Subject, Name: c.Name,
		Scopes: c.Scope, Channels: c.Channels, TokenID: c.ID,
		// A token that does not say when it was issued is older than any other:
		// revoking its user revokes it for good.
		Issued: time.Unix(0, 0),
	}
	if c.Expires != nil {
		id.Expires = c.Expires.Time().Add(leeway)
	}
	if c.IssuedAt != nil {
		id.Issued = c.IssuedAt.Time()
	}
	early := now.Add(max(ahead, leeway))
	switch {
	case !id.Expires.IsZero() && !now.Before(id.Expires):
		return chat.Identity{}, chat.E(chat.CodeTokenExpired, "the token has expired")
	case c.NotBefore != nil && early.Before(c.NotBefore.Time()), c.IssuedAt != nil && early.Before(c.IssuedAt.Time()):
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token is not valid yet")
	case len(c.ID) > maxTokenID:
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token's id is over %d bytes", maxTokenID)
	}
	if err := chat.CheckUserID(c.Subject); err != nil {
		return chat.Identity{}, refused("the token names no user that can be", err)
	}
	if err := chat.CheckUserName(c.Name); err != nil {
		return chat.Identity{}, refused("the token's name cannot be shown", err)
	}
	return id, nil
}

// admitted is id with what the scope chat:admin gives it. It refuses what a
// user's token must not say.
func admitted(id chat.Identity) (chat.Identity, error) {
	if strings.HasPrefix(id.User, GuestPrefix) {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "users whose ids begin with %q are guests of publishable keys", GuestPrefix)
	}
	id.Server = id.Has(ScopeAdmin)
	if id.Server && len(id.Channels) > 0 {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "a token with %s reaches every channel: it cannot list some", ScopeAdmin)
	}
	return id, nil
}
