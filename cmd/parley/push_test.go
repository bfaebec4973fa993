package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/internal/pushservice"
)

// pushing is a server that tells soon, on this machine too.
func pushing(c *Serve) {
	c.Push, c.PushLoopback, c.PushContact, c.PushDelay = true, true, "mailto:ada@example.org", 200*time.Millisecond
}

const pushSubscriptions = "/v1/push/subscriptions"

func TestREST_PushSubscriptionsAndSettings(t *testing.T) {
	t.Parallel()
	b := setup(t, pushing)
	ada, ben := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "ben"})
	browser := pushservice.Start(t).Browser("ada")
	b.ask(t, "", "GET", "/v1/push/key", "").want(t, 401, "unauthorized")
	if key := b.ask(t, ada, "GET", "/v1/push/key", "").want(t, 200, "").field(t, "key"); len(key) != 87 {
		t.Errorf("key %q", key)
	}
	for _, bad := range []string{`{}`, `{"endpoint":"https://push.example.org/"}`, `{"endpoint":5,"keys":{}}`, `{"endpoint":"https://push.example.org/","keys":{"auth":5}}`, `{"endpoint":"https://10.0.0.1/","keys":{"p256dh":"x","auth":"y"}}`} {
		b.ask(t, ada, "PUT", pushSubscriptions, bad).want(t, 400, "invalid")
	}
	id := b.ask(t, ada, "PUT", pushSubscriptions, browser.JSON()).want(t, 200, "").field(t, "id")
	if again := b.ask(t, ada, "PUT", pushSubscriptions, browser.JSON()).want(t, 200, "").field(t, "id"); again != id {
		t.Errorf("renewed, %s is %s", id, again)
	}
	got := b.ask(t, ada, "GET", pushSubscriptions, "").want(t, 200, "")
	if list := got.list(t, "subscriptions"); len(list) != 1 || list[0]["id"] != id || strings.Contains(got.text, "/push/ada") {
		t.Errorf("subscriptions %s", got.text)
	}
	b.ask(t, ben, "DELETE", pushSubscriptions+"/"+id, "").want(t, 404, "not_found")
	b.ask(t, ada, "DELETE", pushSubscriptions+"/"+id, "").want(t, 204, "")
	b.ask(t, ada, "DELETE", pushSubscriptions+"/"+id, "").want(t, 404, "not_found")

	const settings = "/v1/push/settings"
	if own := b.ask(t, ada, "GET", settings, "").want(t, 200, ""); own.text != `{"default":"all"}` {
		t.Errorf("settings %s", own.text)
	}
	want := `{"default":"mentions","channels":{"a \"b\" <c>":"none","general":"all"}}`
	put := b.ask(t, ada, "PUT", settings, want).want(t, 200, "")
	if now := b.ask(t, ada, "GET", settings, "").want(t, 200, ""); now.text != put.text || put.body["default"] != "mentions" || len(put.body["channels"].(map[string]any)) != 2 {
		t.Errorf("put %s, got %s", put.text, now.text)
	}
	for _, bad := range []string{`{"default":"some"}`, `{"channels":[]}`, `{"channels":{"general":5}}`, `{"channels":{"general":"loud"}}`, `{"channels":{"dm:x":"all"}}`} {
		b.ask(t, ada, "PUT", settings, bad).want(t, 400, "invalid")
	}
}

func TestREST_WithoutPushMessagesThereAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	for _, path := range []string{"/v1/push/key", pushSubscriptions, "/v1/push/settings"} {
		b.ask(t, ada, "GET", path, "").want(t, 404, "not_found")
	}
}

// The whole way: a message over REST, a browser that is told; a device that
// acknowledges, and nobody is.
func TestPush_TellsWhoIsAwayAndNobodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t, pushing)
	ada, ben := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "ben"})
	browser := pushservice.Start(t).Browser("ada")
	b.ask(t, ada, "PUT", pushSubscriptions, browser.JSON()).want(t, 200, "")
	say := func(text string) {
		b.ask(t, ben, "POST", "/v1/channels/dm:ada:ben/messages", `{"text":"`+text+`"}`).want(t, 201, "")
	}
	say("are you there?")
	got := browser.Wait(t, "the first", func(got []pushservice.Message) bool { return len(got) == 1 })
	if !strings.Contains(string(got[0].Data), `"text":"are you there?"`) || got[0].Urgency != "high" {
		t.Errorf("told %s", got[0])
	}

	device := b.dial(t, "/v1/ws?token="+ada, nil)
	device.until("connected")
	device.send(`{"type":"subscribe","channelId":"dm:ada:ben"}`)
	device.until("level")
	say("now you are")
	seq, ok := device.until("message")["seq"].(float64)
	if !ok {
		t.Fatal("a message without a seq")
	}
	acknowledged, err := json.Marshal(map[string]any{"type": "delivered", "channelId": "dm:ada:ben", "seq": seq})
	if err != nil {
		t.Fatal(err)
	}
	device.send(string(acknowledged))
	for delivered := false; !delivered; {
		cursors := b.ask(t, ada, "GET", "/v1/channels/dm:ada:ben/cursors", "").want(t, 200, "")
		for _, c := range cursors.list(t, "cursors") {
			delivered = delivered || c["userId"] == "ada" && c["delivered"] == seq
		}
	}
	if err := device.ws.CloseNow(); err != nil {
		t.Log(err)
	}
	say("and gone again")
	got = browser.Wait(t, "the last", func(got []pushservice.Message) bool {
		return len(got) > 0 && strings.Contains(got[len(got)-1].String(), "and gone again")
	})
	if metrics := b.visit(t, "GET", "/metrics", nil).text; !strings.Contains(metrics, "parley_push_subscriptions 1") {
		t.Error("the metrics know nothing of it")
	}
	if len(got) > 3 { // the second too, if its cursor was slower than the delay
		t.Errorf("told %v", got)
	}
}

func TestPush_EndsWithTheUsersTokens(t *testing.T) {
	t.Parallel()
	b := setup(t, pushing)
	ada := b.token(t, auth.Grant{User: "ada"})
	browser := pushservice.Start(t).Browser("ada")
	b.ask(t, ada, "PUT", pushSubscriptions, browser.JSON()).want(t, 200, "")
	b.ask(t, b.secretKey(t), "POST", "/v1/tokens/revoke", `{"userId":"ada"}`).want(t, 200, "")
	end := time.Now().Add(time.Minute)
	for b.pushes.Stats().Subscriptions > 0 {
		if time.Now().After(end) {
			t.Fatal("the subscription is still there")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestConfig_RefusesPushSettingsThatNoServiceTakes(t *testing.T) {
	t.Parallel()
	const good = "https://example.org"
	if err := (&Pushes{Push: true, PushContact: good}).checkPushes(); err != nil {
		t.Error(err)
	}
	for _, p := range []Pushes{
		{Push: true},
		{Push: true, PushKey: "x", PushContact: good},
		{Push: true, PushContact: "ada@example.org"},
		{Push: true, PushContact: "mailto:"},
		{Push: true, PushContact: "https://example.org/ x"},
		{Push: true, PushContact: good, PushDelay: -1},
		{Push: true, PushContact: good, PushDelay: time.Hour},
		{Push: true, PushContact: good, PushTTL: -1},
		{Push: true, PushContact: good, PushTTL: 29 * 24 * time.Hour},
	} {
		if err := p.checkPushes(); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}
