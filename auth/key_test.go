package auth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// make makes a key of the default project's.
func (k *kept) make(t *testing.T, n NewKey) (Key, string) {
	t.Helper()
	if n.Project == "" {
		n.Project = "default"
	}
	if n.Kind == "" {
		n.Kind = Secret
	}
	made, text, err := k.MakeKey(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return made, text
}

// signed is a token that a back end signed with its secret key itself.
func signed(t *testing.T, text, kid string, claims map[string]any) string {
	t.Helper()
	s := &signer{kid: kid}
	return s.signAs(t, jose.HS256, []byte(text), claims)
}

func TestMakeKey_MakesAProjectsServer(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	made, text := s.make(t, NewKey{Project: "other", Name: "back end"})
	if !strings.HasPrefix(text, made.Prefix) || len(text) < len(made.Prefix)+32 || made.State != Active || made.Name != "back end" {
		t.Errorf("%+v", made)
	}
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		id := wants(t, service, text, "")
		if !id.Server || id.Project != "other" || id.Key != made.ID || id.User != "" {
			t.Errorf("%+v", id)
		}
		keys, err := service.Keys("other")
		if err != nil || len(keys) != 2 {
			t.Fatalf("%+v, %v", keys, err)
		}
		if diff := cmp.Diff(made, keys[1]); diff != "" {
			t.Error(diff)
		}
	}
	wants(t, s.Service, text[:len(text)-1], chat.CodeUnauthorized)
	wants(t, s.Service, made.Prefix, chat.CodeUnauthorized)
}

func TestMakeKey_ASecretKeySignsTokensItself(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	made, text := s.make(t, NewKey{})
	_, another := s.make(t, NewKey{})
	for _, kid := range []string{made.ID, ""} {
		id := wants(t, s.Service, signed(t, text, kid, good()), "")
		if id.Key != made.ID || id.User != "ada" || id.Server {
			t.Errorf("%q: %+v", kid, id)
		}
	}
	wants(t, s.Service, signed(t, another, made.ID, good()), chat.CodeUnauthorized)
	wants(t, s.Service, signed(t, text, "no-such-key", good()), chat.CodeUnauthorized)
	wants(t, s.Service, signed(t, text, made.ID, with("project", "other")), chat.CodeUnauthorized)
	wants(t, s.Service, forge(t, jose.HS256, []byte(tokenSecret), good()), "")
}

func TestMint_SignsWithTheKeyThatAsks(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	made, text := s.make(t, NewKey{})
	token, err := s.Mint(Grant{User: "ada", Scopes: []string{"chat:read"}, TTL: time.Hour, Key: wants(t, s.Service, text, "").Key})
	if err != nil {
		t.Fatal(err)
	}
	if id := wants(t, s.Service, token, ""); id.Key != made.ID {
		t.Errorf("%+v", id)
	}
	if _, err := s.RevokeKey(t.Context(), "default", made.ID); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, token, chat.CodeTokenRevoked)
}

func TestMint_OfAProjectThatWasMadeHere(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	if _, err := s.MakeProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Mint(Grant{Project: "shop", User: "ada", TTL: time.Hour}); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("a token that nothing signs: %v", err)
	}
	s.make(t, NewKey{Project: "shop"})
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		token, err := service.Mint(Grant{Project: "shop", User: "ada", TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if id := wants(t, s.Service, token, ""); id.Project != "shop" || id.User != "ada" {
			t.Errorf("%+v", id)
		}
		if _, err := service.MintApp(Grant{Project: "shop", User: "ada"}); err != nil {
			t.Error(err)
		}
	}
}

func TestRotateKey_TheOldOneCountsForTheGraceAlone(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	old, oldText := s.make(t, NewKey{Name: "back end"})
	before := signed(t, oldText, old.ID, with("exp", nil))
	next, nextText, err := s.RotateKey(t.Context(), "default", old.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if next.Name != "back end" || next.State != Active {
		t.Errorf("%+v", next)
	}
	again := s.restarted(t)
	for _, service := range []*Service{s.Service, again} {
		token, err := service.Mint(Grant{User: "ada", TTL: 24 * time.Hour, Key: old.ID})
		if err != nil {
			t.Fatal(err)
		}
		if id := wants(t, service, token, ""); id.Key != next.ID {
			t.Errorf("the new key does not sign at once: %+v", id)
		}
	}
	s.clock.Advance(time.Hour - time.Nanosecond)
	for _, service := range []*Service{s.Service, again} {
		for _, token := range []string{oldText, before, nextText} {
			wants(t, service, token, "")
		}
	}
	s.clock.Advance(time.Nanosecond)
	for _, service := range []*Service{s.Service, again, s.restarted(t)} {
		wants(t, service, oldText, chat.CodeTokenRevoked)
		wants(t, service, before, chat.CodeTokenRevoked)
		wants(t, service, signed(t, oldText, "", with("exp", nil)), chat.CodeUnauthorized)
		wants(t, service, nextText, "")
	}
	keys, err := s.Keys("default")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.ID == old.ID && (k.State != Ended || k.Successor != next.ID) {
			t.Errorf("%+v", k)
		}
	}
}

func TestRotateKey_WithoutGraceTheOldOneEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	old, oldText := s.make(t, NewKey{})
	_, nextText, err := s.RotateKey(t.Context(), "default", old.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, oldText, chat.CodeTokenRevoked)
	wants(t, s.Service, nextText, "")
}

