package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// visit asks for path with these headers; "Host" is the request's, and "Body"
// its body.
func (b *bundle) visit(t *testing.T, method, path string, headers map[string]string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(headers["Body"]))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		switch name {
		case "Host":
			r.Host = value
			continue
		case "Body":
			continue
		}
		r.Header.Set(name, value)
	}
	return do(t, r)
}

// upgrade is the headers of a WebSocket handshake, and others.
func upgrade(others map[string]string) map[string]string {
	h := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	}
	for name, value := range others {
		h[name] = value
	}
	return h
}

func TestGuard_LetsInItsOwnPagesAndThoseOnTheList(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Origin = []string{"https://app.example.com"} })
	own := strings.TrimPrefix(b.url, "http://")
	token := b.token(t, auth.Grant{User: "ada"})
	for origin, status := range map[string]int{
		"":                                    101,
		"http://" + own:                       101,
		"https://" + own:                      101,
		"https://app.example.com":             101,
		"http://app.example.com":              403,
		"https://app.example.com:8443":        403,
		"https://app.example.com.evil.test":   403,
		"https://evil-app.example.com":        403,
		"https://app.example.com@evil.test":   403,
		"https://app.example.com/":            403,
		"null":                                403,
		"file://":                             403,
		"*":                                   403,
		"http://" + own + ".evil.test":        403,
		"http://localhost":                    403,
		"chrome-extension://abcdefghijklmnop": 403,
	} {
		headers := map[string]string{}
		if origin != "" {
			headers["Origin"] = origin
		}
		for _, path := range []string{"/", "/threads", "/rooms", "/chat", "/v1/ws"} {
			if got := b.visit(t, "GET", path+"?token="+token, upgrade(headers)); got.status != status {
				t.Errorf("%s from %q: %d, want %d", path, origin, got.status, status)
			}
		}
		rest := b.visit(t, "GET", general+"?token="+token, headers)
		if want := map[int]int{101: 200, 403: 403}[status]; rest.status != want {
			t.Errorf("REST from %q: %d, want %d", origin, rest.status, want)
		}
		if status == 101 && rest.header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("REST from %q allows %q", origin, rest.header.Get("Access-Control-Allow-Origin"))
		}
	}
}

func TestGuard_ComparesWholeHosts(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	token := b.token(t, auth.Grant{User: "ada"})
	for origin, status := range map[string]int{
		"https://chat.example.com": 200, "https://CHAT.example.com": 200,
		"https://chat.example.com.evil.test": 403, "https://evil-chat.example.com": 403, "https://example.com": 403, "https://chat.example.com:1": 403,
	} {
		got := b.visit(t, "GET", general+"?token="+token, map[string]string{"Host": "chat.example.com", "Origin": origin})
		if got.status != status {
			t.Errorf("%q: %d, want %d", origin, got.status, status)
		}
	}
}

func TestGuard_AnswersPreflights(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Origin = []string{"https://app.example.com"} })
	asks := map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
	got := b.visit(t, "OPTIONS", general+"/x", asks)
	if got.status != 204 || !strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "PATCH") ||
		!strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%d %v", got.status, got.header)
	}
	asks["Origin"] = "https://evil.test"
	b.visit(t, "OPTIONS", general+"/x", asks).want(t, 403, "forbidden")
}

func TestGuard_AllOriginsWhereAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Origin = []string{"*"} })
	token := b.token(t, auth.Grant{User: "ada"})
	b.visit(t, "GET", general+"?token="+token, map[string]string{"Origin": "https://anywhere.test"}).want(t, 200, "")
	b.visit(t, "GET", general+"?token="+token, map[string]string{"Origin": "null"}).want(t, 403, "forbidden")
}

func TestGuard_UnderDevOnlyLoopback(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	for host, status := range map[string]int{
		"localhost": 101, "localhost:8080": 101, "127.0.0.1:1": 101, "127.8.8.8": 101, "[::1]": 101, "[::1]:80": 101, "LOCALHOST": 101,
		"evil.test": 403, "localhost.evil.test": 403, "127.0.0.1.evil.test": 403, "10.0.0.1": 403, "0.0.0.0": 403, "[::]": 403, "[fe80::1]:80": 403,
	} {
		if got := b.visit(t, "GET", "/v1/ws", upgrade(map[string]string{"Host": host})); got.status != status {
			t.Errorf("host %q: %d, want %d", host, got.status, status)
		}
	}
	for origin, status := range map[string]int{
		"http://localhost:3000": 101, "http://127.0.0.1": 101, "http://[::1]:5173": 101,
		"null": 403, "https://evil.test": 403, "http://localhost.evil.test": 403, "http://192.168.0.1": 403,
	} {
		if got := b.visit(t, "GET", "/v1/ws", upgrade(map[string]string{"Origin": origin})); got.status != status {
			t.Errorf("origin %q: %d, want %d", origin, got.status, status)
		}
	}
	b.visit(t, "GET", general, map[string]string{"Host": "evil.test"}).want(t, 403, "forbidden")
}
