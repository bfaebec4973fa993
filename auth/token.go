package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/chat"
)

// leeway is how far ahead of ours the clock of whoever minted a token may be.
// The end of a token is exact: a longer life needs no allowance.
const leeway = 30 * time.Second

// maxToken bounds what is parsed, in bytes: proxies allow no longer headers.
const maxToken = 8 << 10

// AppTokenTTL is how long an appJwt lives.
const AppTokenTTL = time.Hour

// claims are a user token's.
type claims struct {
	Subject   string           `json:"sub"`
	Name      string           `json:"name,omitempty"`
	Scope     scopes           `json:"scope,omitempty"`
	Channels  []string         `json:"channels,omitempty"`
	Project   string           `json:"project,omitempty"`
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

// user checks a token. What is read before the signature was checked, the
// project, only chooses the secret that it is checked with.
func (s *Service) user(token string) (chat.Identity, error) {
	if len(token) > maxToken {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token is over %d bytes", maxToken)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return chat.Identity{}, refused("the token is not a JWT signed with HS256", err)
	}
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return chat.Identity{}, refused("the token's claims cannot be read", err)
	}
	if c.Project == "" {
		c.Project = chat.DefaultProject
	}
	p, ok := s.projects[c.Project]
	if !ok {
		return chat.Identity{}, refused("the token's signature does not fit", errors.New("no such project"))
	}
	c = claims{}
	if err := parsed.Claims(p.TokenSecret, &c); err != nil {
		return chat.Identity{}, refused("the token's signature does not fit", err)
	}
	return c.identity(p.Name, s.now())
}

func refused(message string, cause error) error {
	return &chat.Error{Code: chat.CodeUnauthorized, Message: message, Cause: cause}
}

// identity is whom the claims name, if they hold now.
func (c *claims) identity(project string, now time.Time) (chat.Identity, error) {
	id := chat.Identity{
		Project: project, User: c.Subject, Name: c.Name,
		Scopes: c.Scope, Channels: c.Channels,
	}
	if c.Expires != nil {
		id.Expires = c.Expires.Time()
	}
	early := now.Add(leeway)
	switch {
	case !id.Expires.IsZero() && !now.Before(id.Expires):
		return chat.Identity{}, chat.E(chat.CodeTokenExpired, "the token has expired")
	case c.NotBefore != nil && early.Before(c.NotBefore.Time()), c.IssuedAt != nil && early.Before(c.IssuedAt.Time()):
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token is not valid yet")
	}
	if err := chat.CheckUserID(c.Subject); err != nil {
		return chat.Identity{}, refused("the token names no user that can be", err)
	}
	if err := chat.CheckUserName(c.Name); err != nil {
		return chat.Identity{}, refused("the token's name cannot be shown", err)
	}
	return id, nil
}

// Grant is what a token says.
type Grant struct {
	Project  string // "": the default one
	User     string
	Name     string
	Scopes   []string
	Channels []string // patterns; none: all channels
	TTL      time.Duration
}

// Mint makes a user's token.
func (s *Service) Mint(g Grant) (string, error) {
	p, err := s.grant(&g)
	if err != nil {
		return "", err
	}
	now := s.now()
	return sign(p.TokenSecret, claims{
		Subject: g.User, Name: g.Name, Scope: g.Scopes, Channels: g.Channels, Project: g.Project,
		IssuedAt: jwt.NewNumericDate(now), Expires: jwt.NewNumericDate(now.Add(g.TTL)),
	})
}

// MintApp makes the token by which an application's own backend knows the
// user: it holds the claim `userId`, is signed with the project's app secret,
// and lives AppTokenTTL whatever g says.
func (s *Service) MintApp(g Grant) (string, error) {
	g.TTL = AppTokenTTL
	p, err := s.grant(&g)
	if err != nil {
		return "", err
	}
	now := s.now()
	return sign(p.AppSecret, struct {
		User     string           `json:"userId"`
		IssuedAt *jwt.NumericDate `json:"iat"`
		Expires  *jwt.NumericDate `json:"exp"`
	}{g.User, jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(g.TTL))})
}

// grant checks g and fills its defaults in.
func (s *Service) grant(g *Grant) (project, error) {
	if g.Project == "" {
		g.Project = chat.DefaultProject
	}
	p, ok := s.projects[g.Project]
	if !ok {
		return project{}, chat.E(chat.CodeNotFound, "there is no project %q", g.Project)
	}
	if g.TTL <= 0 {
		return project{}, chat.E(chat.CodeInvalid, "a token lives longer than nothing")
	}
	for _, scope := range g.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
			return project{}, chat.E(chat.CodeInvalid, "a scope is a word without spaces")
		}
	}
	if err := chat.CheckUserID(g.User); err != nil {
		return project{}, err
	}
	return p, chat.CheckUserName(g.Name)
}

func sign(secret []byte, claims any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}
