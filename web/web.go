// Package web is the chat page that a server shows at its root: one file,
// which talks the native protocol.
package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

//go:embed index.html
var index []byte

// Options of the page. The zero value works.
type Options struct {
	// Dev has the page ask for a name in place of a token: for a server that
	// believes names.
	Dev bool
}

// New serves the page at whatever path it is put.
func New(o Options) http.Handler {
	body := index
	if o.Dev {
		body = bytes.Replace(body, []byte(`<html lang="en">`), []byte(`<html lang="en" data-dev>`), 1)
	}
	return Page(body)
}

// page is finished HTML with what goes with it.
type page struct {
	body   []byte
	policy string
	etag   string
}

// Page serves finished HTML that has at most one script and one style, both
// inline and without attributes. Its policy lets nothing run or be drawn but
// those, by hash, and lets it talk to nobody but its server, if it has a script.
func Page(html []byte) http.Handler {
	sum := sha256.Sum256(html)
	return &page{body: html, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, policy: policyOf(html)}
}

func policyOf(html []byte) string {
	rules := []string{"default-src 'none'", "style-src " + hash(html, "style"), "img-src data:"}
	if bytes.Contains(html, []byte("<script>")) {
		rules = append(rules, "script-src "+hash(html, "script"), "connect-src 'self'")
	}
	return strings.Join(append(rules,
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
		"require-trusted-types-for 'script'", "trusted-types 'none'",
	), "; ")
}

// hash is the CSP source of the element <tag>, of which the page has one,
// without attributes.
func hash(page []byte, tag string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+tag+">"))
	text, _, _ := bytes.Cut(rest, []byte("</"+tag+">"))
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ServeHTTP answers GET and HEAD.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", p.etag)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
}
