package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// socketDoors are the paths at which the table of doors takes a WebSocket of who
// comes with the query.
func (b *bundle) socketDoors(t *testing.T, query string) (paths []string) {
	t.Helper()
	for _, d := range b.table {
		path := strings.TrimSuffix(d.pattern, "{$}")
		if !strings.HasPrefix(path, "/") || slices.Contains(paths, path) {
			continue
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path+"?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range upgrade(nil) {
			r.Header.Set(name, value)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusSwitchingProtocols {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		t.Fatal("no door takes a WebSocket")
	}
	return paths
}

// Refused frames are answered at every WebSocket door, and nothing else happens.
func TestB7_EveryRefusedFrameIsAnsweredAndTheConnectionLivesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	taken := map[string]struct{ frame, answer string }{
		"/":        {`{"type":"user_connected","userId":"ada"}`, "user_connected"},
		"/threads": {`{"type":"user_connected","userId":"ada"}`, "user_connected"},
		"/rooms":   {`{"type":"join","userId":"ada","username":"Ada"}`, "room_state"},
		"/chat":    {`{"type":"subscribe","conversationId":"c"}`, "subscribed"},
		"/v1/ws":   {`{"type":"ping","ref":1}`, "pong"},
	}
	doors := b.socketDoors(t, "userId=visitor")
	if len(doors) != len(taken) {
		t.Errorf("frames are known for %d doors of %v", len(taken), doors)
	}
	for _, door := range doors {
		good := taken[door]
		s := b.dial(t, door+"?userId=ada", nil)
		deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
		for bad, code := range map[string]string{
			`nonsense`: "malformed", `[]`: "malformed", `{"type":5}`: "malformed", `{"typ":"x"}`: "malformed",
			`{"type":"x","type":"y"}`: "malformed", `{"type":"x","a":` + deep + `}`: "malformed", `{"type":"no such thing"}`: "unknown_type",
			`{"type":"x","a":"` + strings.Repeat("x", 100_000) + `"}`: "unknown_type",
		} {
			s.send(bad)
			frame, text := s.next()
			for frame["type"] == "connected" {
				frame, text = s.next()
			}
			if note, _ := frame["message"].(string); frame["type"] != "error" || frame["code"] != code || note == "" {
				t.Errorf("%s: %.40s is answered by %s", door, bad, text)
			}
		}
		if err := s.ws.Write(t.Context(), websocket.MessageBinary, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		if frame, text := s.next(); frame["type"] != "error" {
			t.Errorf("%s: a binary frame is answered by %s", door, text)
		}
		s.send(good.frame)
		s.until(good.answer)
	}
}
