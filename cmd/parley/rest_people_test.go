package main

import (
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestREST_CursorsSignalsAndUsers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada", Name: "Ada"})
	bob := b.token(t, auth.Grant{User: "bob"})
	var id string
	for range 3 {
		id, _ = b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "").body["id"].(string)
	}
	live := b.dial(t, "/v1/ws?token="+bob, nil)
	live.send(`{"type":"subscribe","channelId":"general"}`)
	live.until("level")

	moved := b.ask(t, ada, "PUT", "/v1/channels/general/cursors/ada", `{"read":2}`).want(t, 200, "")
	if moved.body["read"] != 2.0 || moved.body["userId"] != "ada" {
		t.Errorf("moved %s", moved.text)
	}
	if read := live.until("read"); read["userId"] != "ada" || read["seq"] != 2.0 {
		t.Errorf("told %v", read)
	}
	if byID := b.ask(t, ada, "PUT", "/v1/channels/general/cursors/ada", `{"read":"`+id+`"}`).want(t, 200, ""); byID.body["read"] != 3.0 {
		t.Errorf("moved by id: %s", byID.text)
	}
	if back := b.ask(t, ada, "PUT", "/v1/channels/general/cursors/ada", `{"read":1}`).want(t, 200, ""); back.body["read"] != 3.0 {
		t.Errorf("moved back: %s", back.text)
	}
	b.ask(t, bob, "PUT", "/v1/channels/general/cursors/ada", `{"read":1}`).want(t, 403, "forbidden")
	b.ask(t, ada, "PUT", "/v1/channels/general/cursors/ada", `{}`).want(t, 400, "invalid")
	cursors := b.ask(t, bob, "GET", "/v1/channels/general/cursors", "").want(t, 200, "").list(t, "cursors")
	if len(cursors) != 1 || cursors[0]["userId"] != "ada" || cursors[0]["read"] != 3.0 {
		t.Errorf("cursors %v", cursors)
	}

	b.ask(t, ada, "POST", "/v1/channels/general/signals", `{"type":"cursor.move","data":{"x":1}}`).want(t, 204, "")
	if s := live.until("signal"); s["event"] != "cursor.move" || s["userId"] != "ada" {
		t.Errorf("signal %v", s)
	}
	b.ask(t, ada, "POST", "/v1/users/bob/signals", `{"type":"call.offer"}`).want(t, 204, "")
	if s := live.until("signal"); s["event"] != "call.offer" || s["channelId"] != nil {
		t.Errorf("signal %v", s)
	}
	b.ask(t, ada, "POST", "/v1/users/bob/signals", `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "POST", "/v1/channels/general/signals", `{"type":"x","data":"`+strings.Repeat("a", 16384)+`"}`).want(t, 413, "too_large")

	if u := b.ask(t, ada, "GET", "/v1/users/bob", "").want(t, 200, ""); u.body["status"] != "online" {
		t.Errorf("bob is %s", u.text)
	}
	b.ask(t, ada, "GET", "/v1/users/nobody", "").want(t, 404, "not_found")
}
