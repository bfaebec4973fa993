package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

const foreign = "https://id.example"

// signer is an issuer's key.
type signer struct {
	alg             jose.SignatureAlgorithm
	kid             string
	private, public any
}

// newSigner signs with ES256, the cheapest to make.
func newSigner(t testing.TB, kid string) *signer {
	t.Helper()
	return signerOf(t, jose.ES256, kid)
}

func signerOf(t testing.TB, alg jose.SignatureAlgorithm, kid string) *signer {
	t.Helper()
	s := &signer{alg: alg, kid: kid}
	var err error
	switch alg {
	case jose.RS256:
		var k *rsa.PrivateKey
		if k, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
			s.private, s.public = k, &k.PublicKey
		}
	case jose.ES256:
		var k *ecdsa.PrivateKey
		if k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
			s.private, s.public = k, &k.PublicKey
		}
	case jose.EdDSA:
		s.public, s.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no keys for %s", alg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sign makes a token; without a kid its header names no key.
func (s *signer) sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	return s.signAs(t, s.alg, s.private, claims)
}

// signAs makes one with another algorithm and key, but this one's name.
func (s *signer) signAs(t testing.TB, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if s.kid != "" {
		options.WithHeader("kid", s.kid)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(made).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (s *signer) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.public, KeyID: s.kid, Algorithm: string(s.alg), Use: "sig"}
}

// set is a JWK set with this key and others.
func (s *signer) set(t testing.TB, others ...*signer) []byte {
	t.Helper()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.jwk()}}
	for _, o := range others {
		set.Keys = append(set.Keys, o.jwk())
	}
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// theirs is what a foreign issuer says of ada.
func theirs(name string, value any) map[string]any {
	c := map[string]any{
		"iss": foreign, "aud": "parley", "sub": "ada", "scope": "chat:read openid",
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
	if name != "" {
		c[name] = value
	}
	if value == nil {
		delete(c, name)
	}
	return c
}

func trusting(t *testing.T, issuers ...Issuer) *Service {
	t.Helper()
	return service(t, Options{Now: func() time.Time { return noon }, Issuers: issuers}, nil)
}

func TestIssuer_ItsTokensAreTaken(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		key := signerOf(t, alg, "k1")
		s := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t)})
		id := wants(t, s, key.sign(t, theirs("jti", "t9")), "")
		want := chat.Identity{
			Project: "default", User: "ada", Scopes: []string{"chat:read"},
			Expires: noon.Add(time.Hour), Issued: noon, TokenID: "t9",
		}
		if diff := cmp.Diff(want, id, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("%s: %s", alg, diff)
		}
		nameless := *key
		nameless.kid = ""
		wants(t, s, nameless.sign(t, theirs("", "")), "")
	}
}

func TestIssuer_ForeignOnesAreRefused(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	s := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t)})
	for _, iss := range []any{nil, "", "https://id.example/", "https://ID.example", "https://id.example.evil.test", 7} {
		wants(t, s, key.sign(t, theirs("iss", iss)), chat.CodeUnauthorized)
	}
	impostor := newSigner(t, "k1")
	wants(t, s, impostor.sign(t, theirs("", "")), chat.CodeUnauthorized)
}

func TestIssuer_OneDoesNotSignForAnother(t *testing.T) {
	t.Parallel()
	one, two := newSigner(t, "k1"), newSigner(t, "k1")
	s := trusting(
		t,
		Issuer{Issuer: foreign, Keys: one.set(t)},
		Issuer{Issuer: "https://two.example", Keys: two.set(t), Project: "other"},
	)
	wants(t, s, two.sign(t, theirs("", "")), chat.CodeUnauthorized)
	wants(t, s, one.sign(t, theirs("iss", "https://two.example")), chat.CodeUnauthorized)
	if id := wants(t, s, two.sign(t, theirs("iss", "https://two.example")), ""); id.Project != "other" {
		t.Errorf("%+v", id)
	}
	wants(t, s, two.sign(t, map[string]any{"iss": "https://two.example", "aud": "parley", "sub": "ada", "project": "default"}), chat.CodeUnauthorized)
}

