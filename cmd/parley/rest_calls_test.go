package main

import (
	"encoding/json"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// A call that REST starts rings on the callee's connections and is answered
// there; its end is one event in the direct channel of the two.
func TestREST_ACallRingsIsAnsweredAndEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	caller, callee := b.dial(t, "/v1/ws?token="+ada, nil), b.dial(t, "/v1/ws?token="+bob, nil)
	caller.until("connected")
	callee.until("connected")
	started := b.ask(t, ada, "POST", "/v1/calls", `{"userId":"bob","data":{"video":true}}`).want(t, 201, "")
	id := started.field(t, "callId")
	if f := callee.until("call.state"); f["callId"] != id || f["state"] != "ringing" || f["callerId"] != "ada" {
		t.Errorf("the callee is told %v", f)
	}
	callee.send(`{"type":"call.accept","ref":1,"callId":"` + id + `"}`)
	for state := ""; state != "accepted"; state, _ = caller.until("call.state")["state"].(string) {
	}
	if got := b.ask(t, ada, "GET", "/v1/calls/"+id, "").want(t, 200, ""); got.field(t, "state") != "accepted" {
		t.Errorf("it is %s", got.text)
	}
	b.ask(t, b.token(t, auth.Grant{User: "eve"}), "GET", "/v1/calls/"+id, "").want(t, 404, "not_found")
	ended := b.ask(t, ada, "PATCH", "/v1/calls/"+id, `{"state":"ended"}`).want(t, 200, "")
	if ended.field(t, "state") != "ended" || ended.field(t, "by") != "ada" {
		t.Errorf("it ended as %s", ended.text)
	}
	if f := callee.until("call"); f["callId"] != id || f["state"] != "ended" || f["seq"] != 1.0 {
		t.Errorf("the log tells %v", f)
	}
	log := b.ask(t, bob, "GET", "/v1/channels/dm:ada:bob/events", "").want(t, 200, "").list(t, "events")
	if len(log) != 1 || log[0]["type"] != "call" || log[0]["callId"] != id {
		t.Errorf("the log is %v", log)
	}
}

func TestREST_RefusesCallsThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "POST", "/v1/calls", `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "POST", "/v1/calls", `{"userId":"ada"}`).want(t, 400, "invalid")
	b.ask(t, ada, "POST", "/v1/calls", `{"userId":5}`).want(t, 400, "invalid")
	id := b.ask(t, ada, "POST", "/v1/calls", `{"userId":"bob"}`).want(t, 201, "").field(t, "callId")
	b.ask(t, ada, "PATCH", "/v1/calls/"+id, `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "PATCH", "/v1/calls/"+id, `{"state":"held"}`).want(t, 400, "invalid")
}

// One connection, by the id that it was told, and all but one.
func TestREST_SignalsReachOneConnectionOrAllButOne(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	one, two := b.dial(t, "/v1/ws?userId=ada", nil), b.dial(t, "/v1/ws?userId=ada", nil)
	id, _ := one.until("connected")["session"].(string)
	for _, s := range []*socket{one, two} {
		s.send(`{"type":"subscribe","channelId":"general"}`)
		s.until("level")
	}
	b.ask(t, "", "POST", "/v1/signals?userId=bob", `{"type":"alone","clientId":"`+id+`"}`).want(t, 204, "")
	b.ask(t, "", "POST", "/v1/channels/general/signals?userId=bob", `{"type":"others","exceptId":"`+id+`"}`).want(t, 204, "")
	b.ask(t, "", "POST", "/v1/channels/general/signals?userId=bob", `{"type":"all"}`).want(t, 204, "")
	for s, want := range map[*socket][]string{one: {"alone", "all"}, two: {"others", "all"}} {
		for _, event := range want {
			if f := s.until("signal"); f["event"] != event {
				shown, _ := json.Marshal(f)
				t.Errorf("%s came in place of %s", shown, event)
			}
		}
	}
}

func TestREST_NamesTheServersThatCallsNeed(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) {
		c.STUNURL, c.TURNURL, c.TURNSecret = []string{"stun:127.0.0.1:3478"}, []string{"turn:127.0.0.1:3478"}, "north"
	})
	b.ask(t, "", "GET", "/v1/ice-servers", "").want(t, 401, "unauthorized")
	servers := b.ask(t, b.token(t, auth.Grant{User: "ada"}), "GET", "/v1/ice-servers", "").want(t, 200, "").list(t, "iceServers")
	if len(servers) != 2 || servers[1]["credential"] == nil {
		t.Errorf("told %v", servers)
	}
}
