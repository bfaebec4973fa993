package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

func TestPublishableKey_LetsGuestsTalkInOpenChannelsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, text := b.makeKey(t, `{"kind":"publishable","name":"site"}`)
	server := b.secretKey(t)
	b.ask(t, server, "PUT", "/v1/channels/staff", `{"kind":"private"}`).want(t, 200, "")

	guest := b.ask(t, text, "POST", "/auth/guest", `{}`).want(t, 200, "")
	user, pass := guest.field(t, "userId"), guest.field(t, "guestToken")
	posted := b.ask(t, pass, "POST", general, `{"text":"Hello"}`).want(t, 201, "")
	if posted.body["senderId"] != user || !strings.HasPrefix(user, auth.GuestPrefix) {
		t.Errorf("posted %s", posted.text)
	}
	b.ask(t, pass, "GET", general, "").want(t, 200, "")
	b.ask(t, pass, "PATCH", general+"/"+posted.field(t, "id"), `{"text":"Hello, all"}`).want(t, 200, "")
	for _, refused := range []struct{ method, path, body string }{
		{"GET", "/v1/channels/staff/messages", ""},
		{"POST", "/v1/channels/staff/messages", `{"text":"x"}`},
		{"POST", "/v1/channels/broadcast/messages", `{"text":"x"}`},
		{"PUT", "/v1/channels/new", `{"kind":"private"}`},
		{"POST", "/v1/channels/" + chat.DirectName(user, "ada") + "/messages", `{"text":"x"}`},
		{"GET", "/v1/keys", ""},
		{"POST", "/v1/tokens/revoke", `{"userId":"ada"}`},
		{"GET", "/v1/users", ""},
	} {
		b.ask(t, pass, refused.method, refused.path, refused.body).want(t, 403, "forbidden")
		b.ask(t, text, refused.method, refused.path, refused.body).want(t, 403, "forbidden")
	}
	b.ask(t, pass, "POST", "/auth/token", `{"userId":"ada"}`).want(t, 401, "unauthorized")
	b.ask(t, pass, "POST", general+"?userId=ada", `{"text":"x"}`).want(t, 403, "foreign_sender")
	b.ask(t, server, "POST", "/auth/token", `{"userId":"`+user+`"}`).want(t, 400, "invalid")

	again := b.ask(t, text, "POST", "/auth/guest", `{"guestToken":"`+pass+`"}`).want(t, 200, "")
	if again.field(t, "userId") != user {
		t.Errorf("%s came again as %s", user, again.text)
	}
	other := b.ask(t, text, "POST", "/auth/guest", `{}`).want(t, 200, "").field(t, "guestToken")
	b.ask(t, other, "PATCH", general+"/"+posted.field(t, "id"), `{"text":"Mine"}`).want(t, 403, "forbidden")
}

func TestPublishableKey_AtTheSocketGivesAWayBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, text := b.makeKey(t, `{"kind":"publishable"}`)
	hello := b.dial(t, "/v1/ws?token="+text, nil).until("connected")
	pass, _ := hello["guestToken"].(string)
	if hello["guest"] != true || pass == "" {
		t.Fatalf("%v", hello)
	}
	again := b.dial(t, "/v1/ws", nil)
	again.send(`{"type":"connect","ref":1,"token":"` + pass + `"}`)
	if got := again.until("connected"); got["userId"] != hello["userId"] || got["guestToken"] != nil {
		t.Errorf("%v, then %v", hello, got)
	}
	stranger := b.dial(t, "/v1/ws", nil)
	stranger.send(`{"type":"connect","ref":1,"token":"` + text + `"}`)
	if got := stranger.until("connected"); got["userId"] == hello["userId"] || got["guestToken"] == nil {
		t.Errorf("%v, then %v", hello, got)
	}
	again.send(`{"type":"subscribe","ref":2,"channelId":"general"}`)
	again.until("level")
	stranger.send(`{"type":"publish","ref":2,"channelId":"general","nonce":"n","text":"Hello"}`)
	if got := again.until("message"); strings.Contains(fmt.Sprint(got), pass) {
		t.Error("another guest is told the pass")
	}
}

func TestPublishableKey_HoldsGuestsToItsScopesAndChannels(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, text := b.makeKey(t, `{"kind":"publishable","scopes":["chat:read"],"channels":["news-*"]}`)
	pass := b.ask(t, text, "POST", "/auth/guest", `{}`).want(t, 200, "").field(t, "guestToken")
	for _, token := range []string{text, pass} {
		b.ask(t, token, "GET", "/v1/channels/news-1/messages", "").want(t, 200, "")
		b.ask(t, token, "POST", "/v1/channels/news-1/messages", `{"text":"x"}`).want(t, 403, "forbidden")
		b.ask(t, token, "GET", general, "").want(t, 403, "forbidden")
	}
	_, direct := b.makeKey(t, `{"kind":"publishable","channels":["dm:*"]}`)
	guest := b.ask(t, direct, "POST", "/auth/guest", `{}`).want(t, 200, "")
	dm := "/v1/channels/" + chat.DirectName(guest.field(t, "userId"), "ada") + "/messages"
	b.ask(t, guest.field(t, "guestToken"), "POST", dm, `{"text":"x"}`).want(t, 201, "")
}

func TestAdmin_DoesWhatASecretKeyMayAndStaysItself(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	admin := b.token(t, auth.Grant{User: "ada", Scopes: []string{auth.ScopeAdmin}})
	plain := b.token(t, auth.Grant{User: "ada", Scopes: []string{"chat:read", "chat:send", "chat:manage"}})
	for _, row := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/keys", "", 200},
		{"GET", "/v1/users", "", 200},
		{"POST", "/v1/channels/broadcast/messages", `{"text":"x"}`, 201},
		{"POST", "/v1/keys", `{"kind":"publishable"}`, 201},
	} {
		b.ask(t, plain, row.method, row.path, row.body).want(t, 403, "forbidden")
		got := b.ask(t, admin, row.method, row.path, row.body).want(t, row.status, "")
		if sender := got.body["senderId"]; sender != nil && sender != "ada" {
			t.Errorf("%s as %v", row.path, sender)
		}
	}
	b.ask(t, admin, "POST", "/v1/projects", `{"name":"shop"}`).want(t, 403, "forbidden")
	b.ask(t, admin, "GET", "/v1/keys?project=shop", "").want(t, 403, "forbidden")
}

func TestProject_IsOnItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.secretKey(t)
	b.ask(t, operator, "POST", "/v1/projects", `{"name":"shop"}`).want(t, 201, "")
	shop := b.ask(t, operator, "POST", "/v1/keys?project=shop", `{"kind":"secret"}`).want(t, 201, "").field(t, "key")
	b.ask(t, operator, "POST", general+"?userId=op", `{"text":"ours"}`).want(t, 201, "")
	ada := b.ask(t, shop, "POST", "/auth/token", `{"userId":"ada"}`).want(t, 200, "").field(t, "tsToken")
	page := b.ask(t, ada, "GET", general, "").want(t, 200, "")
	if strings.Contains(page.text, "ours") {
		t.Errorf("another project's messages: %s", page.text)
	}
	for _, path := range []string{"/v1/projects", "/v1/keys?project=default"} {
		b.ask(t, shop, "GET", path, "").want(t, 403, "forbidden")
	}
	keys := b.ask(t, shop, "GET", "/v1/keys", "").want(t, 200, "")
	if list := keys.list(t, "keys"); len(list) != 1 || list[0]["project"] != "shop" {
		t.Errorf("the project's keys are %s", keys.text)
	}
}
