// Package web is what people see: the chat at / and the console at /console,
// built by Vite from the sources beside it, and single pages of finished HTML.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// dist has the pages under app, once `make build` has built them.
//
//go:embed all:dist
var dist embed.FS

// New serves what was built into this binary. Where that is nothing, as after
// a bare `go build`, each page says how to build it.
func New(o Options) *Pages {
	built, err := fs.Sub(dist, "dist/app")
	if err == nil {
		if pages, err := open(built, o); err == nil {
			return pages
		}
	}
	return &Pages{lack: lacking()}
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
	harden(h, p.policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", p.etag)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuse(w)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
}

// harden sets what every page is sent with.
func harden(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func refuse(w http.ResponseWriter) {
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "GET or HEAD", http.StatusMethodNotAllowed)
}
