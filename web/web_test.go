package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(t *testing.T, o Options, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	New(o).ServeHTTP(w, r)
	return w
}

func TestPage_PolicyAllowsNothingButTheFileItself(t *testing.T) {
	t.Parallel()
	for _, dev := range []bool{false, true} {
		w := get(t, Options{Dev: dev}, nil)
		policy := w.Header().Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("dev %v: %q lacks %q", dev, policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("dev %v: %q", dev, policy)
		}
		text := w.Body.Bytes()
		for _, tag := range []string{"script", "style"} {
			if n := bytes.Count(text, []byte("<"+tag)); n != 1 {
				t.Errorf("dev %v: there are %d elements %s", dev, n, tag)
			}
			_, rest, _ := bytes.Cut(text, []byte("<"+tag+">"))
			inner, _, _ := bytes.Cut(rest, []byte("</"+tag+">"))
			sum := sha256.Sum256(inner)
			if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
				t.Errorf("dev %v: the policy does not allow the %s", dev, tag)
			}
		}
	}
}

func TestPage_HasNoMarkupThatThePolicyForbids(t *testing.T) {
	t.Parallel()
	markup, script, _ := strings.Cut(string(index), "<script>")
	for _, bad := range []string{" style=", " onclick=", " onload=", "javascript:", "src=\"http", "@import", "url("} {
		if strings.Contains(markup, bad) {
			t.Errorf("the markup holds %q", bad)
		}
	}
	for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
		if strings.Contains(script, bad) {
			t.Errorf("the script holds %q", bad)
		}
	}
}

func TestPage_KnowsWhetherNamesAreBelieved(t *testing.T) {
	t.Parallel()
	if got := get(t, Options{}, nil).Body.String(); strings.Contains(got, "<html lang=\"en\" data-dev>") {
		t.Error("without Dev the page asks for a name")
	}
	if got := get(t, Options{Dev: true}, nil).Body.String(); !strings.Contains(got, "<html lang=\"en\" data-dev>") {
		t.Error("with Dev the page asks for a token")
	}
}

func TestPage_IsNotSentAgainUnchanged(t *testing.T) {
	t.Parallel()
	first := get(t, Options{}, nil)
	again := get(t, Options{}, func(r *http.Request) { r.Header.Set("If-None-Match", first.Header().Get("ETag")) })
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("status %d, %d bytes", again.Code, again.Body.Len())
	}
	if post := get(t, Options{}, func(r *http.Request) { r.Method = http.MethodPost }); post.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered with %d", post.Code)
	}
}
