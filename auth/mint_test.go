package auth

import (
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

func TestMint_MakesWhatIdentifyBelieves(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	token, err := s.Mint(Grant{User: "ada", Name: "Ada", Scopes: []string{"chat:send"}, Channels: []string{"a*"}, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Identify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := chat.Identity{Project: "default", User: "ada", Name: "Ada", Scopes: []string{"chat:send"}, Channels: []string{"a*"}, Expires: noon.Add(time.Minute), Key: ConfiguredKey, TokenID: id.TokenID, Issued: noon}
	if id.TokenID == "" {
		t.Error("the token has no id: it could not be revoked")
	}
	if diff := cmp.Diff(want, id, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Error(diff)
	}
}

func TestMint_RefusesWhatNobodyCouldUse(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	for _, g := range []Grant{
		{TTL: time.Hour},
		{User: "ada"},
		{User: "ada", TTL: -time.Second},
		{User: " ", TTL: time.Hour},
		{User: "ada", Name: "\n", TTL: time.Hour},
		{User: "ada", Scopes: []string{"a b"}, TTL: time.Hour},
		{User: "ada", Project: "none", TTL: time.Hour},
	} {
		if token, err := s.Mint(g); err == nil {
			t.Errorf("%+v: %s", g, token)
		}
	}
}

func TestMintApp_SignsWithTheAppSecret(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	token, err := s.MintApp(Grant{User: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := parsed.Claims([]byte(appSecret), &claims); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"userId": "ada", "iat": float64(noon.Unix()), "exp": float64(noon.Add(time.Hour).Unix())}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Identify(t.Context(), token); chat.CodeOf(err) != chat.CodeUnauthorized {
		t.Errorf("an appJwt as a token: %v", err)
	}
}
