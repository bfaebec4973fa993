package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
)

// asker is somebody with some credentials, or none.
type asker int

const (
	nobody   asker = iota
	expired        // a token that was good once
	forged         // a token signed with another key
	reader         // chat:read alone
	stranger       // chat:read and chat:send; no member of the private channel
	member         // the same, and a member of it
	narrow         // the same, of a token for another channel
	owner
	backend
	askers
)

func (a asker) String() string {
	return [askers]string{"nobody", "expired", "forged", "reader", "stranger", "member", "narrow", "owner", "backend"}[a]
}

// cell is a row's expectation: one status for each asker, in their order.
type row struct {
	operation, path, body string
	want                  [askers]int
}

// matrix has a row for each operation of the API, asked of a private channel.
// What stands here is refused or allowed, whoever changes the code.
func matrix() []row {
	const c = "/v1/channels/private"
	//                                             nobody expired forged reader stranger member narrow owner server
	return []row{
		{"list-messages", c + "/messages", "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"get-message", c + "/messages/{id}", "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"list-events", c + "/events", "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"get-channel", c, "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"list-members", c + "/members", "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"get-member", c + "/members/mia", "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"list-cursors", c + "/cursors", "", [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"post-message", c + "/messages?userId={me}", `{"text":"x"}`, [askers]int{401, 401, 401, 403, 403, 201, 403, 201, 201}},
		{"signal-channel", c + "/signals", `{"type":"x"}`, [askers]int{401, 401, 401, 403, 403, 204, 403, 204, 204}},
		{"put-cursor", c + "/cursors/{me}", `{"read":1}`, [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}},
		{"edit-message", c + "/messages/{id}", `{"text":"y"}`, [askers]int{401, 401, 401, 403, 403, 403, 403, 200, 200}},
		{"put-member", c + "/members/zoe", `{"role":"member"}`, [askers]int{401, 401, 401, 403, 403, 403, 403, 200, 200}},
		{"remove-member", c + "/members/zoe", "", [askers]int{401, 401, 401, 403, 403, 403, 403, 200, 200}},
		{"put-channel", c, `{"kind":"private"}`, [askers]int{401, 401, 401, 403, 403, 403, 403, 200, 200}},
		{"delete-message", c + "/messages/{id}", "", [askers]int{401, 401, 401, 403, 403, 403, 403, 200, 200}},
		{"list-channels", "/v1/channels", "", [askers]int{401, 401, 401, 200, 200, 200, 200, 200, 200}},
		{"get-user", "/v1/users/olga", "", [askers]int{401, 401, 401, 404, 404, 404, 404, 404, 404}},
		{"signal-user", "/v1/users/olga/signals", `{"type":"x"}`, [askers]int{401, 401, 401, 403, 204, 204, 204, 204, 204}},
		{"make-token", "/auth/token", `{"userId":"eve"}`, [askers]int{401, 401, 401, 401, 401, 401, 401, 401, 200}},
	}
}

func TestSecurity_EveryOperationHasARowAndKeepsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tokens := b.credentials(t)
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private?userId=olga", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/olga", `{"role":"owner"}`).want(t, 200, "")
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/mia", `{"role":"member"}`).want(t, 200, "")
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/ned", `{"role":"member"}`).want(t, 200, "")
	posted := b.ask(t, tokens[owner], "POST", "/v1/channels/private/messages", `{"text":"tell-nobody"}`).want(t, 201, "")
	id, _ := posted.body["id"].(string)

	methods := operations(t)
	names := [askers]string{"nobody", "xeno", "ada", "ria", "stan", "mia", "ned", "olga", "olga"}
	for _, r := range matrix() {
		method, ok := methods[r.operation]
		if !ok {
			t.Errorf("%s: a row without an operation", r.operation)
			continue
		}
		delete(methods, r.operation)
		for who := range askers {
			if r.operation == "remove-member" && who == backend {
				b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/zoe", `{"role":"member"}`).want(t, 200, "")
			}
			path := strings.NewReplacer("{id}", id, "{me}", names[who]).Replace(r.path)
			got := b.ask(t, tokens[who], method, path, r.body)
			if got.status != r.want[who] {
				t.Errorf("%s as %v: %d, want %d: %s", r.operation, who, got.status, r.want[who], got.text)
			}
			if got.status >= 400 && strings.Contains(got.text, "tell-nobody") {
				t.Errorf("%s as %v: the refusal tells: %s", r.operation, who, got.text)
			}
		}
	}
	for name := range methods {
		t.Errorf("%s: an operation without a row", name)
	}
}

// credentials has one token for each asker.
func (b *bundle) credentials(t *testing.T) [askers]string {
	t.Helper()
	other := *b
	other.config = &Serve{Data: t.TempDir()}
	return [askers]string{
		nobody:   "",
		expired:  b.expiredToken(t),
		forged:   other.token(t, auth.Grant{User: "ada"}),
		reader:   b.token(t, auth.Grant{User: "ria", Scopes: []string{"chat:read"}}),
		stranger: b.token(t, auth.Grant{User: "stan"}),
		member:   b.token(t, auth.Grant{User: "mia"}),
		narrow:   b.token(t, auth.Grant{User: "ned", Channels: []string{"privat", "private-*"}}),
		owner:    b.token(t, auth.Grant{User: "olga"}),
		backend:  b.secretKey(t),
	}
}

// operations are the API's methods by the name of the operation.
func operations(t *testing.T) map[string]string {
	t.Helper()
	methods := map[string]string{}
	for _, item := range api.New(api.Options{}).Document().Paths {
		if item.Get != nil {
			methods[item.Get.OperationID] = http.MethodGet
		}
		if item.Put != nil {
			methods[item.Put.OperationID] = http.MethodPut
		}
		if item.Post != nil {
			methods[item.Post.OperationID] = http.MethodPost
		}
		if item.Patch != nil {
			methods[item.Patch.OperationID] = http.MethodPatch
		}
		if item.Delete != nil {
			methods[item.Delete.OperationID] = http.MethodDelete
		}
	}
	return methods
}

// Doors that are no operation: who may open them.
func TestSecurity_EveryDoorHasARowAndKeepsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tokens := b.credentials(t)
	rows := map[string]struct {
		upgrade bool
		want    [askers]int
	}{
		"/{$}":         {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/rooms":       {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/chat":        {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/v1/ws":       {true, [askers]int{101, 401, 401, 101, 101, 101, 101, 101, 101}}, // a frame may bring the token
		"GET /healthz": {false, [askers]int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		"GET /readyz":  {false, [askers]int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		"GET /metrics": {false, [askers]int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		"/":            {false, [askers]int{}}, // the API: its operations have rows of their own
	}
	for _, d := range b.table {
		r, ok := rows[d.pattern]
		if !ok {
			t.Errorf("%s: a door without a row", d.pattern)
			continue
		}
		if d.pattern == "/" {
			continue
		}
		for who := range askers {
			headers := map[string]string{}
			if r.upgrade {
				headers = upgrade(nil)
			}
			if tokens[who] != "" {
				headers["Authorization"] = "Bearer " + tokens[who]
			}
			path := strings.TrimSuffix(strings.TrimPrefix(d.pattern, "GET "), "{$}")
			if got := b.visit(t, "GET", path, headers); got.status != r.want[who] {
				t.Errorf("%s as %v: %d, want %d", d.pattern, who, got.status, r.want[who])
			}
		}
	}
	if len(b.table) != len(rows) {
		t.Errorf("%d doors, %d rows", len(b.table), len(rows))
	}
}
