package main

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// peer is a plain client of one dialect, and of one user.
type peer struct {
	*socket
	user string
}

// peer connects to a door for threads under --dev, and says who is there.
func (b *bundle) peer(t *testing.T, path, user string) *peer {
	t.Helper()
	p := &peer{b.dial(t, path, nil), user}
	p.sends(`{"type":"user_connected","userId":%q}`, user)
	p.expect("user_connected", "userId", user)
	return p
}

func (p *peer) sends(format string, args ...any) {
	p.t.Helper()
	p.send(fmt.Sprintf(format, args...))
}

// next is the next frame, and its text.
func (s *socket) next() (map[string]any, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	_, data, err := s.ws.Read(ctx)
	if err != nil {
		s.t.Fatalf("waiting for a frame: %v", err)
	}
	var frame map[string]any
	if err := json.Unmarshal(data, &frame); err != nil {
		s.t.Fatal(err)
	}
	return frame, string(data)
}

// raw is the next frame of the type, as it came.
func (p *peer) raw(typ string) string {
	p.t.Helper()
	for {
		if frame, text := p.next(); frame["type"] == typ {
			return text
		}
	}
}

// upTo reads frames up to one of the type whose member has the value, and
// returns that and those before it.
func (s *socket) upTo(typ, member string, value any) (frame map[string]any, before []map[string]any) {
	s.t.Helper()
	for {
		frame, text := s.next()
		switch {
		case frame["type"] == typ && (member == "" || frame[member] == value):
			return frame, before
		case frame["type"] == "error":
			s.t.Fatalf("waiting for %s with %s %v: %s", typ, member, value, text)
		}
		before = append(before, frame)
	}
}

func (s *socket) expect(typ, member string, value any) map[string]any {
	s.t.Helper()
	frame, _ := s.upTo(typ, member, value)
	return frame
}

// fence has the server answer with an error, and returns what came before it.
func (s *socket) fence() []map[string]any {
	s.t.Helper()
	s.send(`{"type":"no such thing"}`)
	var before []map[string]any
	for {
		frame, text := s.next()
		switch {
		case frame["type"] != "error":
			before = append(before, frame)
		case frame["code"] != "unknown_type":
			s.t.Fatalf("in place of the fence: %s", text)
		default:
			return before
		}
	}
}

// none fails if one of the frames is of the type.
func none(t *testing.T, frames []map[string]any, typ string) {
	t.Helper()
	for _, f := range frames {
		if f["type"] == typ {
			t.Errorf("%v should not be there", f)
		}
	}
}

// shown is the next frame, which must be the pattern.
func (s *socket) shown(pattern string, args ...any) {
	s.t.Helper()
	frame, _ := s.next()
	shows(s.t, frame, pattern, args...)
}

// shows fails unless the frame has exactly the pattern's members: "#" stands
// for any number there, "*" for any string that says something.
func shows(t *testing.T, frame map[string]any, pattern string, args ...any) {
	t.Helper()
	pattern = fmt.Sprintf(pattern, args...)
	var want map[string]any
	if err := json.Unmarshal([]byte(pattern), &want); err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	if !alike(frame, want) {
		t.Errorf("told %v, want %s", frame, pattern)
	}
}

func alike(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for name, v := range want {
			if member, there := object[name]; !there || !alike(member, v) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !alike(list[i], want[i]) {
				return false
			}
		}
		return true
	case string:
		text, isText := got.(string)
		_, isNumber := got.(float64)
		return want == "#" && isNumber || isText && (want == text || want == "*" && text != "")
	}
	return got == want
}
