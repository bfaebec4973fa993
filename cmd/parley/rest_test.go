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

// ask sends a request with a token ("": without) and a body ("": none), and
// header fields as names and values.
func (b *bundle) ask(t *testing.T, token, method, path, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a := do(t, r)
	b.document.check(t, r, a)
	return a
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.status == http.StatusSwitchingProtocols || a.header.Get("Content-Type") == "text/event-stream" {
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
