package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
)

func TestREST_AMessageFromPostToTombstone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada", Name: "Ada"})
	bob := b.token(t, auth.Grant{User: "bob"})

	posted := b.ask(t, ada, "POST", general, `{"text":"Hello","nonce":"n1","meta":{"k":1}}`).want(t, 201, "")
	id, _ := posted.body["id"].(string)
	for key, want := range map[string]any{
		"type": "message", "channelId": "general", "senderId": "ada", "senderName": "Ada", "text": "Hello",
		"seq": 1.0, "sequence": 0.0, "nonce": "n1",
	} {
		if posted.body[key] != want {
			t.Errorf("%s is %v, want %v", key, posted.body[key], want)
		}
	}
	again := b.ask(t, ada, "POST", general, `{"text":"Hello","nonce":"n1","meta":{"k":1}}`).want(t, 201, "")
	if again.body["id"] != id {
		t.Error("a retry made another message")
	}
	b.ask(t, ada, "POST", general, `{"text":"Other","nonce":"n1"}`).want(t, 409, "nonce_conflict")
	b.ask(t, bob, "PATCH", general+"/"+id, `{"text":"Mine"}`).want(t, 403, "forbidden")
	edited := b.ask(t, ada, "PATCH", general+"/"+id, `{"text":"Hello, all"}`).want(t, 200, "")
	if edited.body["text"] != "Hello, all" || edited.body["editSeq"] != 2.0 {
		t.Errorf("edited: %s", edited.text)
	}
	got := b.ask(t, bob, "GET", general+"/"+id, "").want(t, 200, "")
	if got.text != edited.text {
		t.Errorf("read %s after the edit answered %s", got.text, edited.text)
	}
	b.ask(t, bob, "DELETE", general+"/"+id, "").want(t, 403, "forbidden")
	gone := b.ask(t, ada, "DELETE", general+"/"+id, "").want(t, 200, "")
	if gone.body["deletedAt"] == nil || gone.body["text"] != nil || gone.body["meta"] != nil {
		t.Errorf("the tombstone is %s", gone.text)
	}
	b.ask(t, ada, "DELETE", general+"/"+id, "").want(t, 200, "")
	b.ask(t, ada, "PATCH", general+"/"+id, `{"text":"again"}`).want(t, 410, "deleted")
	page := b.ask(t, bob, "GET", general, "").want(t, 200, "")
	if messages := page.list(t, "messages"); len(messages) != 1 || messages[0]["deletedAt"] == nil || strings.Contains(page.text, "Hello") {
		t.Errorf("the page is %s", page.text)
	}
	events := b.ask(t, bob, "GET", "/v1/channels/general/events?after=1", "").want(t, 200, "")
	if list := events.list(t, "events"); len(list) != 2 || list[0]["type"] != "message.update" || list[1]["type"] != "message.delete" {
		t.Errorf("the events are %s", events.text)
	}
	b.ask(t, ada, "GET", general+"/01945a3e-0000-7000-8000-000000000002", "").want(t, 404, "not_found")
}

