package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

// What pages of other origins send and read where they upload in pieces.
const (
	tusAsks    = ", Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum, X-HTTP-Method-Override"
	tusAnswers = ", Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Expires, Parley-File"
)

// guard stands before every door. It keeps pages of foreign origins away, and,
// under --dev, everything that did not name a loopback host: a page whose own
// name was pointed at 127.0.0.1 (DNS rebinding) would else be same-origin with
// a server that believes anybody.
type guard struct {
	origins      []string // besides the server's own; "*" is all
	loopbackOnly bool
	openStreams  bool // a stream without credentials is for pages of all origins
	next         http.Handler
}

// ServeHTTP passes on what may come in, and answers preflights.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	open := openStream(r)
	if err := g.check(r); err != nil && !(open && g.openStreams) {
		api.Refuse(w, err)
		return
	}
	if open {
		if !allowAnyOrigin(w, r) {
			g.next.ServeHTTP(w, r)
		}
		return
	}
	origin := r.Header.Get("Origin")
	if origin != "" {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Expose-Headers", "Retry-After, ETag, X-Request-Id"+tusAnswers)
		header.Add("Vary", "Origin")
		own := strings.HasPrefix(r.URL.Path, socketioDoor) // which answers for its own headers, and for cookies
		if !own && r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"+tusAsks)
			header.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	g.next.ServeHTTP(w, r)
}

func (g *guard) check(r *http.Request) error {
	if g.loopbackOnly && !loopbackHost(r.Host) {
		return chat.E(chat.CodeForbidden, "a server with --dev answers to loopback names only")
	}
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return nil // no browser, or a page of our own
	}
	if len(values) > 1 || !g.allows(values[0], r) {
		return chat.E(chat.CodeForbidden, "pages of this origin may not come here: see --origin")
	}
	return nil
}

// allows compares whole origins: a suffix or a substring of one is another.
func (g *guard) allows(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return false // "null" too
	}
	if g.loopbackOnly {
		return loopbackHost(u.Host)
	}
	if slices.Contains(g.origins, "*") || slices.Contains(g.origins, origin) {
		return true
	}
	// The scheme is not compared: TLS may have ended before us.
	return strings.EqualFold(u.Host, r.Host)
}

// loopbackHost reports whether host, with any port or none, is this machine.
func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	} else {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
