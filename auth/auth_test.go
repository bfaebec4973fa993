package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

const (
	tokenSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
	appSecret   = "app-app-app-app-app-app-app-app-"
	secretKey   = "sk_live_0123456789abcdef"
)

func setup(t *testing.T, dev bool) *Service {
	t.Helper()
	s, err := New(Options{
		Dev: dev,
		Now: func() time.Time { return noon },
		Projects: []Project{
			{Name: "default", TokenSecret: []byte(tokenSecret), AppSecret: []byte(appSecret), SecretKey: secretKey},
			{Name: "other", TokenSecret: []byte(otherSecret), AppSecret: []byte(appSecret), SecretKey: "sk_live_other_0123456789"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forge signs any claims with any key.
func forge(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func good() map[string]any {
	return map[string]any{"sub": "ada", "scope": "chat:read", "exp": noon.Add(time.Hour).Unix()}
}

// with is good() with one claim changed; nil takes it away.
func with(name string, value any) map[string]any {
	c := good()
	c[name] = value
	if value == nil {
		delete(c, name)
	}
	return c
}

func refuses(t *testing.T, token string, code chat.Code) {
	t.Helper()
	id, err := setup(t, false).Identify(t.Context(), token)
	if chat.CodeOf(err) != code {
		t.Fatalf("%v, want %s", err, code)
	}
	if !cmp.Equal(id, chat.Identity{}) {
		t.Errorf("with the refusal came %+v", id)
	}
	if len(token) > 20 && strings.Contains(fmt.Sprintf("%+v %v", err, chat.AsError(err).Cause), token) {
		t.Errorf("the error repeats the token: %v", err)
	}
}

func TestIdentify_BelievesASignedToken(t *testing.T) {
	t.Parallel()
	token := forge(t, jose.HS256, []byte(tokenSecret), map[string]any{
		"sub": "ada", "name": "Ada", "scope": "chat:send chat:read", "channels": []string{"general", "team-*"},
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "nbf": noon.Unix(),
	})
	id, err := setup(t, false).Identify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := chat.Identity{
		Project: "default", User: "ada", Name: "Ada", Scopes: []string{"chat:send", "chat:read"},
		Channels: []string{"general", "team-*"}, Expires: noon.Add(time.Hour),
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

func TestIdentify_RefusesNone(t *testing.T) {
	t.Parallel()
	claims, err := json.Marshal(good())
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","typ":"JWT"}`))
		refuses(t, header+"."+base64.RawURLEncoding.EncodeToString(claims)+".", chat.CodeUnauthorized)
	}
}

func TestIdentify_RefusesOtherAlgorithms(t *testing.T) {
	t.Parallel()
	long := []byte(tokenSecret) // enough for each: only the list of algorithms refuses
	refuses(t, forge(t, jose.HS384, long, good()), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS512, long, good()), chat.CodeUnauthorized)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, forge(t, jose.RS256, key, good()), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS256, x509.MarshalPKCS1PublicKey(&key.PublicKey), good()), chat.CodeUnauthorized)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, forge(t, jose.ES256, curve, good()), chat.CodeUnauthorized)
}

func TestIdentify_RefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9", strings.Repeat("a", maxToken+1), "{}", "sk_", "sk_live_0123456789abcde", secretKey + "0"} {
		refuses(t, token, chat.CodeUnauthorized)
	}
}

func TestIdentify_RefusesAUserThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, user := range []any{nil, "", " ada", "a\nb", strings.Repeat("a", 129)} {
		refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("sub", user)), chat.CodeUnauthorized)
	}
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("name", "a\nb")), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS256, []byte(tokenSecret), with("scope", 7)), chat.CodeUnauthorized)
}

func TestIdentify_KnowsASecretKey(t *testing.T) {
	t.Parallel()
	id, err := setup(t, false).Identify(t.Context(), "sk_live_other_0123456789")
	if err != nil || !id.Server || id.Project != "other" || id.User != "" {
		t.Errorf("%+v, %v", id, err)
	}
}

func request(header, target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return r
}

func TestFromRequest_ReadsHeaderThenQuery(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	ada := forge(t, jose.HS256, []byte(tokenSecret), good())
	bob := forge(t, jose.HS256, []byte(tokenSecret), with("sub", "bob"))
	for _, c := range []struct {
		header, target, user string
		code                 chat.Code
	}{
		{"Bearer " + ada, "/", "ada", ""},
		{"bearer " + ada, "/?token=" + bob, "ada", ""},
		{"", "/?token=" + bob, "bob", ""},
		{"Basic YTpi", "/?token=" + bob, "", chat.CodeUnauthorized},
		{"Bearer", "/", "", chat.CodeUnauthorized},
		{"Bearer nonsense", "/", "", chat.CodeUnauthorized},
		{"", "/?userId=ada", "", ""},
	} {
		id, err := s.FromRequest(request(c.header, c.target))
		if chat.CodeOf(err) != c.code || id.User != c.user {
			t.Errorf("%q %q: %+v, %v", c.header, c.target, id, err)
		}
		if c.code == "" && c.user == "" && (!id.Anonymous() || id.Project != "default") {
			t.Errorf("nobody is %+v", id)
		}
	}
}

