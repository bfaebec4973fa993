package main

import (
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestREST_AKeyIsMadeRotatedAndRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.secretKey(t)
	made := b.ask(t, operator, "POST", "/v1/keys", `{"kind":"secret","name":"billing"}`).want(t, 201, "")
	id, _ := made.body["id"].(string)
	text, _ := made.body["key"].(string)
	if made.body["name"] != "billing" || made.body["state"] != "active" || !strings.HasPrefix(text, "sk_") {
		t.Errorf("made %s", made.text)
	}
	b.ask(t, text, "POST", general+"?userId=ada", `{"text":"x"}`).want(t, 201, "")
	listed := b.ask(t, operator, "GET", "/v1/keys", "").want(t, 200, "")
	if strings.Contains(listed.text, text) {
		t.Error("a list tells a secret key")
	}

	rotated := b.ask(t, operator, "POST", "/v1/keys/"+id+"/rotate", `{"graceSeconds":60}`).want(t, 200, "")
	second, _ := rotated.body["key"].(string)
	secondID, _ := rotated.body["id"].(string)
	b.ask(t, text, "GET", "/v1/keys", "").want(t, 200, "")
	var old map[string]any
	for _, k := range b.ask(t, second, "GET", "/v1/keys", "").want(t, 200, "").list(t, "keys") {
		if k["id"] == id {
			old = k
		}
	}
	if old["state"] != "retiring" || old["successor"] != secondID || old["endsAt"] == nil {
		t.Errorf("the old one is %v", old)
	}

	revoked := b.ask(t, operator, "DELETE", "/v1/keys/"+secondID, "").want(t, 200, "")
	if revoked.body["state"] != "revoked" || revoked.body["revokedAt"] == nil {
		t.Errorf("revoked %s", revoked.text)
	}
	if got := b.ask(t, second, "GET", "/v1/keys", ""); got.status != 401 {
		t.Errorf("a revoked key: %d", got.status)
	}
	b.ask(t, operator, "POST", "/v1/keys", `{"kind":"golden"}`).want(t, 400, "invalid")
	b.ask(t, operator, "POST", "/v1/keys", `{}`).want(t, 400, "invalid")
	b.ask(t, operator, "POST", "/v1/keys", `{"kind":"secret"}`, "Idempotency-Key", "k").want(t, 400, "invalid")
	b.ask(t, operator, "POST", "/v1/keys/"+id+"/rotate", `{"graceSeconds":-1}`).want(t, 400, "invalid")
}

func TestREST_ProjectsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.secretKey(t)
	p := b.ask(t, operator, "POST", "/v1/projects", `{"name":"acme"}`).want(t, 201, "")
	if p.body["name"] != "acme" || p.body["createdAt"] == nil {
		t.Errorf("made %s", p.text)
	}
	b.ask(t, operator, "POST", "/v1/projects", `{"name":"acme"}`).want(t, 409, "exists")
	b.ask(t, operator, "POST", "/v1/projects", `{"name":"A/B"}`).want(t, 400, "invalid")
	if list := b.ask(t, operator, "GET", "/v1/projects", "").want(t, 200, "").list(t, "projects"); len(list) != 2 || list[0]["name"] != "acme" {
		t.Errorf("projects %v", list)
	}
	made := b.ask(t, operator, "POST", "/v1/keys?project=acme", `{"kind":"secret"}`).want(t, 201, "")
	acme, _ := made.body["key"].(string)
	keyID, _ := made.body["id"].(string)

	b.ask(t, operator, "PUT", "/v1/channels/team?userId=ada", `{"kind":"private"}`).want(t, 200, "")
	id, _ := b.ask(t, operator, "POST", "/v1/channels/team/messages?userId=ada", `{"text":"tell-nobody"}`).want(t, 201, "").body["id"].(string)
	b.ask(t, operator, "PUT", "/v1/channels/team/state/k?userId=ada", `{"value":"tell-nobody"}`).want(t, 200, "")
	b.ask(t, operator, "PUT", "/v1/users/ada", `{"userName":"tell-nobody"}`).want(t, 200, "")
	live := b.dial(t, "/v1/ws?token="+b.token(t, auth.Grant{User: "ada"}), nil)
	session, _ := live.until("connected")["session"].(string)
	for _, path := range []string{
		"/v1/channels/team", "/v1/channels/team/messages", "/v1/channels/team/messages/" + id, "/v1/channels/team/events",
		"/v1/channels/team/state", "/v1/channels/team/state/k", "/v1/channels/team/pins", "/v1/channels/team/members",
		"/v1/channels", "/v1/users", "/v1/users/ada", "/v1/users/ada/channels", "/v1/sessions", "/v1/keys?project=default", "/v1/projects",
	} {
		got := b.ask(t, acme, "GET", path, "")
		if strings.Contains(got.text, "tell-nobody") || strings.Contains(got.text, session) || strings.Contains(got.text, `"team"`) {
			t.Errorf("%s tells another project: %s", path, got.text)
		}
	}
	b.ask(t, acme, "DELETE", "/v1/sessions/"+session, "").want(t, 404, "not_found")
	b.ask(t, acme, "PATCH", "/v1/channels/team/messages/"+id, `{"text":"x"}`).want(t, 404, "not_found")
	b.ask(t, acme, "GET", "/v1/keys?project=default", "").want(t, 403, "forbidden")
	b.ask(t, acme, "DELETE", "/v1/keys/"+keyID+"?project=default", "").want(t, 403, "forbidden")
	b.ask(t, acme, "POST", "/v1/projects", `{"name":"more"}`).want(t, 403, "forbidden")
	b.ask(t, operator, "DELETE", "/v1/keys/"+keyID, "").want(t, 404, "not_found") // it is acme's
}

