package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
)

// What the document says to do, as far as it is the server's to do.
func TestC9_TheServersShareOfWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0.001, 3 })
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/vault?userId=root", `{"kind":"private"}`).want(t, 200, "")
	refused := func(code string) string { return fmt.Sprintf(`{"type":"error","code":%q,"message":"*"}`, code) }
	message := func(user, content string) string {
		return fmt.Sprintf(`{"type":"message","userId":%q,"username":"The Boss","content":%s,"timestamp":1}`, user, content)
	}
	said := `{"type":"message","userId":"ada","username":"Ada","content":"x","timestamp":1,"id":"*","position":"*"}`
	s := b.dial(t, "/rooms?token="+b.token(t, auth.Grant{User: "ada", Name: "Ada"}), nil)
	for _, do := range []struct{ what, frame, answer string }{
		{"validate: what cannot be read", `{"type":`, refused("malformed")},
		{"validate: unknown types", `{"type":"shout"}`, refused("unknown_type")},
		{"authorise", `{"type":"join","userId":"ada","username":"Ada","roomId":"vault"}`, refused("forbidden")},
		{"authenticate: who joins", `{"type":"join","userId":"bob","username":"Bob"}`, refused("foreign_sender")},
		{"rooms", `{"type":"join","userId":"ada","username":"The Boss"}`, fmt.Sprintf(entered, "ada", "Ada")},
		{"rooms: who is there", "", `{"type":"room_state","users":[],"timestamp":"#"}`},
		{"authenticate: who speaks", message("bob", `"x"`), refused("foreign_sender")},
		{"validate: members", message("ada", `5`), refused("invalid")},
		{"limits: size", message("ada", `"`+strings.Repeat("x", 65535)+`"`), refused("too_large")},
		{"messages", message("ada", `"x"`), said},
		{"messages: the second", message("ada", `"x"`), said},
		{"messages: the third", message("ada", `"x"`), said},
		{"limits: rates", message("ada", `"x"`), `{"type":"error","code":"rate_limited","message":"*","retryAfter":"#"}`},
	} {
		t.Log(do.what) // the last of them is what fails
		if do.frame != "" {
			s.send(do.frame)
		}
		s.shown("%s", do.answer)
	}
	// Health.
	b.visit(t, "GET", "/healthz", nil).want(t, 200, "")
	b.visit(t, "GET", "/readyz", nil).want(t, 200, "")
	metrics := b.visit(t, "GET", "/metrics", nil).want(t, 200, "").text
	for _, line := range []string{`parley_ws_connections{door="rooms"} 1`, "parley_events_committed_total 3"} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	// Graceful shutdown.
	stopped := make(chan error, 1)
	go func() { stopped <- b.stop(nil) }()
	if _, data, err := s.ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("in place of the goodbye: %s %v", data, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// Handshakes are bounded, need credentials, and agree on compression.
func TestC9_WhoMayConnect(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) {
		c.TrustedProxy, c.AddressRate, c.AddressBurst = []string{"127.0.0.1"}, 0.001, 4
	})
	good := "/rooms?token=" + b.token(t, auth.Grant{User: "ada"})
	for i, row := range []struct {
		from, path string
		status     int
	}{
		{"203.0.113.1", good, 101},
		{"203.0.113.1", "/rooms", 401},
		{"203.0.113.1", "/rooms?token=nonsense", 401},
		{"203.0.113.1", good, 101},
		{"203.0.113.1", good, 429},
		{"203.0.113.2", good, 101},
	} {
		got := b.visit(t, "GET", row.path, upgrade(map[string]string{
			"X-Forwarded-For": row.from, "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
		}))
		if got.status != row.status {
			t.Errorf("handshake %d is answered with %d, want %d: %s", i, got.status, row.status, got.text)
		}
		if agreed := got.header.Get("Sec-Websocket-Extensions"); row.status == 101 && !strings.HasPrefix(agreed, "permessage-deflate") {
			t.Errorf("handshake %d agrees on %q", i, agreed)
		}
	}
}