func TestDev_BelievesNamesAndAnyToken(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	for _, target := range []string{"/?userId=ada&userName=Ada", "/?userId=ada&name=Ada&token=nonsense"} {
		id, err := s.FromRequest(request("", target))
		if err != nil || id.User != "ada" || id.Name != "Ada" || id.Renames || id.Guest || !id.Has(chat.ScopeManage) {
			t.Errorf("%s: %+v, %v", target, id, err)
		}
	}
	if _, err := s.FromRequest(request("", "/?userId=%20")); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("a user without a name: %v", err)
	}
}

func TestDev_MakesEachStrangerAGuestOfItsOwn(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	seen := map[string]bool{}
	for _, header := range []string{"", "Bearer same", "Bearer same", "Basic x"} {
		id, err := s.FromRequest(request(header, "/"))
		if err != nil || !strings.HasPrefix(id.User, GuestPrefix) || !id.Guest || !id.Renames || id.Project != "default" || seen[id.User] {
			t.Errorf("%q: %+v, %v", header, id, err)
		}
		seen[id.User] = true
	}
}

func TestDev_HoldsARealTokenToItsUser(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	ada := forge(t, jose.HS256, []byte(tokenSecret), good())
	id, err := s.FromRequest(request("Bearer "+ada, "/?userId=ada"))
	if err != nil || id.User != "ada" || id.Renames {
		t.Errorf("%+v, %v", id, err)
	}
	if _, err := s.FromRequest(request("Bearer "+ada, "/?userId=bob")); chat.CodeOf(err) != chat.CodeForeignSender {
		t.Errorf("ada's token as bob: %v", err)
	}
	if id, err := s.Identify(t.Context(), "nonsense"); err != nil || !id.Anonymous() {
		t.Errorf("a token in a frame: %+v, %v", id, err)
	}
}

func TestMint_MakesWhatIdentifyBelieves(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	token, err := s.Mint(Grant{User: "ada", Name: "Ada", Scopes: []string{"chat:send"}, Channels: []string{"a*"}, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Identify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := chat.Identity{Project: "default", User: "ada", Name: "Ada", Scopes: []string{"chat:send"}, Channels: []string{"a*"}, Expires: noon.Add(time.Minute)}
	if diff := cmp.Diff(want, id, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Error(diff)
	}
}

func TestMint_RefusesWhatNobodyCouldUse(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	for _, g := range []Grant{
		{TTL: time.Hour},
		{User: "ada"},
		{User: "ada", TTL: -time.Second},
		{User: " ", TTL: time.Hour},
		{User: "ada", Name: "\n", TTL: time.Hour},
		{User: "ada", Scopes: []string{"a b"}, TTL: time.Hour},
		{User: "ada", Project: "none", TTL: time.Hour},
	} {
		if token, err := s.Mint(g); err == nil {
			t.Errorf("%+v: %s", g, token)
		}
	}
}

func TestMintApp_SignsWithTheAppSecret(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	token, err := s.MintApp(Grant{User: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := parsed.Claims([]byte(appSecret), &claims); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"userId": "ada", "iat": float64(noon.Unix()), "exp": float64(noon.Add(time.Hour).Unix())}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Identify(t.Context(), token); chat.CodeOf(err) != chat.CodeUnauthorized {
		t.Errorf("an appJwt as a token: %v", err)
	}
}

func TestNew_RefusesWeakKeys(t *testing.T) {
	t.Parallel()
	strong := Project{Name: "p", TokenSecret: []byte(tokenSecret), AppSecret: []byte(appSecret), SecretKey: secretKey}
	for name, change := range map[string]func(*Project){
		"no name":       func(p *Project) { p.Name = "" },
		"short secret":  func(p *Project) { p.TokenSecret = p.TokenSecret[:31] },
		"no app secret": func(p *Project) { p.AppSecret = nil },
		"no prefix":     func(p *Project) { p.SecretKey = "0123456789abcdef0123" },
		"short key":     func(p *Project) { p.SecretKey = "sk_short" },
	} {
		p := strong
		change(&p)
		if _, err := New(Options{Projects: []Project{p}}); err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), tokenSecret) {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no project: taken")
	}
}

func FuzzIdentify(f *testing.F) {
	s, err := New(Options{Projects: []Project{{Name: "default", TokenSecret: []byte(tokenSecret), AppSecret: []byte(appSecret), SecretKey: secretKey}}})
	if err != nil {
		f.Fatal(err)
	}
	token, err := s.Mint(Grant{User: "ada", TTL: time.Hour})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", token, "sk_x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if id, err := s.Identify(t.Context(), token); err == nil && id.User == "" && !id.Server {
			t.Errorf("nobody was let in: %+v", id)
		}
	})
}
