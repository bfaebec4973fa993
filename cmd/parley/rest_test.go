package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
)

// token mints with the keys of the bundle's server.
func (b *bundle) token(t *testing.T, g auth.Grant) string {
	t.Helper()
	if g.TTL == 0 {
		g.TTL = time.Hour
	}
	if g.Scopes == nil {
		g.Scopes = []string{"chat:read", "chat:send"}
	}
	token, err := b.keys(t).Mint(g)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (b *bundle) keys(t *testing.T) *auth.Service {
	t.Helper()
	project, _, err := b.config.Keys.project(b.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.New(auth.Options{Projects: []auth.Project{project}})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// expiredToken is one of the server's own that ended an hour ago.
func (b *bundle) expiredToken(t *testing.T) string {
	t.Helper()
	project, _, err := b.config.Keys.project(b.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	past, err := auth.New(auth.Options{
		Projects: []auth.Project{project},
		Now:      func() time.Time { return time.Now().Add(-2 * time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := past.Mint(auth.Grant{User: "xeno", Scopes: []string{"chat:read", "chat:send"}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (b *bundle) secretKey(t *testing.T) string {
	t.Helper()
	project, _, err := b.config.Keys.project(b.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	return project.SecretKey
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// ask sends a request with a token ("": without) and a body ("": none).
func (b *bundle) ask(t *testing.T, token, method, path, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, r)
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.status == http.StatusSwitchingProtocols {
		return a // what follows has no end
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a.text = string(data)
	if bytes.HasPrefix(data, []byte("{")) {
		if err := json.Unmarshal(data, &a.body); err != nil {
			t.Fatalf("%s %s: %v in %s", r.Method, r.URL, err, data)
		}
	}
	return a
}

// want checks the status, and of a refusal its form and code.
func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.text)
	}
	if status < 400 {
		return a
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("a refusal of type %q", got)
	}
	if a.body["code"] != code || a.body["status"] != float64(status) {
		t.Errorf("code %v, status %v; want %s, %d", a.body["code"], a.body["status"], code, status)
	}
	return a
}

// list is a member that is a list of objects.
func (a answer) list(t *testing.T, key string) []map[string]any {
	t.Helper()
	items, ok := a.body[key].([]any)
	if !ok {
		t.Fatalf("no list %q in %s", key, a.text)
	}
	var list []map[string]any
	for _, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			t.Fatalf("no objects in %q: %s", key, a.text)
		}
		list = append(list, object)
	}
	return list
}

const general = "/v1/channels/general/messages"

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
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0.1, 2 })
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	refused := b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 429, "rate_limited")
	if refused.header.Get("Retry-After") != "10" || refused.body["retry"] != true {
		t.Errorf("Retry-After %q in %s", refused.header.Get("Retry-After"), refused.text)
	}
}
