package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/parley-chat/parley/chat"
)

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