func TestIssuer_ItsTokensMustBeForUs(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	s := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t), Audience: []string{"chat.example", "chat2.example"}})
	for _, aud := range []any{"chat2.example", []string{"elsewhere", "chat.example"}} {
		wants(t, s, key.sign(t, theirs("aud", aud)), "")
	}
	for _, aud := range []any{nil, "", "parley", "chat.example.evil", []string{}, []string{"elsewhere"}, 7} {
		wants(t, s, key.sign(t, theirs("aud", aud)), chat.CodeUnauthorized)
	}
}

func TestAudience_OfAProjectsTokenIsCheckedWhereItIsNamed(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	for _, c := range []struct {
		aud  any
		code chat.Code
	}{{nil, ""}, {"parley", ""}, {[]string{"x", "parley"}, ""}, {"x", chat.CodeUnauthorized}, {[]string{"x"}, chat.CodeUnauthorized}} {
		wants(t, s, forge(t, jose.HS256, []byte(tokenSecret), with("aud", c.aud)), c.code)
	}
}

func TestIssuer_GivesNoMoreThanItsScopes(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	plain := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t)})
	admins := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t), Scopes: []string{"chat:read", ScopeAdmin}})
	for _, c := range []struct {
		s      *Service
		claim  any
		want   []string
		server bool
	}{
		{plain, "chat:send chat:admin chat:manage", []string{"chat:send"}, false},
		{plain, "openid email", []string{"chat:read", "chat:send"}, false},
		{plain, nil, []string{"chat:read", "chat:send"}, false},
		{plain, "chat:admin", nil, false},
		{admins, "chat:read chat:admin", []string{"chat:read", "chat:admin"}, true},
		{admins, "chat:send", nil, false},
	} {
		id := wants(t, c.s, key.sign(t, theirs("scope", c.claim)), "")
		if diff := cmp.Diff(c.want, id.Scopes); diff != "" || id.Server != c.server || id.User != "ada" {
			t.Errorf("%v: %+v %s", c.claim, id, diff)
		}
	}
}

func TestNew_RefusesIssuersThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	secret, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: []byte(tokenSecret), KeyID: "k1", Algorithm: "HS256"}}})
	if err != nil {
		t.Fatal(err)
	}
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.private, KeyID: "k1"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, i := range map[string]Issuer{
		"no name":         {Keys: key.set(t)},
		"no keys":         {Issuer: foreign},
		"both":            {Issuer: foreign, Keys: key.set(t), URL: "https://id.example/jwks"},
		"plain http":      {Issuer: foreign, URL: "http://id.example/jwks"},
		"another scheme":  {Issuer: foreign, URL: "file:///etc/jwks"},
		"no host":         {Issuer: foreign, URL: "https:///jwks"},
		"credentials":     {Issuer: foreign, URL: "https://a:b@id.example/jwks"},
		"HS256":           {Issuer: foreign, Keys: key.set(t), Algorithms: []string{"HS256"}},
		"none":            {Issuer: foreign, Keys: key.set(t), Algorithms: []string{"none"}},
		"a secret key":    {Issuer: foreign, Keys: secret},
		"a private key":   {Issuer: foreign, Keys: private},
		"not a set":       {Issuer: foreign, Keys: []byte(`[]`)},
		"an empty set":    {Issuer: foreign, Keys: []byte(`{"keys":[]}`)},
		"a project of no": {Issuer: foreign, Keys: key.set(t), Project: "A B"},
	} {
		if _, err := New(Options{Projects: configured(), Issuers: []Issuer{i}}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, url := range []string{"https://id.example/jwks", "http://127.0.0.1:1/jwks", "http://localhost/jwks", "http://[::1]/jwks"} {
		if _, err := New(Options{Projects: configured(), Issuers: []Issuer{{Issuer: foreign, URL: url}}}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	twice := Issuer{Issuer: foreign, Keys: key.set(t)}
	if _, err := New(Options{Projects: configured(), Issuers: []Issuer{twice, twice}}); err == nil {
		t.Error("the same issuer twice: taken")
	}
}
