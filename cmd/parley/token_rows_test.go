package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
)

func TestD9_EveryJoinIsAuthorised(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	server := b.secretKey(t)
	b.ask(t, server, "PUT", "/v1/channels/staff", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, server, "PUT", "/v1/channels/staff/members/ada", `{"role":"member"}`).want(t, 200, "")
	for name, row := range map[string]struct {
		grant   auth.Grant
		channel string
		code    string // "": welcome
	}{
		"a member":                        {auth.Grant{User: "ada"}, "staff", ""},
		"not a member":                    {auth.Grant{User: "bob"}, "staff", "forbidden"},
		"an open channel":                 {auth.Grant{User: "bob"}, "general", ""},
		"a channel beyond the token":      {auth.Grant{User: "ada", Channels: []string{"news-*"}}, "staff", "forbidden"},
		"a channel of the token's":        {auth.Grant{User: "ada", Channels: []string{"news-*"}}, "news-1", ""},
		"a token that may not read":       {auth.Grant{User: "ada", Scopes: []string{"chat:send"}}, "staff", "forbidden"},
		"others' direct channel":          {auth.Grant{User: "bob"}, "dm:ada:carol", "forbidden"},
		"a direct channel of the user's":  {auth.Grant{User: "ada"}, "dm:ada:carol", ""},
		"a channel without a proper name": {auth.Grant{User: "ada"}, " staff", "invalid"},
		"the project's own, to read":      {auth.Grant{User: "bob"}, "broadcast", ""},
	} {
		s := b.native(t, row.grant)
		for _, frame := range []string{`{"type":"subscribe","channelId":%q}`, `{"type":"history","channelId":%q}`, `{"type":"events","channelId":%q,"after":0}`} {
			answer := s.asked(frame, row.channel)
			if code, _ := answer["code"].(string); code != row.code {
				t.Errorf("%s: %s was answered with %v", name, frame, answer)
			}
		}
	}
}

func TestD9_WhoLosesTheRightIsDroppedAndToldNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	server := b.secretKey(t)
	bob := b.user(t, "bob")
	bob.follow(`"channelId":"general"`)
	bob.follow(`"channelId":"other"`)
	b.ask(t, server, "PUT", "/v1/channels/general/members/bob", `{"role":"","banned":true}`).want(t, 200, "")
	if dropped := bob.expect("dropped", "channelId", "general"); dropped["code"] != "banned" {
		t.Errorf("dropped %v", dropped)
	}
	ada := b.user(t, "ada")
	ada.acked(`{"type":"publish","channelId":"general","text":"secret"}`)
	ada.acked(`{"type":"publish","channelId":"other","text":"public"}`)
	if m := bob.durable(1)[0]; m["text"] != "public" {
		t.Errorf("who was banned is told %v", m)
	}
	bob.denied("banned", `{"type":"subscribe","channelId":"general"}`)
	bob.denied("banned", `{"type":"publish","channelId":"general","text":"x"}`)
}

func TestD9_ATokenIsRefreshedOnALiveConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	end := time.Now().Truncate(time.Second).Add(8 * time.Second)
	short := signed(t, b.tokenSecret(t), "configured", map[string]any{"sub": "ada", "scope": "chat:read chat:send", "exp": end.Unix()})
	ada := b.dial(t, "/v1/ws?token="+short, nil)
	first := ada.until("connected")
	ada.follow(`"channelId":"general"`)
	left := b.watch(t, "one that did not", "/v1/ws", short)

	ada.denied("foreign_sender", `{"type":"connect","token":%q}`, b.token(t, auth.Grant{User: "bob"}))
	ada.denied("token_expired", `{"type":"connect","token":%q}`, b.expiredToken(t))
	again := ada.acked(`{"type":"connect","token":%q}`, b.token(t, auth.Grant{User: "ada"}))
	if again["session"] != first["session"] || again["userId"] != "ada" || again["expires"] == first["expires"] {
		t.Errorf("connected by %v, then by %v", first, again)
	}
	left.over(t, end, "token_expired")
	b.user(t, "bob").acked(`{"type":"publish","channelId":"general","text":"still there?"}`)
	if m := ada.durable(1)[0]; m["text"] != "still there?" {
		t.Errorf("told %v", m)
	}
	ada.acked(`{"type":"publish","channelId":"general","text":"yes"}`)
	b.ask(t, short, "GET", general, "").want(t, 401, "token_expired")
}

