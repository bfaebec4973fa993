package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestREST_ABatchIsAnsweredOneByOneAndKeepsItsOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	got := b.ask(t, ada, "POST", general+"/batch", `{"messages":[
		{"text":"one","nonce":"n1"},
		{"text":1},
		{"text":"two","meta":{"k":1}},
		7,
		{"text":"three","parentId":"01945a3e-0000-7000-8000-000000000002"},
		{"body":{"four":4}}
	]}`).want(t, 200, "")
	var told []any
	for _, r := range got.list(t, "results") {
		if fault, ok := r["error"].(map[string]any); ok {
			told = append(told, fault["code"])
			continue
		}
		m, _ := r["message"].(map[string]any)
		told = append(told, m["seq"])
	}
	if want := "[1 invalid 2 malformed not_found 3]"; fmt.Sprint(told) != want {
		t.Errorf("told %v, want %s: %s", told, want, got.text)
	}
	page := b.ask(t, ada, "GET", general, "").want(t, 200, "").list(t, "messages")
	if len(page) != 3 || page[0]["text"] != "one" || page[1]["text"] != "two" || page[2]["text"] != `{"four":4}` {
		t.Errorf("the page is %v", page)
	}
	again := b.ask(t, ada, "POST", general+"/batch", `{"messages":[{"text":"one","nonce":"n1"},{"text":"other","nonce":"n1"}]}`).want(t, 200, "").list(t, "results")
	first, _ := again[0]["message"].(map[string]any)
	second, _ := again[1]["error"].(map[string]any)
	if first["seq"] != 1.0 || second["code"] != "nonce_conflict" || second["status"] != 409.0 {
		t.Errorf("again %v", again)
	}
}

func TestREST_ABatchWithAKeyIsPostedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	const batch = `{"messages":[{"text":"one"},{"text":"one"},{"text":"two","nonce":"mine"}]}`
	first := b.ask(t, ada, "POST", general+"/batch", batch, "Idempotency-Key", "k").want(t, 200, "")
	second := b.ask(t, ada, "POST", general+"/batch", batch, "Idempotency-Key", "k").want(t, 200, "")
	if first.text != second.text {
		t.Errorf("first %s, then %s", first.text, second.text)
	}
	page := b.ask(t, ada, "GET", general, "").want(t, 200, "").list(t, "messages")
	if len(page) != 3 || page[0]["nonce"] != "k:0" || page[1]["nonce"] != "k:1" || page[2]["nonce"] != "mine" {
		t.Errorf("the page is %v", page)
	}
}

func TestREST_ABatchIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 1, 3 })
	ada := b.token(t, auth.Grant{User: "ada"})
	many := func(n int, item string) string {
		return `{"messages":[` + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + `]}`
	}
	b.ask(t, ada, "POST", general+"/batch", many(101, `{"text":"x"}`)).want(t, 400, "invalid")
	b.ask(t, ada, "POST", general+"/batch", many(0, "")).want(t, 400, "invalid")
	b.ask(t, ada, "POST", general+"/batch", `{}`).want(t, 400, "invalid")
	b.ask(t, ada, "POST", general+"/batch", `{"messages":{}}`).want(t, 400, "invalid")
	b.ask(t, b.secretKey(t), "POST", general+"/batch", many(1, `{"text":"x"}`)).want(t, 400, "invalid")
	limited := b.ask(t, ada, "POST", general+"/batch", many(5, `{"text":"x"}`)).want(t, 200, "").list(t, "results")
	fault, _ := limited[3]["error"].(map[string]any)
	if limited[2]["message"] == nil || fault["code"] != "rate_limited" || fault["retryAfter"] == nil {
		t.Errorf("limited %v", limited)
	}

	// The bounds on one message are those of one that comes alone.
	server := b.secretKey(t)
	path := general + "/batch?userId=ada"
	largest := `{"text":"` + strings.Repeat("a", 65534) + `"}`
	all := b.ask(t, server, "POST", path, many(100, largest)).want(t, 200, "").list(t, "results")
	if len(all) != 100 || all[99]["message"] == nil {
		t.Errorf("%d results, the last is %.200v", len(all), all[99])
	}
	deep := func(n int) string { return `{"body":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	nested := b.ask(t, server, "POST", path, `{"messages":[`+deep(63)+`,`+deep(64)+`,{"text":"`+strings.Repeat("a", 65535)+`"}]}`).want(t, 200, "").list(t, "results")
	tooDeep, _ := nested[1]["error"].(map[string]any)
	tooLarge, _ := nested[2]["error"].(map[string]any)
	if nested[0]["message"] == nil || tooDeep["code"] != "malformed" || tooLarge["code"] != "too_large" {
		t.Errorf("nested %.300v", nested)
	}
	b.ask(t, server, "POST", path, many(100, `{"text":"`+strings.Repeat("a", 90_000)+`"}`)).want(t, 413, "too_large")
}
