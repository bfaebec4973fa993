package main

import (
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestREST_AProfileIsSetWholeOrInParts(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	b.ask(t, bob, "GET", "/v1/users/ada", "").want(t, 404, "not_found")
	set := b.ask(t, ada, "PUT", "/v1/users/ada", `{"userName":"Ada","avatar":"https://example.org/a.png","meta":{"k":1}}`).want(t, 200, "")
	if set.body["userName"] != "Ada" || set.body["avatar"] != "https://example.org/a.png" || at(set.body, "meta", "k") != 1.0 || set.body["status"] != "offline" {
		t.Errorf("set %s", set.text)
	}
	if seen := b.ask(t, bob, "GET", "/v1/users/ada", "").want(t, 200, ""); seen.text != set.text {
		t.Errorf("seen %s", seen.text)
	}
	part := b.ask(t, ada, "PATCH", "/v1/users/ada", `{"avatar":null,"userName":"Ida"}`).want(t, 200, "")
	if part.body["userName"] != "Ida" || part.body["avatar"] != nil || at(part.body, "meta", "k") != 1.0 {
		t.Errorf("in part %s", part.text)
	}
	if part = b.ask(t, ada, "PATCH", "/v1/users/ada", `{"meta":null}`).want(t, 200, ""); part.body["meta"] != nil || part.body["userName"] != "Ida" {
		t.Errorf("in part %s", part.text)
	}
	if whole := b.ask(t, ada, "PUT", "/v1/users/ada", `{}`).want(t, 200, ""); whole.body["userName"] != nil {
		t.Errorf("whole %s", whole.text)
	}
	for _, body := range []string{`{"avatar":"javascript:alert(1)"}`, `{"userName":1}`, `{"meta":[]}`, `{"userName":"` + strings.Repeat("x", 129) + `"}`} {
		b.ask(t, ada, "PUT", "/v1/users/ada", body).want(t, 400, "invalid")
		b.ask(t, ada, "PATCH", "/v1/users/ada", body).want(t, 400, "invalid")
	}
	b.ask(t, b.secretKey(t), "PUT", "/v1/users/bob", `{"userName":"Bob"}`).want(t, 200, "")
	users := b.ask(t, b.secretKey(t), "GET", "/v1/users", "").want(t, 200, "").list(t, "users")
	if len(users) != 2 || users[1]["userName"] != "Bob" || users[1]["status"] != nil {
		t.Errorf("users %v", users)
	}
}

func TestREST_WhoIsBlockedSendsNothingDirectly(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	const direct = "/v1/channels/dm:ada:bob/messages"
	b.ask(t, bob, "POST", direct, `{"text":"x"}`).want(t, 201, "")
	b.ask(t, ada, "PUT", "/v1/users/ada/blocks/bob", "").want(t, 204, "")
	b.ask(t, ada, "PUT", "/v1/users/ada/blocks/bob", "").want(t, 204, "")
	b.ask(t, bob, "POST", direct, `{"text":"x"}`).want(t, 403, "blocked")
	b.ask(t, bob, "POST", "/v1/users/ada/signals", `{"type":"x"}`).want(t, 403, "blocked")
	b.ask(t, bob, "POST", general, `{"text":"x"}`).want(t, 201, "")
	blocks := b.ask(t, ada, "GET", "/v1/users/ada/blocks", "").want(t, 200, "").list(t, "blocks")
	if len(blocks) != 1 || blocks[0]["userId"] != "bob" {
		t.Errorf("blocks %v", blocks)
	}
	b.ask(t, ada, "DELETE", "/v1/users/ada/blocks/bob", "").want(t, 204, "")
	b.ask(t, bob, "POST", direct, `{"text":"x"}`).want(t, 201, "")
	b.ask(t, ada, "PUT", "/v1/users/ada/blocks/ada", "").want(t, 400, "invalid")
}

func TestREST_SessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	ada, bob := b.token(t, auth.Grant{User: "ada", Name: "Ada"}), b.token(t, auth.Grant{User: "bob"})
	live := b.dial(t, "/v1/ws?token="+ada, nil)
	live.send(`{"type":"subscribe","channelId":"general"}`)
	live.until("level")
	other := b.dial(t, "/v1/ws?token="+bob, nil)
	other.until("connected")

	mine := b.ask(t, ada, "GET", "/v1/users/ada/sessions", "").want(t, 200, "").list(t, "sessions")
	if len(mine) != 1 || mine[0]["userId"] != "ada" || mine[0]["userName"] != "Ada" || at(mine[0], "channels", 0) != "general" || mine[0]["since"] == nil {
		t.Fatalf("mine are %v", mine)
	}
	every := b.ask(t, key, "GET", "/v1/sessions", "").want(t, 200, "").list(t, "sessions")
	first := b.ask(t, key, "GET", "/v1/sessions?limit=1", "").want(t, 200, "")
	next, _ := first.body["next"].(string)
	rest := b.ask(t, key, "GET", "/v1/sessions?limit=2&after="+next, "").want(t, 200, "")
	if len(every) != 2 || first.list(t, "sessions")[0]["id"] != every[0]["id"] || len(rest.list(t, "sessions")) != 1 || rest.body["next"] != nil {
		t.Errorf("all %v, the rest %s", every, rest.text)
	}

	id, _ := mine[0]["id"].(string)
	b.ask(t, bob, "DELETE", "/v1/sessions/"+id, "").want(t, 404, "not_found")
	b.ask(t, ada, "DELETE", "/v1/sessions/"+id, "").want(t, 204, "")
	if told := live.until("expiring"); told["code"] != "disconnected" {
		t.Errorf("told %v", told)
	}
	their, _ := b.ask(t, key, "GET", "/v1/users/bob/sessions", "").want(t, 200, "").list(t, "sessions")[0]["id"].(string)
	b.ask(t, key, "DELETE", "/v1/sessions/"+their, "").want(t, 204, "")
	other.until("expiring")
}
