package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// A page of a thousand of the largest messages would be 64 MB, for whoever
// asks often enough.
func TestREST_APageEndsWithABoundOnItsBytesToo(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key, ada := b.secretKey(t), b.token(t, auth.Grant{User: "ada"})
	largest := `{"text":"` + strings.Repeat("a", 65534) + `"}`
	batch := `{"messages":[` + strings.TrimSuffix(strings.Repeat(largest+",", 40), ",") + `]}`
	b.ask(t, key, "POST", general+"/batch?userId=ada", batch).want(t, 200, "")

	for _, c := range []struct {
		path, list, bound string
		backward          bool
	}{
		{general, "messages", "before", true},
		{general, "messages", "after", false},
		{"/v1/channels/general/events", "events", "after", false},
	} {
		query := "?limit=1000"
		if !c.backward {
			query += "&after=0"
		}
		seen := map[float64]bool{}
		for pages := 1; ; pages++ {
			page := b.ask(t, ada, "GET", c.path+query, "").want(t, 200, "")
			items := page.list(t, c.list)
			if len(page.text) > 1<<20+1<<17 {
				t.Fatalf("%s: a page of %d bytes", c.path, len(page.text))
			}
			for _, m := range items {
				seq, _ := m["seq"].(float64)
				if seen[seq] {
					t.Fatalf("%s: %v came twice", c.path, seq)
				}
				seen[seq] = true
			}
			next, more := page.body["next"].(float64)
			if !more {
				break
			}
			if edge := items[len(items)-1]["seq"]; !c.backward && next != edge {
				t.Errorf("%s: next is %v after %v", c.path, next, edge)
			}
			query = fmt.Sprintf("?limit=1000&%s=%d", c.bound, int(next))
			if pages > 5 {
				t.Fatal("the pages do not end")
			}
		}
		if len(seen) != 40 {
			t.Errorf("%s %s: %d of 40", c.path, c.bound, len(seen))
		}
	}
}

func TestREST_AnIdempotencyKeyIsTheNonce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	first := b.ask(t, ada, "POST", general, `{"text":"x"}`, "Idempotency-Key", "k").want(t, 201, "")
	if first.body["nonce"] != "k" {
		t.Errorf("posted %s", first.text)
	}
	for _, body := range []string{`{"text":"x"}`, `{"text":"x","nonce":"k"}`} {
		if again := b.ask(t, ada, "POST", general, body, "Idempotency-Key", "k").want(t, 201, ""); again.text != first.text {
			t.Errorf("again %s", again.text)
		}
	}
	b.ask(t, ada, "POST", general, `{"text":"x","nonce":"k"}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"text":"other"}`, "Idempotency-Key", "k").want(t, 409, "nonce_conflict")
	b.ask(t, ada, "POST", general, `{"text":"x","nonce":"j"}`, "Idempotency-Key", "k").want(t, 400, "invalid")
	b.ask(t, ada, "POST", general, `{"text":"x"}`, "Idempotency-Key", strings.Repeat("k", 129)).want(t, 400, "invalid")
	if other := b.ask(t, bob, "POST", general, `{"text":"x"}`, "Idempotency-Key", "k").want(t, 201, ""); other.body["seq"] != 2.0 {
		t.Errorf("another user's: %s", other.text)
	}
	id, _ := first.body["id"].(string)
	edited := b.ask(t, ada, "PATCH", general+"/"+id, `{"text":"y"}`, "Idempotency-Key", "e").want(t, 200, "")
	again := b.ask(t, ada, "PATCH", general+"/"+id, `{"text":"y"}`, "Idempotency-Key", "e").want(t, 200, "")
	if edited.text != again.text || again.body["editSeq"] != 3.0 {
		t.Errorf("edited %s, then %s", edited.text, again.text)
	}
}

