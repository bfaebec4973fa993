package main

import (
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestREST_ChannelsAndMembers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	bob := b.token(t, auth.Grant{User: "bob"})
	manager := b.token(t, auth.Grant{User: "max", Scopes: []string{"chat:read", "chat:send", "chat:manage"}})

	made := b.ask(t, manager, "PUT", "/v1/channels/team", `{"kind":"private","title":"The team","retention":3600}`).want(t, 200, "")
	if made.body["kind"] != "private" || made.body["title"] != "The team" || made.body["retention"] != 3600.0 || made.body["head"] == "" {
		t.Errorf("made %s", made.text)
	}
	b.ask(t, ada, "GET", "/v1/channels/team/messages", "").want(t, 403, "forbidden")
	b.ask(t, ada, "PUT", "/v1/channels/team/members/ada", `{"role":"member"}`).want(t, 403, "forbidden")
	set := b.ask(t, manager, "PUT", "/v1/channels/team/members/ada", `{"role":"member"}`).want(t, 200, "")
	if set.body["type"] != "member" || set.body["userId"] != "ada" || set.body["by"] != "max" {
		t.Errorf("set %s", set.text)
	}
	b.ask(t, ada, "POST", "/v1/channels/team/messages", `{"text":"here"}`).want(t, 201, "")
	b.ask(t, bob, "POST", "/v1/channels/team/messages", `{"text":"me too"}`).want(t, 403, "forbidden")
	b.ask(t, manager, "PUT", "/v1/channels/team/members/ada", `{"role":"member","muted":true}`).want(t, 200, "")
	b.ask(t, ada, "POST", "/v1/channels/team/messages", `{"text":"here"}`).want(t, 403, "muted")
	members := b.ask(t, ada, "GET", "/v1/channels/team/members", "").want(t, 200, "").list(t, "members")
	if len(members) != 2 || members[0]["userId"] != "ada" || members[0]["muted"] != true || members[1]["role"] != "owner" {
		t.Errorf("members %v", members)
	}
	b.ask(t, ada, "DELETE", "/v1/channels/team/members/ada", "").want(t, 200, "")
	left := b.ask(t, manager, "GET", "/v1/channels/team/members/ada", "").want(t, 200, "")
	if left.body["muted"] != true || left.body["role"] != "" {
		t.Errorf("who left while muted is %s", left.text)
	}
	b.ask(t, manager, "PUT", "/v1/channels/team/members/ada", `{"role":"","banned":true}`).want(t, 200, "")
	b.ask(t, ada, "GET", "/v1/channels/team", "").want(t, 403, "banned")
	b.ask(t, manager, "GET", "/v1/channels/team/members/nobody", "").want(t, 404, "not_found")
	b.ask(t, manager, "PUT", "/v1/channels/team/members/ada", `{"role":"king"}`).want(t, 400, "invalid")
	b.ask(t, manager, "PUT", "/v1/channels/team/members/ada", `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "GET", "/v1/channels/none", "").want(t, 404, "not_found")
	b.ask(t, manager, "PUT", "/v1/channels/x", `{"retention":"1d"}`).want(t, 400, "invalid")

	b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	seen := b.ask(t, bob, "GET", "/v1/channels", "").want(t, 200, "").list(t, "channels")
	for _, c := range seen {
		if c["id"] == "team" {
			t.Error("a stranger sees a private channel")
		}
	}
	first := b.ask(t, manager, "GET", "/v1/channels?limit=1", "").want(t, 200, "")
	next, _ := first.body["next"].(string)
	rest := b.ask(t, manager, "GET", "/v1/channels?after="+next, "").want(t, 200, "").list(t, "channels")
	if len(rest) == 0 || rest[0]["id"] == next {
		t.Errorf("after %q: %v", next, rest)
	}
}

func TestREST_AServerKeyActsForUsers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, key, "POST", general, `{"text":"x"}`).want(t, 400, "invalid")
	posted := b.ask(t, key, "POST", general+"?userId=ada&userName=Ada", `{"text":"x"}`).want(t, 201, "")
	if posted.body["senderId"] != "ada" || posted.body["senderName"] != "Ada" {
		t.Errorf("posted %s", posted.text)
	}
	b.ask(t, ada, "POST", general+"?userId=bob", `{"text":"x"}`).want(t, 403, "foreign_sender")
	b.ask(t, ada, "POST", general+"?userId=ada", `{"text":"x"}`).want(t, 201, "")
	b.ask(t, key, "POST", "/v1/channels/broadcast/messages?userId=system", `{"text":"x"}`).want(t, 201, "")
	b.ask(t, ada, "POST", "/v1/channels/broadcast/messages", `{"text":"x"}`).want(t, 403, "forbidden")
	b.ask(t, ada, "GET", "/v1/channels/broadcast/messages", "").want(t, 200, "")
	b.ask(t, key, "PUT", "/v1/channels/general/cursors/bob", `{"read":2}`).want(t, 200, "")
}
