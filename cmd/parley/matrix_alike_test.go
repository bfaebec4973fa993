package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/auth"
)

// relative is somebody to whom a row says what it says to another asker, but for
// what stands here: statuses by operation and, where it has several rows, path
// and body.
type relative struct {
	user string
	role string // in the private channel
	like asker
	but  map[string]int
}

func (k *relative) want(r row) int {
	for _, name := range []string{r.operation + " " + r.path + r.body, r.operation} {
		if status, ok := k.but[name]; ok {
			return status
		}
	}
	return r.want[k.like]
}

// Each of them is alone on a server of its own: what another asker did before
// plays no part.
func TestSecurity_WhoIsLikeAnotherMayTheSame(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]relative{
		"a moderator": {user: "mo", role: "moderator", like: member, but: map[string]int{
			`put-member /v1/channels/private/members/zoe{"role":"member"}`: 200, "remove-member": 200, "delete-message": 200, "delete-file": 204,
		}},
		"an admin": {user: "max", like: backend, but: map[string]int{
			// These are 404 to the backend alone, which comes when others have done it.
			"remove-reaction": 200, "remove-pin": 200, "delete-state": 204, "delete-file": 204, "start-call": 201,
			// An admin is no operator.
			"get-config": 403, "list-projects": 403, "make-project": 403, "list-keys /v1/keys?project=p": 403,
		}},
		"a guest": {like: stranger, but: map[string]int{
			// A key that everybody has reaches nobody directly.
			"signal-user": 403, `signal-client /v1/signals{"type":"x","userId":"olga"}`: 403, "start-call": 403,
			// What is kept of users is kept of no guest.
			"add-block": 403, `put-user /v1/users/{me}{"userName":"x"}`: 403, "put-push-subscription": 403, "list-push-subscriptions": 403,
			"delete-push-subscription": 403, "get-push-settings": 403, "put-push-settings": 403,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *Serve) { pushing(c); withSearch(c) })
			members := map[string]string{"mia": "member"}
			if k.role != "" {
				members[k.user] = k.role
			}
			s := b.private(t, members)
			var token string
			switch k.like {
			case member:
				token = b.token(t, auth.Grant{User: k.user})
			case backend:
				token = b.token(t, auth.Grant{User: k.user, Scopes: []string{auth.ScopeAdmin}})
			case stranger:
				_, publishable := b.makeKey(t, `{"kind":"publishable"}`)
				pass := b.ask(t, publishable, "POST", "/auth/guest", "").want(t, 200, "")
				k.user, token = pass.field(t, "userId"), pass.field(t, "guestToken")
			}
			methods := operations(t)
			for _, r := range matrix() {
				if got := s.play(r, methods[r.operation], token, k.user); got.status != k.want(r) {
					t.Errorf("%s %s: %d, want %d: %s", r.operation, r.path, got.status, k.want(r), got.text)
				}
			}
		})
	}
}

// A secret key may do anything, in its own project: of another one it is told
// nothing and changes nothing, and may not so much as name it.
func TestSecurity_AnotherProjectsKeyReachesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { pushing(c); withSearch(c) })
	s := b.private(t, map[string]string{"mia": "member", "zoe": "member"})
	key := b.secretKey(t)
	b.ask(t, key, "POST", "/v1/projects", `{"name":"acme"}`).want(t, 201, "")
	foreign := b.ask(t, key, "POST", "/v1/keys?project=acme", `{"kind":"secret"}`).want(t, 201, "").field(t, "key")
	before := s.all(key)
	methods := operations(t)
	for _, r := range matrix() {
		if r.operation == "make-guest" { // takes no secret key at all
			continue
		}
		if got := s.play(r, methods[r.operation], foreign, "mia"); strings.Contains(got.text, "tell-nobody") {
			t.Errorf("%s tells: %s", r.operation, got.text)
		}
		named := r
		named.path += map[bool]string{true: "&", false: "?"}[strings.Contains(r.path, "?")] + "project=default"
		if strings.Contains(r.path, "project=") {
			named = r
		}
		s.play(named, methods[r.operation], foreign, "mia").want(t, 403, "forbidden")
	}
	if diff := cmp.Diff(before, s.all(key)); diff != "" {
		t.Errorf("another project's key changed it: %s", diff)
	}
}

