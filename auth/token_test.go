package auth

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

func TestIdentify_BelievesASignedToken(t *testing.T) {
	t.Parallel()
	token := forge(t, jose.HS256, []byte(tokenSecret), map[string]any{
		"sub": "ada", "name": "Ada", "scope": "chat:send chat:read", "channels": []string{"general", "team-*"},
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "nbf": noon.Unix(), "jti": "t1",
	})
	id, err := setup(t, false).Identify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := chat.Identity{
		Project: "default", User: "ada", Name: "Ada", Scopes: []string{"chat:send", "chat:read"},
		Channels: []string{"general", "team-*"}, Expires: noon.Add(time.Hour),
		Key: ConfiguredKey, TokenID: "t1", Issued: noon,
	}
	if diff := cmp.Diff(want, id, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Error(diff)
	}
}

func TestIdentify_TakesScopesAsAList(t *testing.T) {
	t.Parallel()
	id, err := setup(t, false).Identify(t.Context(), forge(t, jose.HS256, []byte(tokenSecret), with("scope", []string{"chat:send", "chat:read"})))
	if err != nil || !id.Has(chat.ScopeRead) || !id.Has(chat.ScopeSend) || id.Has(chat.ScopeManage) {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestIdentify_GivesNoScopesWhereThereAreNone(t *testing.T) {
	t.Parallel()
	id, err := setup(t, false).Identify(t.Context(), forge(t, jose.HS256, []byte(tokenSecret), with("scope", nil)))
	if err != nil || len(id.Scopes) != 0 || id.Has(chat.ScopeRead) {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestIdentify_TakesATokenWithoutEnd(t *testing.T) {
	t.Parallel()
	id, err := setup(t, false).Identify(t.Context(), forge(t, jose.HS256, []byte(tokenSecret), with("exp", nil)))
	if err != nil || !id.Expires.IsZero() {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestIdentify_RefusesAnExpiredToken(t *testing.T) {
	t.Parallel()
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("exp", noon.Unix())), chat.CodeTokenExpired)
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("exp", noon.Add(-time.Hour).Unix())), chat.CodeTokenExpired)
}

func TestIdentify_RefusesATokenThatIsNotValidYet(t *testing.T) {
	t.Parallel()
	for _, claim := range []string{"nbf", "iat"} {
		refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with(claim, noon.Add(31*time.Second).Unix())), chat.CodeUnauthorized)
	}
}

func TestIdentify_AllowsForAClockThatIsAhead(t *testing.T) {
	t.Parallel()
	for _, claim := range []string{"nbf", "iat"} {
		token := forge(t, jose.HS256, []byte(tokenSecret), with(claim, noon.Add(30*time.Second).Unix()))
		if _, err := setup(t, false).Identify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", claim, err)
		}
	}
}

func TestIdentify_RefusesAWrongSignature(t *testing.T) {
	t.Parallel()
	token := forge(t, jose.HS256, []byte(tokenSecret), good())
	signature := strings.LastIndexByte(token, '.') + 1
	flipped := []byte(token)
	flipped[signature] ^= 1
	refuses(t, string(flipped), chat.CodeUnauthorized)
	refuses(t, token[:signature], chat.CodeUnauthorized)
	parts := strings.Split(token, ".")
	claims, err := json.Marshal(with("sub", "root"))
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, parts[0]+"."+base64.RawURLEncoding.EncodeToString(claims)+"."+parts[2], chat.CodeUnauthorized)
}

func TestIdentify_RefusesAnotherKey(t *testing.T) {
	t.Parallel()
	refuses(t, forge(t, jose.HS256, []byte(otherSecret), good()), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS256, []byte(appSecret), good()), chat.CodeUnauthorized)
}

func TestIdentify_RefusesAnotherProjectsSignature(t *testing.T) {
	t.Parallel()
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("project", "other")), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("project", "none")), chat.CodeUnauthorized)
	id, err := setup(t, false).Identify(t.Context(), forge(t, jose.HS256, []byte(otherSecret), with("project", "other")))
	if err != nil || id.Project != "other" {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestIdentify_RefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9", strings.Repeat("a", maxToken+1), "{}", "sk_", "pk_", "pk_0123456789abcdef", "sk_live_0123456789abcde", secretKey + "0"} {
		refuses(t, token, chat.CodeUnauthorized)
	}
}

func TestIdentify_RefusesAUserThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, user := range []any{nil, "", ".", "..", " ada", "a\nb", strings.Repeat("a", 129)} {
		refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("sub", user)), chat.CodeUnauthorized)
	}
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("name", "a\nb")), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("scope", 7)), chat.CodeUnauthorized)
}
