package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/chat"
)

// Issuer is somebody else whose tokens are taken for a project's users.
type Issuer struct {
	Issuer string // the claim iss, to the letter
	// URL is where its keys are, a JWK set (RFC 7517): https, or http on this
	// machine. In place of it, Keys is the set itself.
	URL  string
	Keys []byte
	// Audience are the names of which its tokens must say one; none: Options.Audience.
	Audience []string
	// Algorithms are those that it signs with, of RS256, ES256 and EdDSA; none: all three.
	Algorithms []string
	Project    string // whose users it names; "": the default one
	// Scopes are what its tokens may be for at most, and those that name no
	// scope of ours are for; none: chat:read and chat:send.
	Scopes []string
}

// issuer is an Issuer with its keys.
type issuer struct {
	Issuer
	algorithms []string
	keys       *keySet
	service    *Service
}

// signatures are the algorithms of issuers. HS256 is none: a public key must
// never be taken for a secret.
var signatures = []string{string(jose.RS256), string(jose.ES256), string(jose.EdDSA)}

func newIssuer(o Issuer, s *Service, transport http.RoundTripper) (*issuer, error) {
	i := &issuer{Issuer: o, algorithms: slices.Clone(o.Algorithms), service: s}
	if len(i.algorithms) == 0 {
		i.algorithms = signatures
	}
	for _, alg := range i.algorithms {
		if !slices.Contains(signatures, alg) {
			return nil, fmt.Errorf("algorithm %q is not one of %s", alg, strings.Join(signatures, ", "))
		}
	}
	if len(i.Audience) == 0 {
		i.Audience = s.audience
	}
	if len(i.Scopes) == 0 {
		i.Scopes = []string{chat.ScopeRead, chat.ScopeSend}
	}
	if i.Project == "" {
		i.Project = chat.DefaultProject
	}
	if err := checkProject(i.Project); err != nil {
		return nil, err
	}
	var err error
	switch {
	case o.Issuer == "":
		return nil, errors.New("it has no name: the claim iss of its tokens")
	case (o.URL == "") == (len(o.Keys) == 0):
		return nil, errors.New("it needs the URL of its keys, or its keys")
	case o.URL != "":
		i.keys, err = newKeySet(o.URL, transport, s.now, s.log)
	default:
		i.keys, err = givenKeySet(o.Keys)
	}
	return i, err
}

// vouch is whom a token of the issuer's names.
func (i *issuer) vouch(ctx context.Context, token *jwt.JSONWebToken) (chat.Identity, error) {
	header := token.Headers[0]
	if !slices.Contains(i.algorithms, header.Algorithm) {
		return chat.Identity{}, refused("the token's signature does not fit", errors.New("its issuer does not sign like this"))
	}
	var c claims
	if err := i.verify(ctx, token, &c); err != nil {
		return chat.Identity{}, err
	}
	switch {
	case c.Issuer != i.Issuer.Issuer: // it was read before the signature
		return chat.Identity{}, refused("the token's signature does not fit", errors.New("another issuer"))
	case !c.meant(i.Audience):
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token is for somebody else")
	case c.Project != "" && c.Project != i.Project:
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "the token's issuer names no users of that project")
	}
	id, err := c.identity(i.Project, i.service.now(), i.service.leeway)
	if err != nil {
		return chat.Identity{}, err
	}
	id.Scopes = i.granted(c.Scope)
	return admitted(id)
}

// verify reads the claims of a token that one of the issuer's keys signed.
func (i *issuer) verify(ctx context.Context, token *jwt.JSONWebToken, c *claims) error {
	header := token.Headers[0]
	keys, err := i.keys.find(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return err
	}
	err = errors.New("no key")
	for _, k := range keys {
		*c = claims{}
		if err = token.Claims(k.Key, c); err == nil {
			return nil
		}
	}
	return refused("the token's signature does not fit", err)
}

// granted are the scopes that a token of the issuer's has.
func (i *issuer) granted(asked []string) []string {
	ours := false
	var list []string
	for _, scope := range asked {
		ours = ours || strings.HasPrefix(scope, "chat:")
		if slices.Contains(i.Scopes, scope) {
			list = append(list, scope)
		}
	}
	if !ours {
		return slices.Clone(i.Scopes)
	}
	return list
}
