package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// built is what a build writes, at its smallest.
func built() fstest.MapFS {
	return fstest.MapFS{
		"index.html":               {Data: []byte(`<!doctype html><html lang="en"><script type="module" src="/assets/chat-h4sh.js"></script></html>`)},
		"index.html.gz":            {Data: []byte("packed")},
		"console.html":             {Data: []byte(`<!doctype html><html lang="en">console</html>`)},
		"sw.js":                    {Data: []byte("self.onpush = null")},
		"icons/icon-192.png":       {Data: []byte("\x89PNG")},
		"assets/chat-h4sh.js":      {Data: []byte("plain")},
		"assets/chat-h4sh.js.br":   {Data: []byte("brotli")},
		"assets/chat-h4sh.js.gz":   {Data: []byte("gzip")},
		"assets/poll-h4sh.js":      {Data: []byte("small")},
		"assets/style-h4sh.css":    {Data: []byte("body{}")},
		"assets/font-h4sh.strange": {Data: []byte("?")},
	}
}

func pages(t *testing.T, o Options) *Pages {
	t.Helper()
	p, err := open(built(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPages_PolicyLetsInNothingButThisServer(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for _, path := range []string{"/", "/console", "/sw.js", "/assets/chat-h4sh.js"} {
		w := get(p, path)
		policy := w.Header().Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types parley"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("%s: %q lacks %q", path, policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
			t.Errorf("%s: %q", path, policy)
		}
		if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: a browser may guess its type: %q", path, got)
		}
	}
}

func TestPages_KnowWhetherNamesAreBelieved(t *testing.T) {
	t.Parallel()
	for _, dev := range []bool{false, true} {
		p := pages(t, Options{Dev: dev})
		if got := strings.Contains(get(p, "/").Body.String(), `<html lang="en" data-dev>`); got != dev {
			t.Errorf("dev %v: the page asks for a name: %v", dev, got)
		}
	}
	both := get(pages(t, Options{Dev: true, Previews: true}), "/").Body.String()
	if !strings.Contains(both, `<html lang="en" data-dev data-previews>`) || strings.Contains(get(pages(t, Options{}), "/").Body.String(), "data-previews") {
		t.Errorf("%s", both)
	}
	if get(pages(t, Options{}), "/").Header().Get("ETag") == get(pages(t, Options{Dev: true}), "/").Header().Get("ETag") {
		t.Error("two pages have one ETag")
	}
}

func TestPages_AreSentInTheSmallestCodingThatIsAccepted(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for accepted, want := range map[string][2]string{
		"":                              {"", "plain"},
		"gzip, deflate, br":             {"br", "brotli"},
		"gzip":                          {"gzip", "gzip"},
		"GZIP;q=0.5":                    {"gzip", "gzip"},
		"br;q=0, gzip;q=0.001":          {"gzip", "gzip"},
		"br; q=0, gzip; q=0":            {"", "plain"},
		"br;q=nonsense, brotli, xgzip":  {"", "plain"},
		"identity;q=1, br;q=0.2, *;q=0": {"br", "brotli"},
	} {
		w := get(p, "/assets/chat-h4sh.js", "Accept-Encoding", accepted)
		if got := [2]string{w.Header().Get("Content-Encoding"), w.Body.String()}; got != want {
			t.Errorf("%q is answered %q, want %q", accepted, got, want)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: a cache may mix them up", accepted)
		}
	}
	tags := map[string]bool{}
	for _, accepted := range []string{"", "gzip", "br"} {
		tags[get(p, "/assets/chat-h4sh.js", "Accept-Encoding", accepted).Header().Get("ETag")] = true
	}
	if len(tags) != 3 {
		t.Errorf("three contents have the ETags %v", tags)
	}
	// The page itself is made at the start: what the build packed is another.
	if w := get(p, "/", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" || strings.Contains(w.Body.String(), "packed") {
		t.Errorf("the page is sent packed: %q", w.Body)
	}
}

func TestPages_WhatHasAHashIsKeptForEverAndNothingElse(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for path, kept := range map[string]bool{"/": false, "/console": false, "/sw.js": false, "/icons/icon-192.png": false, "/assets/chat-h4sh.js": true, "/assets/style-h4sh.css": true} {
		w := get(p, path)
		if got := strings.Contains(w.Header().Get("Cache-Control"), "immutable"); w.Code != http.StatusOK || got != kept {
			t.Errorf("%s: %d, %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
		again := get(p, path, "If-None-Match", w.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s again: status %d, %d bytes", path, again.Code, again.Body.Len())
		}
	}
}

func TestPages_SayTheirTypes(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for path, want := range map[string]string{
		"/": "text/html; charset=utf-8", "/sw.js": "text/javascript; charset=utf-8", "/icons/icon-192.png": "image/png",
		"/assets/style-h4sh.css": "text/css; charset=utf-8", "/assets/font-h4sh.strange": "application/octet-stream",
	} {
		if got := get(p, path).Header().Get("Content-Type"); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestPages_GiveNothingElse(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for _, path := range []string{"/index.html", "/assets/", "/assets", "/assets/chat-h4sh.js.gz", "/assets/other.js", "/icons/", "/console/", "//", "/../web.go"} {
		if w := get(p, path); w.Code != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, w.Code)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/console", nil)
	w := httptest.NewRecorder()
	if p.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered with %d", w.Code)
	}
	want := []string{"/", "/assets/", "/console", "/icons/", "/sw.js"}
	if got := p.Paths(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("paths %v", got)
	}
}

func TestPages_ThatWereNotBuiltSaySo(t *testing.T) {
	t.Parallel()
	if _, err := open(fstest.MapFS{"app": {Data: []byte("a file")}}, Options{}); err != nil {
		t.Fatal(err)
	}
	p := &Pages{lack: lacking()}
	for _, path := range p.Paths() {
		w := get(p, path)
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// What is built into this very binary, if anything is, has no markup that the
// policy forbids.
func TestPages_AsBuiltHaveNoMarkupThatThePolicyForbids(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	for _, path := range []string{"/", "/console"} {
		text := get(p, path).Body.String()
		for _, bad := range []string{" style=", "<style", " onclick=", " onload=", "javascript:", "src=\"http", "<script>", `type="module">`} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
}

func TestPage_PolicyAllowsNothingButTheFileItself(t *testing.T) {
	t.Parallel()
	text := []byte("<!doctype html><style>p{}</style><p>x<script>'use strict'</script>")
	w := get(Page(text), "/")
	policy := w.Header().Get("Content-Security-Policy")
	for _, tag := range []string{"script", "style"} {
		_, rest, _ := bytes.Cut(text, []byte("<"+tag+">"))
		inner, _, _ := bytes.Cut(rest, []byte("</"+tag+">"))
		sum := sha256.Sum256(inner)
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy does not allow the %s: %q", tag, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || !strings.Contains(policy, "trusted-types 'none'") {
		t.Errorf("policy %q", policy)
	}
	if again := get(Page(text), "/", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("it is sent again unchanged: %d", again.Code)
	}
}