func TestREST_PagesGoBothWays(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	for range 7 {
		b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	}
	for _, c := range []struct {
		query       string
		first, last float64
		position    string
	}{
		{"", 1, 7, ":7"},
		{"?limit=3", 5, 7, ":7"},
		{"?before=5&limit=2", 3, 4, ":4"},
		{"?after=2&limit=2", 3, 4, ":4"},
		{"?after=0&limit=2", 1, 2, ":2"},
		{"?after=2&before=5", 3, 4, ":4"},
		{"?after=0&before=5&limit=2", 1, 2, ":2"},
		{"?limit=5000", 1, 7, ":7"},
	} {
		page := b.ask(t, ada, "GET", general+c.query, "").want(t, 200, "")
		messages := page.list(t, "messages")
		if messages[0]["seq"] != c.first || messages[len(messages)-1]["seq"] != c.last {
			t.Errorf("%s: %s", c.query, page.text)
		}
		position, _ := page.body["position"].(string)
		head, _ := page.body["head"].(string)
		if !strings.HasSuffix(position, c.position) || !strings.HasSuffix(head, ":7") {
			t.Errorf("%s: position %q, head %q", c.query, position, head)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=-1", "?before=0", "?before=x", "?after=1e3", "?after=9007199254740993"} {
		b.ask(t, ada, "GET", general+query, "").want(t, 400, "invalid")
	}
	events := b.ask(t, ada, "GET", "/v1/channels/general/events?after=5&limit=1", "").want(t, 200, "")
	if list := events.list(t, "events"); len(list) != 1 || list[0]["seq"] != 6.0 {
		t.Errorf("events: %s", events.text)
	}
	since := b.ask(t, ada, "GET", "/v1/channels/general/events?since=2020-01-01T00:00:00Z", "").want(t, 200, "")
	if list := since.list(t, "events"); len(list) != 7 {
		t.Errorf("events since: %s", since.text)
	}
	b.ask(t, ada, "GET", "/v1/channels/general/events?since=yesterday", "").want(t, 400, "invalid")
	b.ask(t, ada, "GET", "/v1/channels/general/events?since=2020-01-01T00:00:00Z&after=1", "").want(t, 400, "invalid")
	b.ask(t, ada, "GET", "/v1/channels/never-used/messages", "").want(t, 200, "")
}

func TestREST_CountsABodyAsReceived(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	value := func(n int) string { return `"` + strings.Repeat("a", n-2) + `"` }
	escaped := `"` + strings.Repeat(`\u0061`, 65534/6) + strings.Repeat("a", 65534%6) + `"`
	b.ask(t, ada, "POST", general, `{"text":`+value(65536)+`}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"text":`+value(65537)+`}`).want(t, 413, "too_large")
	b.ask(t, ada, "POST", general, `{"text":`+escaped+`}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"body":{"a":`+value(65536-6)+`}}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"body":{"a":`+value(65536-5)+`}}`).want(t, 413, "too_large")
	b.ask(t, ada, "POST", general, `{"text":"a","nonce":"`+strings.Repeat("n", 1<<20)+`"}`).want(t, 413, "too_large")
}

func TestREST_TellsWhereToStartAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	b.ask(t, key, "PUT", "/v1/channels/short?userId=ada", `{"retention":1}`).want(t, 200, "")
	b.ask(t, key, "POST", "/v1/channels/short/messages?userId=ada", `{"text":"x"}`).want(t, 201, "")
	if _, err := b.store.Expire(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.ask(t, key, "POST", "/v1/channels/short/messages?userId=ada", `{"text":"y"}`).want(t, 201, "")
	gone := b.ask(t, key, "GET", "/v1/channels/short/events?after=0", "").want(t, 410, "expired")
	expired, _ := gone.body["expired"].(map[string]any)
	oldest, _ := expired["oldest"].(string)
	if expired["reason"] != "horizon" || !strings.Contains(oldest, ":") || expired["head"] == "" {
		t.Errorf("expired %v", expired)
	}
}

func TestREST_LimitsRates(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0.01, 2 })
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	refused := b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 429, "rate_limited")
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	if err != nil || seconds <= 40 || seconds > 100 || refused.body["retry"] != true {
		t.Errorf("Retry-After %q in %s", refused.header.Get("Retry-After"), refused.text)
	}
}

func TestREST_RefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	for body, code := range map[string]string{
		``: "malformed", `[]`: "malformed", `{"text":"a"`: "malformed", `{"text":"a"} x`: "malformed",
		`{"text":"a","text":"b"}`: "malformed", "{\"text\":\"\xff\"}": "malformed", `{"text":"\ud800"}`: "malformed",
		`{"body":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`: "malformed",
		`{}`: "invalid", `{"text":1}`: "invalid", `{"text":"a","body":1}`: "invalid", `{"text":""}`: "invalid",
		`{"text":"a","meta":[]}`: "invalid", `{"text":"a","nonce":7}`: "invalid", `{"body":null}`: "invalid",
	} {
		got := b.ask(t, ada, "POST", general, body)
		if got.status != 400 || got.body["code"] != code {
			t.Errorf("%.60q: %d %v, want 400 %s", body, got.status, got.body["code"], code)
		}
	}
	b.ask(t, ada, "GET", "/v1/nothing", "").want(t, 404, "not_found")
	wrong := b.ask(t, ada, "PUT", general, "{}").want(t, 405, "method_not_allowed")
	if allow := strings.Join(wrong.header.Values("Allow"), ","); allow != "GET,POST" {
		t.Errorf("Allow: %s", allow)
	}
	b.ask(t, ada, "GET", "/v1/channels/%20x/messages", "").want(t, 400, "invalid")
}