func TestRotateKey_RefusesWhatHasNoPlaceToTake(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	old, _ := s.make(t, NewKey{})
	dead, _ := s.make(t, NewKey{})
	if _, err := s.RevokeKey(t.Context(), "default", dead.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.RotateKey(t.Context(), "default", old.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		project, id string
		grace       time.Duration
		code        chat.Code
	}{
		{"default", old.ID, time.Hour, chat.CodeInvalid},
		{"default", dead.ID, time.Hour, chat.CodeInvalid},
		{"default", ConfiguredKey, time.Hour, chat.CodeInvalid},
		{"default", old.ID, -1, chat.CodeInvalid},
		{"default", old.ID, maxGrace + 1, chat.CodeInvalid},
		{"default", "none", time.Hour, chat.CodeNotFound},
		{"other", old.ID, time.Hour, chat.CodeNotFound},
		{"none", old.ID, time.Hour, chat.CodeNotFound},
	} {
		if _, _, err := s.RotateKey(t.Context(), c.project, c.id, c.grace); chat.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRevokeKey_EndsItAndWhatItSigned(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	key, text := s.make(t, NewKey{})
	_, other := s.make(t, NewKey{})
	token := signed(t, text, key.ID, good())
	wants(t, s.Service, token, "")
	for range 2 {
		k, err := s.RevokeKey(t.Context(), "default", key.ID)
		if err != nil || k.State != Revoked || !k.Revoked.Equal(noon) {
			t.Fatalf("%+v, %v", k, err)
		}
		s.clock.Advance(time.Second)
	}
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		wants(t, service, text, chat.CodeTokenRevoked)
		wants(t, service, token, chat.CodeTokenRevoked)
		wants(t, service, signed(t, text, "", good()), chat.CodeUnauthorized)
		wants(t, service, other, "")
	}
	if _, err := s.RevokeKey(t.Context(), "default", ConfiguredKey); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("the configured key: %v", err)
	}
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	if strings.Contains(string(s.records.held[recordKey+key.ID]), `"secret":"`) {
		t.Error("what a revoked key is made of is still kept")
	}
}

func TestMakeKey_RefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	for _, n := range []NewKey{
		{Project: "default"},
		{Project: "default", Kind: "public"},
		{Project: "default", Kind: Secret, Scopes: []string{"chat:read"}},
		{Project: "default", Kind: Secret, Channels: []string{"a"}},
		{Project: "default", Kind: Secret, Name: strings.Repeat("a", maxKeyName+1)},
		{Project: "default", Kind: Secret, Name: "a\nb"},
		{Project: "default", Kind: Publishable, Scopes: []string{ScopeAdmin}},
		{Project: "default", Kind: Publishable, Channels: []string{""}},
		{Project: "default", Kind: Publishable, Channels: []string{"a*b"}},
	} {
		if _, _, err := s.MakeKey(t.Context(), n); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%+v: %v", n, err)
		}
	}
	if _, _, err := s.MakeKey(t.Context(), NewKey{Project: "none", Kind: Secret}); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("no project: %v", err)
	}
	if _, _, err := setup(t, false).MakeKey(t.Context(), NewKey{Project: "default", Kind: Secret}); chat.CodeOf(err) != chat.CodeUnavailable {
		t.Errorf("no store: %v", err)
	}
}

func TestMakeKey_OldDeadKeysMakeRoom(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	first, firstText := s.make(t, NewKey{})
	for range maxKeys - 2 { // the configured one counts too
		s.clock.Advance(time.Millisecond)
		s.make(t, NewKey{})
	}
	if _, _, err := s.MakeKey(t.Context(), NewKey{Project: "default", Kind: Secret}); chat.CodeOf(err) != chat.CodeTooMany {
		t.Fatalf("%v", err)
	}
	if _, err := s.RevokeKey(t.Context(), "default", first.ID); err != nil {
		t.Fatal(err)
	}
	_, text := s.make(t, NewKey{})
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		wants(t, service, text, "")
		wants(t, service, firstText, chat.CodeUnauthorized)
		if keys, err := service.Keys("default"); err != nil || len(keys) != maxKeys {
			t.Errorf("%d keys, %v", len(keys), err)
		}
	}
}

// What is not on disk does not count: it would be gone after a crash.
func TestKeys_ChangeNothingThatIsNotKept(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	key, text := s.make(t, NewKey{})
	s.records.fails = errors.New("the disk is gone")
	if _, _, err := s.MakeKey(t.Context(), NewKey{Project: "default", Kind: Secret}); err == nil {
		t.Error("a key was made")
	}
	if _, _, err := s.RotateKey(t.Context(), "default", key.ID, 0); err == nil {
		t.Error("a key was replaced")
	}
	if _, err := s.RevokeKey(t.Context(), "default", key.ID); err == nil {
		t.Error("a key was revoked")
	}
	if _, err := s.RevokeUser(t.Context(), "default", "ada"); err == nil {
		t.Error("a user was revoked")
	}
	if _, err := s.MakeProject(t.Context(), "shop"); err == nil {
		t.Error("a project was made")
	}
	wants(t, s.Service, text, "")
	wants(t, s.Service, forge(t, jose.HS256, []byte(tokenSecret), good()), "")
	if keys, err := s.Keys("default"); err != nil || len(keys) != 2 || len(s.Projects()) != 2 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}
