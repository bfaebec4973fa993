package auth

import (
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

func TestMakeProject_IsKept(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	if _, err := s.MakeProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	want := []ProjectInfo{{Name: "default", Configured: true}, {Name: "other", Configured: true}, {Name: "shop", Created: noon}}
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		if diff := cmp.Diff(want, service.Projects()); diff != "" {
			t.Error(diff)
		}
	}
	for _, name := range []string{"shop", "default"} {
		if _, err := s.MakeProject(t.Context(), name); chat.CodeOf(err) != chat.CodeExists {
			t.Errorf("%s again: %v", name, err)
		}
	}
	for _, name := range []string{"", "Shop", "a b", "a/b", "ä", strings.Repeat("a", maxProjectName+1)} {
		if _, err := s.MakeProject(t.Context(), name); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestGoverns_TheOperatorAllAndOthersTheirOwn(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	_, made := s.make(t, NewKey{})
	_, others := s.make(t, NewKey{Project: "other"})
	admin := forge(t, jose.HS256, []byte(tokenSecret), with("scope", ScopeAdmin))
	for _, c := range []struct {
		who, token, project, want string
		code                      chat.Code
	}{
		{"the operator", secretKey, "", "default", ""},
		{"the operator", secretKey, "other", "other", ""},
		{"the operator", secretKey, "none", "", chat.CodeNotFound},
		{"a made key", made, "", "default", ""},
		{"a made key", made, "default", "default", ""},
		{"a made key", made, "other", "", chat.CodeForbidden},
		{"another project's", others, "other", "other", ""},
		{"another project's", others, "default", "", chat.CodeForbidden},
		{"another project's configured key", "sk_live_other_0123456789", "default", "", chat.CodeForbidden},
		{"an admin", admin, "", "default", ""},
		{"an admin", admin, "other", "", chat.CodeForbidden},
		{"a user", forge(t, jose.HS256, []byte(tokenSecret), good()), "", "", chat.CodeForbidden},
	} {
		id := wants(t, s.Service, c.token, "")
		got, err := s.Governs(&id, c.project)
		if got != c.want || chat.CodeOf(err) != c.code {
			t.Errorf("%s, %q: %q, %v", c.who, c.project, got, err)
		}
		operates := s.Operates(&id) == nil
		if operates != (c.who == "the operator") {
			t.Errorf("%s operates the server: %v", c.who, operates)
		}
	}
	if id := wants(t, s.Service, admin, ""); s.Oversees(&id) == nil {
		t.Error("one project's admin oversees both")
	}
	if id := wants(t, s.Service, secretKey, ""); s.Oversees(&id) != nil {
		t.Error("the operator does not oversee the server")
	}
	if _, err := s.Governs(&chat.Identity{Project: "default"}, ""); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("nobody: %v", err)
	}
}
