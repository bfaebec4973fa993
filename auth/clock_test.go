package auth

import (
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/parley-chat/parley/chat"
)

// at is a token with one time in it, of the project and of a foreign issuer.
func at(t *testing.T, key *signer, claim string, when time.Time) []string {
	t.Helper()
	return []string{
		forge(t, jose.HS256, []byte(tokenSecret), with(claim, when.Unix())),
		key.sign(t, theirs(claim, when.Unix())),
	}
}

func TestClocks_TheEdgesOfATokensLife(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	for _, c := range []struct {
		leeway time.Duration
		claim  string
		when   time.Duration // of the claim, after noon
		now    time.Duration // of our clock, after noon
		code   chat.Code
	}{
		{0, "exp", 60 * time.Second, 60*time.Second - 1, ""},
		{0, "exp", 60 * time.Second, 60 * time.Second, chat.CodeTokenExpired},
		{0, "nbf", 60 * time.Second, 30*time.Second - 1, chat.CodeUnauthorized},
		{0, "nbf", 60 * time.Second, 30 * time.Second, ""},
		{0, "iat", 60 * time.Second, 30*time.Second - 1, chat.CodeUnauthorized},
		{0, "iat", 60 * time.Second, 30 * time.Second, ""},
		{5 * time.Second, "exp", 60 * time.Second, 65*time.Second - 1, ""},
		{5 * time.Second, "exp", 60 * time.Second, 65 * time.Second, chat.CodeTokenExpired},
		{5 * time.Second, "nbf", 60 * time.Second, 30*time.Second - 1, chat.CodeUnauthorized},
		{time.Minute, "nbf", 120 * time.Second, 60*time.Second - 1, chat.CodeUnauthorized},
		{time.Minute, "nbf", 120 * time.Second, 60 * time.Second, ""},
	} {
		s := service(t, Options{
			Now: func() time.Time { return noon.Add(c.now) }, Leeway: c.leeway,
			Issuers: []Issuer{{Issuer: foreign, Keys: key.set(t)}},
		}, nil)
		for i, token := range at(t, key, c.claim, noon.Add(c.when)) {
			id, err := s.Identify(t.Context(), token)
			if chat.CodeOf(err) != c.code {
				t.Errorf("%+v, token %d: %v", c, i, err)
			}
			// A session must not outlive or fall short of what the token allows.
			if err == nil && c.claim == "exp" && !id.Expires.Equal(noon.Add(c.when).Add(c.leeway)) {
				t.Errorf("%+v, token %d: the session ends at %v", c, i, id.Expires)
			}
		}
	}
	if _, err := New(Options{Projects: configured(), Leeway: -1}); err == nil {
		t.Error("a negative leeway is taken")
	}
}

func TestClocks_TimesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, claim := range []string{"exp", "nbf", "iat"} {
		for _, value := range []any{"soon", 1e300, -1e300, []int{1}, true, map[string]any{}} {
			refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with(claim, value)), chat.CodeUnauthorized)
		}
	}
}

func TestAdmin_ActsAsTheProjectsServerAndStaysItself(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	id := wants(t, s, forge(t, jose.HS256, []byte(tokenSecret), with("scope", "chat:read chat:admin")), "")
	if !id.Server || id.User != "ada" || id.Project != "default" {
		t.Errorf("%+v", id)
	}
	limited := with("scope", ScopeAdmin)
	limited["channels"] = []string{"general"}
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), limited), chat.CodeUnauthorized)
	if _, err := s.Mint(Grant{User: "ada", Scopes: []string{ScopeAdmin}, Channels: []string{"a"}, TTL: time.Hour}); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("%v", err)
	}
	if id := wants(t, s, forge(t, jose.HS256, []byte(tokenSecret), with("scope", "chat:administer admin")), ""); id.Server {
		t.Errorf("%+v", id)
	}
}
