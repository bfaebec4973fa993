package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
)

// native is a plain client of the native protocol, let in by a token.
func (b *bundle) native(t *testing.T, g auth.Grant) *socket {
	t.Helper()
	s := b.dial(t, "/v1/ws", &websocket.DialOptions{
		HTTPHeader: bearer(b.token(t, g)), Subprotocols: []string{"parley.v1.json"}, CompressionMode: websocket.CompressionContextTakeover,
	})
	s.ws.SetReadLimit(1 << 20)
	s.until("connected")
	return s
}

// user is a client of somebody who may read and send.
func (b *bundle) user(t *testing.T, name string) *socket {
	t.Helper()
	return b.native(t, auth.Grant{User: name})
}

// asked sends a frame and returns its answer. What comes before it is lost.
func (s *socket) asked(frame string, args ...any) map[string]any {
	s.t.Helper()
	s.send(withRef(fmt.Sprintf(frame, args...)))
	return s.answered()
}

// acked has an answer that is no refusal.
func (s *socket) acked(frame string, args ...any) map[string]any {
	s.t.Helper()
	answer := s.asked(frame, args...)
	if answer["type"] == "error" {
		s.t.Fatalf("%.200s was answered with %v", fmt.Sprintf(frame, args...), answer)
	}
	return answer
}

// denied has the refusal with the code.
func (s *socket) denied(code, frame string, args ...any) map[string]any {
	s.t.Helper()
	answer := s.asked(frame, args...)
	if answer["type"] != "error" || answer["code"] != code {
		s.t.Errorf("%.200s was answered with %v, want %s", fmt.Sprintf(frame, args...), answer, code)
	}
	return answer
}

// follow subscribes and waits until the subscription is live. The members are
// those of the frame.
func (s *socket) follow(members string) (subscribed map[string]any) {
	s.t.Helper()
	subscribed = s.acked(`{"type":"subscribe",%s}`, members)
	s.expect("level", "channelId", subscribed["channelId"])
	return subscribed
}

// durable are the next events of the log, without what is ephemeral.
func (s *socket) durable(n int) (events []map[string]any) {
	s.t.Helper()
	for len(events) < n {
		frame, text := s.next()
		switch frame["type"] {
		case "error", "dropped":
			s.t.Fatalf("in place of an event: %s", text)
		case "read", "delivered", "ack":
			continue
		}
		if frame["seq"] != nil && frame["ref"] == nil {
			events = append(events, frame)
		}
	}
	return events
}

// person reads presence up to a frame that has the user in the list.
func (s *socket) person(list, user string) map[string]any {
	s.t.Helper()
	for {
		entries, _ := s.expect("presence", "", nil)[list].([]any)
		for _, entry := range entries {
			if p, ok := entry.(map[string]any); ok && p["userId"] == user {
				return p
			}
		}
	}
}

// outline is what the frames are, each as its seq and type.
func outline(frames []map[string]any) string {
	var parts []string
	for _, f := range frames {
		parts = append(parts, fmt.Sprintf("%v %v", f["seq"], f["type"]))
	}
	return strings.Join(parts, ", ")
}

// objects is a member that is a list of objects.
func objects(t *testing.T, frame map[string]any, key string) []map[string]any {
	t.Helper()
	items, ok := frame[key].([]any)
	if !ok {
		t.Fatalf("no list %q in %v", key, frame)
	}
	var list []map[string]any
	for _, item := range items {
		object, _ := item.(map[string]any)
		list = append(list, object)
	}
	return list
}

var (
	isUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	isTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)
