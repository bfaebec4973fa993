package main

import (
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/auth"
)

// claimsOf reads a token signed with the secret.
func claimsOf(t *testing.T, token any, secret []byte) map[string]any {
	t.Helper()
	text, _ := token.(string)
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := parsed.Claims(secret, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestD1_AUserIsAnsweredWithTwoTokens(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	project, _, err := b.config.Keys.project(b.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	got := b.ask(t, project.SecretKey, "POST", "/auth/token", `{"userId":"ada","name":"Ada"}`).want(t, 200, "")
	user := claimsOf(t, got.body["tsToken"], project.TokenSecret)
	if user["sub"] != "ada" || user["name"] != "Ada" || user["scope"] != "chat:send chat:read" {
		t.Errorf("tsToken says %v", user)
	}
	app := claimsOf(t, got.body["appJwt"], project.AppSecret)
	if app["userId"] != "ada" {
		t.Errorf("appJwt says %v", app)
	}
	for name, claims := range map[string]map[string]any{"tsToken": user, "appJwt": app} {
		iat, _ := claims["iat"].(float64)
		exp, _ := claims["exp"].(float64)
		if exp-iat != 3600 || time.Since(time.Unix(int64(iat), 0)) > time.Minute {
			t.Errorf("%s: iat %v, exp %v", name, claims["iat"], claims["exp"])
		}
	}
	token, _ := got.body["tsToken"].(string)
	b.ask(t, token, "POST", general, `{"text":"x"}`).want(t, 201, "")

	narrow := b.ask(t, project.SecretKey, "POST", "/auth/token", `{"userId":"ada","scopes":["chat:read"],"channels":["a*"]}`).want(t, 200, "")
	token, _ = narrow.body["tsToken"].(string)
	b.ask(t, token, "GET", "/v1/channels/abc/messages", "").want(t, 200, "")
	b.ask(t, token, "POST", "/v1/channels/abc/messages", `{"text":"x"}`).want(t, 403, "forbidden")
	b.ask(t, token, "GET", general, "").want(t, 403, "forbidden")
}

func TestD1_WithoutAUserIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, body := range []string{`{}`, `{"userId":""}`, `{"userId":null}`} {
		got := b.ask(t, b.secretKey(t), "POST", "/auth/token", body).want(t, 400, "invalid")
		if got.body["error"] != "Missing userId" {
			t.Errorf("%s: %s", body, got.text)
		}
	}
	for body, code := range map[string]string{`{"userId":7}`: "invalid", `{"userId":" "}`: "invalid", `{"userId":"a","scopes":"x"}`: "invalid", `[]`: "malformed"} {
		b.ask(t, b.secretKey(t), "POST", "/auth/token", body).want(t, 400, code)
	}
}

func TestD1_NeedsASecretKeyBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada", Scopes: []string{"chat:read", "chat:send", "chat:manage"}})
	for _, token := range []string{"", ada, "sk_guess_0123456789abcdef"} {
		for _, body := range []string{`{"userId":"bob"}`, `{}`, `not JSON`} {
			b.ask(t, token, "POST", "/auth/token", body).want(t, 401, "unauthorized")
		}
	}
}

func TestD1_IsForAnybodyUnderDev(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	got := b.ask(t, "", "POST", "/auth/token", `{"userId":"ada"}`).want(t, 200, "")
	token, _ := got.body["tsToken"].(string)
	posted := b.ask(t, token, "POST", general, `{"text":"x"}`).want(t, 201, "")
	if posted.body["senderId"] != "ada" {
		t.Errorf("posted %s", posted.text)
	}
	b.ask(t, "", "POST", "/auth/token", `{}`).want(t, 400, "invalid")
}