// all is what a project's key is told of the scene.
func (s *scene) all(key string) map[string]string {
	s.t.Helper()
	told := map[string]string{}
	for _, path := range []string{
		"/v1/channels", "/v1/channels/private", "/v1/channels/private/events?after=0", "/v1/channels/private/members",
		"/v1/channels/private/cursors", "/v1/users", "/v1/users/olga/blocks", "/v1/users/mia/channels", "/v1/keys", "/v1/files/" + s.file,
		"/v1/push/subscriptions?userId=olga", "/v1/push/settings?userId=olga",
	} {
		told[path] = s.ask(s.t, key, "GET", path, "").want(s.t, 200, "").text
	}
	return told
}

// The operator may act in any project, by naming it: with what is made there
// its own key then finds.
func TestREST_TheOperatorActsInAnyProject(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.secretKey(t)
	_, made := b.makeKey(t, `{"kind":"secret"}`)
	admin := b.token(t, auth.Grant{User: "max", Scopes: []string{auth.ScopeAdmin}})
	b.ask(t, operator, "POST", "/v1/projects", `{"name":"acme"}`).want(t, 201, "")
	key := b.ask(t, operator, "POST", "/v1/keys?project=acme", `{"kind":"secret"}`).want(t, 201, "").field(t, "key")

	b.ask(t, operator, "POST", "/v1/channels/shop/messages?project=acme&userId=ada", `{"text":"Hello"}`).want(t, 201, "")
	if got := b.ask(t, key, "GET", "/v1/channels/shop/messages", "").want(t, 200, ""); !strings.Contains(got.text, "Hello") {
		t.Errorf("in the project: %s", got.text)
	}
	b.ask(t, operator, "GET", "/v1/channels/shop", "").want(t, 404, "not_found")
	minted := b.ask(t, operator, "POST", "/auth/token?project=acme", `{"userId":"ada"}`).want(t, 200, "").field(t, "tsToken")
	b.ask(t, minted, "GET", "/v1/channels/shop/messages", "").want(t, 200, "")
	b.ask(t, operator, "POST", "/v1/tokens/revoke?project=acme", `{"userId":"ada"}`).want(t, 200, "")
	b.ask(t, minted, "GET", "/v1/channels/shop/messages", "").want(t, 401, "token_revoked")
	b.ask(t, operator, "GET", "/v1/channels?project=none", "").want(t, 404, "not_found")

	server := b.ask(t, operator, "GET", "/v1/server?project=acme", "").want(t, 200, "")
	if server.body["project"] != "acme" || server.body["operator"] != true {
		t.Errorf("the operator is told %s", server.text)
	}
	for name, who := range map[string]string{"a made key": made, "an admin": admin, "a user": b.token(t, auth.Grant{User: "ada"}), "nobody": ""} {
		if got := b.ask(t, who, "GET", "/v1/channels/shop/messages?project=acme", ""); got.status != 403 {
			t.Errorf("%s in another project: %d %s", name, got.status, got.text)
		}
	}
}

// What POST /auth/token mints can be called back one by one, by its jti.
func TestREST_AMintedTokenIsRevokedByItself(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	mint := func() (token, id string) {
		token = b.ask(t, key, "POST", "/auth/token", `{"userId":"ada"}`).want(t, 200, "").field(t, "tsToken")
		part, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			ID string `json:"jti"`
		}
		if err := json.Unmarshal(part, &claims); err != nil || claims.ID == "" {
			t.Fatalf("no jti in %s: %v", part, err)
		}
		return token, claims.ID
	}
	lost, id := mint()
	kept, _ := mint()
	b.ask(t, key, "POST", "/v1/tokens/revoke", `{"tokenId":"`+id+`"}`).want(t, 200, "")
	b.ask(t, lost, "GET", "/v1/users/ada/channels", "").want(t, 401, "token_revoked")
	b.ask(t, kept, "GET", "/v1/users/ada/channels", "").want(t, 200, "")
}
