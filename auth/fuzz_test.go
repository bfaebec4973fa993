package auth

import (
	"strings"
	"testing"
	"time"
)

// A token that anybody can write must not name anybody, and must not stop us.
func FuzzIdentify(f *testing.F) {
	key := newSigner(f, "k1")
	s, err := New(Options{
		Projects: configured(), Now: func() time.Time { return noon },
		Issuers: []Issuer{{Issuer: "https://id.example", Keys: key.set(f)}},
	})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.Load(f.Context(), newRecords()); err != nil {
		f.Fatal(err)
	}
	token, err := s.Mint(Grant{User: "ada", TTL: time.Hour})
	if err != nil {
		f.Fatal(err)
	}
	k, text, err := s.MakeKey(f.Context(), NewKey{Project: "default", Kind: Publishable})
	if err != nil {
		f.Fatal(err)
	}
	pass, err := s.pass(s.projects["default"].keys[k.ID], "guest-0123")
	if err != nil {
		f.Fatal(err)
	}
	foreign := key.sign(f, map[string]any{"iss": "https://id.example", "aud": "parley", "sub": "ada"})
	seeds := []string{"", token, "sk_x", text, pass.Pass, foreign, "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.e30.YQ"}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		id, err := s.Identify(t.Context(), token)
		if err != nil {
			return
		}
		if id.Anonymous() {
			t.Errorf("nobody was let in: %+v", id)
		}
		if id.User != "ada" && !strings.HasPrefix(id.User, GuestPrefix) {
			t.Errorf("nobody signed for %+v", id)
		}
	})
}