func TestREST_AMessageMayMentionAndExpire(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	m := b.ask(t, ada, "POST", general, `{"text":"x","mentions":["bob","eve","bob"],"ttl":86400000}`).want(t, 201, "")
	if at(m.body, "mentions", 0) != "bob" || at(m.body, "mentions", 1) != "eve" || at(m.body, "mentions", 2) != nil || m.body["expiresAt"] == nil {
		t.Errorf("posted %s", m.text)
	}
	many := `["` + strings.Repeat(`u","`, 50) + `u"]`
	for _, body := range []string{`{"text":"x","mentions":"bob"}`, `{"text":"x","mentions":[1]}`, `{"text":"x","ttl":-1}`, `{"text":"x","ttl":"1h"}`, `{"text":"x","mentions":[" "]}`} {
		b.ask(t, ada, "POST", general, body).want(t, 400, "invalid")
	}
	b.ask(t, ada, "POST", general, `{"text":"x","mentions":`+many+`}`).want(t, 429, "too_many")
}

func TestREST_TellsWhetherAnAnswerChanged(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	id := b.post(t, ada, `{"text":"x"}`)
	b.ask(t, ada, "PUT", "/v1/users/ada", `{"userName":"Ada"}`).want(t, 200, "")
	for path, change := range map[string]func(){
		"/v1/channels/general": func() { b.post(t, ada, `{"text":"y"}`) }, // its head moves
		general + "/" + id:     func() { b.ask(t, ada, "PATCH", general+"/"+id, `{"text":"z"}`).want(t, 200, "") },
		"/v1/users/ada":        func() { b.ask(t, ada, "PATCH", "/v1/users/ada", `{"userName":"Ida"}`).want(t, 200, "") },
	} {
		first := b.ask(t, ada, "GET", path, "").want(t, 200, "")
		tag := first.header.Get("ETag")
		same := b.ask(t, ada, "GET", path, "", "If-None-Match", tag).want(t, 304, "")
		if tag == "" || same.text != "" || same.header.Get("ETag") != tag || same.header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s: ETag %s, then %s and %q", path, tag, same.header.Get("ETag"), same.text)
		}
		b.ask(t, "", "GET", path, "", "If-None-Match", tag).want(t, 401, "unauthorized")
		change()
		if other := b.ask(t, ada, "GET", path, "", "If-None-Match", tag).want(t, 200, ""); other.header.Get("ETag") == tag {
			t.Errorf("%s changed and kept its ETag", path)
		}
	}
}

// A long page is read from the store in parts, which nobody must notice.
func TestREST_ALongPageIsWholeAndInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	root, _ := b.ask(t, key, "POST", general+"?userId=ada", `{"text":"root"}`).want(t, 201, "").body["id"].(string)
	item := `{"text":"x","parentId":"` + root + `"}`
	batch := `{"messages":[` + strings.TrimSuffix(strings.Repeat(item+",", 100), ",") + `]}`
	for range 3 {
		b.ask(t, key, "POST", general+"/batch?userId=ada", batch).want(t, 200, "")
	}
	for query, want := range map[string][2]int{
		"/messages?limit=1000":                                {1, 301},
		"/messages?limit=200":                                 {102, 301},
		"/messages?limit=200&before=250":                      {50, 249},
		"/messages?limit=200&after=7":                         {8, 207},
		"/messages?limit=200&after=7&before=100":              {8, 99},
		"/messages?limit=1000&after=0":                        {1, 301},
		"/messages?limit=1000&thread=" + root:                 {2, 301},
		"/messages/" + root + "/replies?limit=129&after=0":    {2, 130},
		"/messages/" + root + "/replies?limit=128&before=200": {72, 199},
		"/events?limit=130&after=100":                         {101, 230},
		"/events?limit=1000&after=0":                          {1, 301},
	} {
		page := b.ask(t, key, "GET", "/v1/channels/general"+query, "").want(t, 200, "")
		kind := "messages"
		if strings.HasPrefix(query, "/events") {
			kind = "events"
		}
		list := page.list(t, kind)
		if len(list) != want[1]-want[0]+1 {
			t.Errorf("%s: %d, want %v", query, len(list), want)
			continue
		}
		for i, m := range list {
			if m["seq"] != float64(want[0]+i) {
				t.Errorf("%s: seq %v in place %d", query, m["seq"], i)
				break
			}
		}
	}
}