func TestREST_TokensAreCalledBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.secretKey(t)
	minted := b.ask(t, operator, "POST", "/auth/token", `{"userId":"ada"}`).want(t, 200, "")
	token, _ := minted.body["tsToken"].(string)
	b.ask(t, token, "GET", "/v1/channels", "").want(t, 200, "")
	live := b.dial(t, "/v1/ws?token="+token, nil)
	live.until("connected")
	revoked := b.ask(t, operator, "POST", "/v1/tokens/revoke", `{"userId":"ada"}`).want(t, 200, "")
	if revoked.body["userId"] != "ada" || revoked.body["before"] == nil {
		t.Errorf("revoked %s", revoked.text)
	}
	b.ask(t, token, "GET", "/v1/channels", "").want(t, 401, "token_revoked")
	if told := live.until("expiring"); told["code"] != "token_revoked" {
		t.Errorf("told %v", told)
	}
	if one := b.ask(t, operator, "POST", "/v1/tokens/revoke", `{"tokenId":"t1","expires":"2099-01-01T00:00:00Z"}`).want(t, 200, ""); one.body["tokenId"] != "t1" {
		t.Errorf("revoked %s", one.text)
	}
	for _, body := range []string{`{}`, `{"tokenId":"a","userId":"b"}`, `{"userId":"b","expires":"2099-01-01T00:00:00Z"}`, `{"tokenId":"a","expires":"soon"}`} {
		b.ask(t, operator, "POST", "/v1/tokens/revoke", body).want(t, 400, "invalid")
	}
}

func TestREST_APublishableKeyMakesGuests(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	made := b.ask(t, b.secretKey(t), "POST", "/v1/keys", `{"kind":"publishable","scopes":["chat:read"],"channels":["lobby"]}`).want(t, 201, "")
	key, _ := made.body["key"].(string)
	guest := b.ask(t, key, "POST", "/auth/guest", "").want(t, 200, "")
	user, _ := guest.body["userId"].(string)
	pass, _ := guest.body["guestToken"].(string)
	if !strings.HasPrefix(user, auth.GuestPrefix) || pass == "" {
		t.Fatalf("guest %s", guest.text)
	}
	b.ask(t, pass, "GET", "/v1/channels/lobby/messages", "").want(t, 200, "")
	b.ask(t, pass, "GET", general, "").want(t, 403, "forbidden")
	b.ask(t, pass, "POST", "/v1/channels/lobby/messages", `{"text":"x"}`).want(t, 403, "forbidden")
	again := b.ask(t, key, "POST", "/auth/guest", `{"guestToken":"`+pass+`"}`).want(t, 200, "")
	if again.body["userId"] != user {
		t.Errorf("again %s", again.text)
	}
	if other := b.ask(t, key, "POST", "/auth/guest", `{}`).want(t, 200, ""); other.body["userId"] == user {
		t.Error("two guests are one")
	}
	b.ask(t, key, "GET", "/v1/keys", "").want(t, 403, "forbidden")
	b.ask(t, "", "POST", "/auth/guest", "").want(t, 401, "unauthorized")
}