func TestD9_ContentIsGivenBackAsTextAndNamesArePrintable(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>` + "\u202e\x00\x1b]0;x\x07"
	text, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	bob.follow(`"channelId":"general"`)
	id, _ := ada.acked(`{"type":"publish","channelId":"general","text":%s}`, text)["id"].(string)
	if m := bob.durable(1)[0]; m["text"] != hostile {
		t.Errorf("told %q", m["text"])
	}
	got := b.ask(t, b.token(t, auth.Grant{User: "ada"}), "GET", general+"/"+id, "").want(t, 200, "")
	if got.body["text"] != hostile || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		t.Errorf("%s: %s", got.header.Get("Content-Type"), got.text)
	}
	for _, name := range []string{`a\u0007b`, `a\u001b[31m`, `a\nb`, ` a`, `a\u0000`, `a\u202eb`} {
		ada.denied("invalid", `{"type":"profile.put","userName":"%s"}`, name)
		ada.denied("invalid", `{"type":"publish","channelId":"%s","text":"x"}`, name)
	}
	ada.denied("invalid", `{"type":"profile.put","avatar":"javascript:alert(1)"}`)
	ada.send(`{"type":"publish","channelId":"general","text":"\ud800"}`)
	if frame, text := ada.next(); frame["type"] != "error" || frame["code"] != "malformed" {
		t.Errorf("half a character was answered with %s", text)
	}
	ada.acked(`{"type":"ping"}`)
}

func TestA10_TheServerHoldsEachUserToALimit(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0.001, 5 })
	phone, desk, bob := b.user(t, "ada"), b.user(t, "ada"), b.user(t, "bob")
	bob.follow(`"channelId":"general"`)
	for range 3 {
		phone.acked(`{"type":"publish","channelId":"general","text":"x"}`)
	}
	desk.acked(`{"type":"publish","channelId":"another","text":"x"}`)
	phone.acked(`{"type":"signal","channelId":"general","event":"wave"}`)
	for _, s := range []*socket{phone, desk} {
		refused := s.denied("rate_limited", `{"type":"publish","channelId":"general","nonce":"n6","text":"too much"}`)
		wait, _ := refused["retryAfter"].(float64)
		if refused["retry"] != true || wait < 1 || wait > 1_001_000 || refused["nonce"] != "n6" || refused["message"] == "" {
			t.Errorf("refused by %v", refused)
		}
		s.denied("rate_limited", `{"type":"signal","channelId":"general","event":"wave"}`)
		s.acked(`{"type":"history","channelId":"general"}`)
	}
	bob.send(`{"type":"publish","channelId":"general","text":"mine"}`)
	events := bob.durable(4)
	if got := outline(events); got != "1 message, 2 message, 3 message, 4 message" || events[3]["text"] != "mine" {
		t.Errorf("told %v", events)
	}
	token := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, token, "POST", general, `{"text":"by another door"}`).want(t, 429, "rate_limited")
}

func TestA11_EachReasonToRefuseAMessageIsItsOwnError(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, reader := b.user(t, "ada"), b.native(t, auth.Grant{User: "rita", Scopes: []string{"chat:read"}})
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/staff", `{"kind":"private"}`).want(t, 200, "")
	value := func(n int) string { return `"` + strings.Repeat("a", n-2) + `"` }
	const frame = `{"type":"publish","channelId":"general","text":%s}`
	if ack := ada.acked(frame, value(65536)); ack["seq"] != 1.0 {
		t.Errorf("the greatest message was acknowledged by %v", ack)
	}
	ada.denied("too_large", frame, value(65537))
	ada.acked(`{"type":"publish","channelId":"general","body":{"a":%s}}`, value(65536-6))
	ada.denied("too_large", `{"type":"publish","channelId":"general","body":{"a":%s}}`, value(65536-5))
	ada.denied("invalid", `{"type":"publish","channelId":"general"}`)
	ada.denied("forbidden", `{"type":"publish","channelId":"staff","text":"x"}`)
	reader.denied("forbidden", frame, `"x"`)
	for _, text := range []string{`{"type":"publish","channelId":"general","text":"x"`, `{"type":"publish","channelId":"general","body":{a:1}}`, `nonsense`, ``} {
		ada.send(text)
		if got, raw := ada.next(); got["type"] != "error" || got["code"] != "malformed" {
			t.Errorf("%q was answered with %s", text, raw)
		}
	}
	if ack := ada.acked(frame, `"still here"`); ack["seq"] != 3.0 {
		t.Errorf("after the refusals a message was acknowledged by %v", ack)
	}
	stranger := b.dial(t, "/v1/ws", &websocket.DialOptions{})
	stranger.denied("unauthorized", frame, `"x"`)
	stranger.acked(`{"type":"connect","token":%q}`, b.token(t, auth.Grant{User: "sam"}))
	stranger.acked(frame, `"x"`)
}
