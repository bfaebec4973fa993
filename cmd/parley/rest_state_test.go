package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
)

const score = "/v1/channels/general/state/score"

func TestREST_AStateKeyIsSetReadAndTakenAway(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	b.ask(t, ada, "GET", score, "").want(t, 404, "not_found")
	set := b.ask(t, ada, "PUT", score, `{"value":{"home":1}}`).want(t, 200, "")
	if at(set.body, "value", "home") != 1.0 || set.body["version"] != 1.0 || set.body["userId"] != "ada" || set.header.Get("ETag") != `"1"` {
		t.Errorf("set %s, ETag %s", set.text, set.header.Get("ETag"))
	}
	got := b.ask(t, bob, "GET", score, "").want(t, 200, "")
	if got.text != set.text || got.header.Get("ETag") != `"1"` {
		t.Errorf("got %s after %s", got.text, set.text)
	}
	b.ask(t, bob, "GET", score, "", "If-None-Match", `"0", W/"1"`).want(t, 304, "")
	b.ask(t, bob, "PUT", score, `{"value":2}`).want(t, 200, "")
	b.ask(t, ada, "GET", score, "", "If-None-Match", `"1"`).want(t, 200, "")
	b.ask(t, ada, "DELETE", score, "").want(t, 204, "")
	b.ask(t, ada, "GET", score, "").want(t, 404, "not_found")
	events := b.ask(t, ada, "GET", "/v1/channels/general/events?after=0", "").want(t, 200, "").list(t, "events")
	if len(events) != 3 || events[0]["type"] != "state" || events[1]["value"] != 2.0 || events[2]["deleted"] != true {
		t.Errorf("events %v", events)
	}
	b.ask(t, ada, "PUT", score, `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "PUT", score, `{"value":1,"ttl":0}`).want(t, 400, "invalid")
	b.ask(t, ada, "PUT", score, `{"value":"`+strings.Repeat("x", 16383)+`"}`).want(t, 413, "too_large")
	b.ask(t, ada, "PUT", "/v1/channels/general/state/"+strings.Repeat("k", 129), `{"value":1}`).want(t, 400, "invalid")
	b.ask(t, ada, "PUT", "/v1/channels/general/state/a%2Fb", `{"value":null}`).want(t, 200, "")
	if null := b.ask(t, ada, "GET", "/v1/channels/general/state/a%2Fb", "").want(t, 200, ""); null.body["key"] != "a/b" || !strings.Contains(null.text, `"value":null`) {
		t.Errorf("null is %s", null.text)
	}
}

func TestREST_AStateKeyIsChangedOnlyAsItWasSeen(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "PUT", score, `{"value":1}`, "If-Match", `"1"`).want(t, 412, "version_conflict")
	b.ask(t, ada, "PUT", score, `{"value":1}`, "If-None-Match", "*").want(t, 200, "")
	b.ask(t, ada, "PUT", score, `{"value":2}`, "If-None-Match", "*").want(t, 412, "version_conflict")
	second := b.ask(t, ada, "PUT", score, `{"value":2}`, "If-Match", `"1"`).want(t, 200, "")
	b.ask(t, ada, "PUT", score, `{"value":3}`, "If-Match", `"1"`).want(t, 412, "version_conflict")
	b.ask(t, ada, "PATCH", score, `{"add":1}`, "If-Match", `"1"`).want(t, 412, "version_conflict")
	b.ask(t, ada, "DELETE", score, "", "If-Match", `"1"`).want(t, 412, "version_conflict")
	b.ask(t, ada, "DELETE", score, "", "If-Match", second.header.Get("ETag")).want(t, 204, "")
	for _, tag := range []string{"*", "1", `W/"1"`, `"x"`, `"1", "2"`, `"01"`, `"0"`} {
		b.ask(t, ada, "PUT", score, `{"value":3}`, "If-Match", tag).want(t, 400, "invalid")
	}
	b.ask(t, ada, "PUT", score, `{"value":3}`, "If-None-Match", `"1"`).want(t, 400, "invalid")
	b.ask(t, ada, "PUT", score, `{"value":3}`, "If-None-Match", `*`, "If-Match", `"1"`).want(t, 400, "invalid")
	// Where a condition would not be kept it is not ignored.
	b.ask(t, ada, "POST", general, `{"text":"x"}`, "If-Match", `"1"`).want(t, 400, "invalid")
}

func TestREST_ACounterCountsEachKeyOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "PATCH", score, `{"add":5}`).want(t, 200, "")
	b.ask(t, ada, "PATCH", score, `{"add":-2}`, "Idempotency-Key", "k").want(t, 200, "")
	again := b.ask(t, ada, "PATCH", score, `{"add":-2}`, "Idempotency-Key", "k").want(t, 200, "")
	if again.body["value"] != 3.0 || again.body["version"] != 2.0 {
		t.Errorf("again %s", again.text)
	}
	b.ask(t, ada, "PATCH", score, `{"add":1.5}`).want(t, 400, "invalid")
	b.ask(t, ada, "PATCH", score, `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "PUT", score, `{"value":"text"}`).want(t, 200, "")
	b.ask(t, ada, "PATCH", score, `{"add":1}`).want(t, 400, "invalid")
}

func TestREST_AStateKeyGoesWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	set := b.ask(t, ada, "PUT", score, `{"value":1,"ttl":1}`).want(t, 200, "")
	if set.body["expiresAt"] == nil {
		t.Errorf("set %s", set.text)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if b.ask(t, ada, "GET", score, "").status == 404 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the key stays")
		}
	}
	if keys := b.ask(t, ada, "GET", "/v1/channels/general/state", "").want(t, 200, "").list(t, "keys"); len(keys) != 0 {
		t.Errorf("keys %v", keys)
	}
}

func TestREST_StateIsReadInPagesWithAPlaceToFollowFrom(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	empty := b.ask(t, key, "GET", "/v1/channels/general/state", "").want(t, 200, "")
	if position, _ := empty.body["position"].(string); len(empty.list(t, "keys")) != 0 || !strings.HasSuffix(position, ":0") || empty.body["next"] != nil {
		t.Errorf("empty: %s", empty.text)
	}
	large := strings.Repeat("x", 16000)
	for i := range 150 {
		path := fmt.Sprintf("/v1/channels/general/state/k%03d?userId=ada", i)
		b.ask(t, key, "PUT", path, `{"value":"`+large+`"}`).want(t, 200, "")
	}
	seen, after, pages := 0, "", 0
	for {
		page := b.ask(t, key, "GET", "/v1/channels/general/state?limit=1000&after="+after, "").want(t, 200, "")
		if pages++; len(page.text) > 1<<20+1<<15 {
			t.Errorf("a page of %d bytes", len(page.text))
		}
		for _, k := range page.list(t, "keys") {
			if k["key"] != fmt.Sprintf("k%03d", seen) {
				t.Fatalf("%v in place %d", k["key"], seen)
			}
			seen++
		}
		if position, _ := page.body["position"].(string); !strings.HasSuffix(position, ":150") {
			t.Errorf("position %s", position)
		}
		next, more := page.body["next"].(string)
		if !more {
			break
		}
		after = next
	}
	if seen != 150 || pages < 2 {
		t.Errorf("%d keys on %d pages", seen, pages)
	}
	few := b.ask(t, key, "GET", "/v1/channels/general/state?limit=2&after=k070", "").want(t, 200, "")
	if list := few.list(t, "keys"); len(list) != 2 || list[0]["key"] != "k071" || few.body["next"] != "k072" {
		t.Errorf("few %.200s", few.text)
	}
}
