package main

import (
	"maps"
	"net/http"
	"slices"
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

// What rows often expect: of nobody and of those whose tokens do not count 401.
func all(rest ...int) [askers]int {
	statuses := [askers]int{401, 401, 401}
	copy(statuses[reader:], rest)
	return statuses
}

// matrix has a row or more for each operation of the API, asked of a private
// channel or of a user: {me} is the asker's own, olga is the owner. What stands
// here is refused or allowed, whoever changes the code. Rows are asked in
// order.
func matrix() []row {
	return slices.Concat(channelMatrix(), userMatrix(), pushMatrix(), keyMatrix(), endMatrix())
}

func channelMatrix() []row {
	const c = "/v1/channels/private"
	const m = c + "/messages/{id}"
	//                    reader stranger member narrow owner server
	readers := all(403, 403, 200, 403, 200, 200)
	owners := all(403, 403, 403, 403, 200, 200)
	return []row{
		{"list-messages", c + "/messages", "", readers},
		{"get-message", m, "", readers},
		{"list-replies", m + "/replies", "", readers},
		{"list-events", c + "/events", "", readers},
		{"get-channel", c, "", readers},
		{"list-members", c + "/members", "", readers},
		{"get-member", c + "/members/mia", "", readers},
		{"list-cursors", c + "/cursors", "", readers},
		{"list-pins", c + "/pins", "", readers},
		{"list-state", c + "/state", "", readers},
		{"post-message", c + "/messages?userId={me}", `{"text":"x"}`, all(403, 403, 201, 403, 201, 201)},
		{"post-messages", c + "/messages/batch?userId={me}", `{"messages":[{"text":"x"}]}`, readers},
		{"signal-channel", c + "/signals", `{"type":"x"}`, all(403, 403, 204, 403, 204, 204)},
		{"put-cursor", c + "/cursors/{me}", `{"read":1}`, readers},
		{"put-cursor", c + "/cursors/olga", `{"read":1}`, owners},
		{"add-reaction", m + "/reactions/x?userId={me}", "", readers},
		{"remove-reaction", m + "/reactions/x?userId={me}", "", all(403, 403, 200, 403, 200, 404)},
		{"add-pin", m + "/pin?userId={me}", "", readers},
		{"remove-pin", m + "/pin?userId={me}", "", all(403, 403, 200, 403, 404, 404)},
		{"put-state", c + "/state/k?userId={me}", `{"value":1}`, readers},
		{"get-state", c + "/state/k", "", readers},
		{"add-state", c + "/state/k?userId={me}", `{"add":1}`, readers},
		{"delete-state", c + "/state/k?userId={me}", "", all(403, 403, 204, 403, 404, 404)},
		{"edit-message", m, `{"text":"y"}`, owners},
		{"put-member", c + "/members/zoe", `{"role":"member"}`, owners},
		{"remove-member", c + "/members/zoe", "", owners},
		{"put-channel", c, `{"kind":"private"}`, owners},
		{"list-channels", "/v1/channels", "", all(200, 200, 200, 200, 200, 200)},
		{"list-channels", "/v1/channels?order=activity", "", all(403, 403, 403, 403, 403, 200)},
		{"get-message-way", m + "/way", "", all(403, 403, 403, 403, 403, 200)},
		{"get-file", "/v1/files/{file}", "", readers},
		{"link-file", "/v1/files/{file}/link", "", readers},
	}
}

func userMatrix() []row {
	const me, olga = "/v1/users/{me}", "/v1/users/olga"
	owners := all(403, 403, 403, 403, 200, 200)
	everybody := all(200, 200, 200, 200, 200, 200)
	return []row{
		{"get-user", "/v1/users/nobody", "", all(404, 404, 404, 404, 404, 404)},
		{"signal-user", olga + "/signals", `{"type":"x"}`, all(403, 204, 204, 403, 204, 204)},
		{"signal-client", "/v1/signals", `{"type":"x","userId":"olga"}`, all(403, 204, 204, 403, 204, 204)},
		{"signal-client", "/v1/signals", `{"type":"x","clientId":"none"}`, all(403, 404, 404, 404, 404, 404)},
		{"put-user", me, `{"userName":"x"}`, all(403, 200, 200, 200, 200, 200)},
		{"put-user", olga, `{"userName":"x"}`, owners},
		{"change-user", olga, `{"userName":"x"}`, owners},
		{"get-user", olga, "", everybody},
		{"list-users", "/v1/users", "", all(403, 403, 403, 403, 403, 200)},
		{"list-user-channels", me + "/channels", "", everybody},
		{"list-user-channels", olga + "/channels", "", owners},
		{"add-block", me + "/blocks/zed", "", all(403, 204, 204, 204, 204, 204)},
		{"add-block", olga + "/blocks/zed", "", all(403, 403, 403, 403, 204, 204)},
		{"list-blocks", me + "/blocks", "", everybody},
		{"list-blocks", olga + "/blocks", "", owners},
		{"remove-block", olga + "/blocks/zed", "", all(403, 403, 403, 403, 204, 204)},
		{"get-preview", "/v1/previews?url=http://127.0.0.1/", "", all(404, 404, 404, 404, 404, 404)}, // it is off; preview_test.go has it on
		{"list-ice-servers", "/v1/ice-servers?userId={me}", "", everybody},
		{"start-call", "/v1/calls?userId={me}", `{"userId":"zed"}`, all(403, 201, 201, 403, 201, 409)}, // called already, by olga
		{"get-call", "/v1/calls/none?userId={me}", "", all(404, 404, 404, 404, 404, 404)},
		{"answer-call", "/v1/calls/none?userId={me}", `{"state":"accepted"}`, all(403, 404, 404, 404, 404, 404)},
		{"search-messages", "/v1/search?q=x", "", everybody},
		{"list-sessions", "/v1/sessions", "", all(403, 403, 403, 403, 403, 200)},
		{"list-user-sessions", me + "/sessions", "", everybody},
		{"list-user-sessions", olga + "/sessions", "", owners},
		{"end-session", "/v1/sessions/none", "", all(404, 404, 404, 404, 404, 404)},
	}
}

func pushMatrix() []row {
	const subscriptions = "/v1/push/subscriptions"
	const browser = `{"endpoint":"https://push.example.org/x","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}`
	owners := all(403, 403, 403, 403, 200, 200)
	everybody := all(200, 200, 200, 200, 200, 200)
	return []row{
		{"get-push-key", "/v1/push/key", "", everybody},
		{"put-push-subscription", subscriptions + "?userId={me}", browser, everybody},
		{"put-push-subscription", subscriptions + "?userId=olga", browser, owners},
		{"list-push-subscriptions", subscriptions + "?userId={me}", "", everybody},
		{"list-push-subscriptions", subscriptions + "?userId=olga", "", owners},
		{"delete-push-subscription", subscriptions + "/none?userId={me}", "", all(404, 404, 404, 404, 404, 404)},
		{"get-push-settings", "/v1/push/settings?userId={me}", "", everybody},
		{"get-push-settings", "/v1/push/settings?userId=olga", "", owners},
		{"put-push-settings", "/v1/push/settings?userId={me}", `{"default":"none"}`, everybody},
		{"put-push-settings", "/v1/push/settings?userId=olga", `{"default":"none"}`, owners},
	}
}

func keyMatrix() []row {
	keys := func(status int) [askers]int { return all(403, 403, 403, 403, 403, status) }
	return []row{
		{"make-token", "/auth/token", `{"userId":"eve"}`, all(401, 401, 401, 401, 401, 200)},
		{"make-guest", "/auth/guest", "", all(401, 401, 401, 401, 401, 401)},
		{"get-server", "/v1/server", "", keys(200)},
		{"get-figures", "/v1/server/figures", "", keys(200)},
		{"get-config", "/v1/server/config", "", keys(200)},
		{"list-projects", "/v1/projects", "", keys(200)},
		{"make-project", "/v1/projects", `{"name":"p"}`, keys(201)},
		{"list-keys", "/v1/keys", "", keys(200)},
		{"list-keys", "/v1/keys?project=p", "", keys(200)},
		{"make-key", "/v1/keys", `{"kind":"publishable"}`, keys(201)},
		{"rotate-key", "/v1/keys/none/rotate", "", keys(404)},
		{"revoke-key", "/v1/keys/none", "", keys(404)},
		{"revoke-tokens", "/v1/tokens/revoke", `{"tokenId":"x"}`, keys(200)},
	}
}

// endMatrix changes what the other rows are about.
func endMatrix() []row {
	const c = "/v1/channels/private"
	return []row{
		{"delete-message", c + "/messages/{id}", "", all(403, 403, 403, 403, 200, 200)},
		{"delete-file", "/v1/files/{file}", "", all(403, 403, 403, 403, 204, 404)},
		{"put-member", c + "/members/{me}", `{"role":"member"}`, all(403, 403, 403, 403, 200, 200)},
		{"delete-channel", "/v1/channels/nowhere", "", all(403, 403, 403, 403, 403, 404)},
		{"delete-channel", "/v1/channels/broadcast", "", all(403, 403, 403, 403, 403, 403)},
		{"delete-channel", c, "", all(403, 403, 403, 403, 403, 204)}, // olga is no owner any more; TestRights_… has one
	}
}

// scene is what the rows are about: a private channel with olga's message and
// file.
type scene struct {
	*bundle
	t        *testing.T
	id, file string
}

// private makes the scene; members have a role in the channel.
func (b *bundle) private(t *testing.T, members map[string]string) *scene {
	t.Helper()
	key, olga := b.secretKey(t), b.token(t, auth.Grant{User: "olga"})
	b.ask(t, key, "PUT", "/v1/channels/private?userId=olga", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, key, "PUT", "/v1/channels/private/members/olga", `{"role":"owner"}`).want(t, 200, "")
	b.ask(t, key, "PUT", "/v1/users/olga", `{"userName":"Olga"}`).want(t, 200, "")
	for user, role := range members {
		b.ask(t, key, "PUT", "/v1/channels/private/members/"+user, `{"role":"`+role+`"}`).want(t, 200, "")
	}
	posted := b.ask(t, olga, "POST", "/v1/channels/private/messages", `{"text":"tell-nobody"}`).want(t, 201, "")
	file := b.upload(t, olga, "", file("tell-nobody.txt", "tell-nobody"), into("private")).want(t, 200, "").member(t, "url")
	b.share(t, olga, "private", file)
	return &scene{bundle: b, t: t, id: posted.field(t, "id"), file: strings.TrimPrefix(file, "/files/")}
}

// play asks for a row; {me} is who asks.
func (s *scene) play(r row, method, token, me string) answer {
	s.t.Helper()
	if r.operation == "remove-member" && s.ask(s.t, s.secretKey(s.t), "GET", "/v1/channels/private/members/zoe", "").status == 404 {
		s.ask(s.t, s.secretKey(s.t), "PUT", "/v1/channels/private/members/zoe", `{"role":"member"}`).want(s.t, 200, "")
	}
	path := strings.NewReplacer("{id}", s.id, "{file}", s.file, "{me}", me).Replace(r.path)
	got := s.ask(s.t, token, method, path, r.body)
	if got.status >= 400 && strings.Contains(got.text, "tell-nobody") {
		s.t.Errorf("%s as %s: the refusal tells: %s", r.operation, me, got.text)
	}
	return got
}

func TestSecurity_EveryOperationHasARowAndKeepsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { pushing(c); withSearch(c) })
	s := b.private(t, map[string]string{"mia": "member", "ned": "member"})
	tokens, methods := b.credentials(t), operations(t)
	lacking := maps.Clone(methods)
	names := [askers]string{"nobody", "xeno", "ada", "ria", "stan", "mia", "ned", "olga", "olga"}
	for _, r := range matrix() {
		method, ok := methods[r.operation]
		if !ok {
			t.Errorf("%s: a row without an operation", r.operation)
			continue
		}
		delete(lacking, r.operation)
		for who := range askers {
			if got := s.play(r, method, tokens[who], names[who]); got.status != r.want[who] {
				t.Errorf("%s as %v: %d, want %d: %s", r.operation, who, got.status, r.want[who], got.text)
			}
		}
	}
	for name := range lacking {
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

// doorRow says who may open a door.
type doorRow struct {
	upgrade bool
	want    [askers]int
}

func doorRows() map[string]doorRow {
	return map[string]doorRow{
		"/{$}":         {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/threads":     {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/rooms":       {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/chat":        {true, [askers]int{401, 401, 401, 101, 101, 101, 101, 101, 101}},
		"/v1/ws":       {true, [askers]int{101, 401, 401, 101, 101, 101, 101, 101, 101}},  // a frame may bring the token
		"/events":      {false, [askers]int{401, 401, 401, 200, 200, 200, 200, 200, 200}}, // public channels are for anybody
		"/socket.io/":  {false, [askers]int{400, 400, 400, 400, 400, 400, 400, 400, 400}}, // who asks is said when a client connects: TestC7_…
		"/v1/poll":     {false, [askers]int{401, 401, 401, 200, 200, 200, 200, 200, 200}},
		"/api/upload":  {false, [askers]int{401, 401, 401, 400, 400, 400, 400, 400, 400}},
		"/api/tus":     {false, [askers]int{401, 401, 401, 400, 400, 400, 400, 400, 400}},
		"/api/tus/":    {false, [askers]int{401, 401, 401, 404, 404, 404, 404, 404, 400}}, // a key names the user
		"/files/":      {false, [askers]int{404, 401, 401, 404, 404, 404, 404, 404, 404}}, // TestE6_… has those of a file
		"GET /healthz": {false, [askers]int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		"GET /readyz":  {false, [askers]int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		"GET /metrics": {false, [askers]int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		"/":            {false, [askers]int{}}, // the API: its operations have rows of their own
	}
}

// Doors that are no operation: who may open them.
func TestSecurity_EveryDoorHasARowAndKeepsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tokens, rows := b.credentials(t), doorRows()
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
			method := "GET"
			if strings.HasPrefix(d.pattern, "/api/") {
				method = "POST" // of no form, and no upload
				headers["Tus-Resumable"] = "1.0.0"
			}
			if d.pattern == "/v1/poll" {
				method = "POST"
				headers["Body"] = `{"hold":0}`
			}
			if got := b.visit(t, method, path, headers); got.status != r.want[who] {
				t.Errorf("%s as %v: %d, want %d", d.pattern, who, got.status, r.want[who])
			}
		}
	}
	if len(b.table) != len(rows) {
		t.Errorf("%d doors, %d rows", len(b.table), len(rows))
	}
}
