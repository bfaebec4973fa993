package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

func iceServers(t *testing.T, ice api.ICE) map[string]any {
	t.Helper()
	a := api.New(api.Options{
		ICE: ice,
		Identify: func(*http.Request) (chat.Identity, error) {
			return chat.Identity{Project: chat.DefaultProject, User: "ada"}, nil
		},
		Now: func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) },
	})
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/ice-servers", nil))
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// The password was made with openssl: printf %s NAME | openssl dgst -sha1
// -hmac north -binary | base64. It is what coturn makes of the same.
func TestICE_CredentialsAreGoodForATime(t *testing.T) {
	t.Parallel()
	got := iceServers(t, api.ICE{
		STUN: []string{"stun:a.example:3478", "stun:b.example"}, TURN: []string{"turn:a.example?transport=udp"},
		Secret: "north", TTL: time.Hour,
	})
	want := map[string]any{
		"iceServers": []any{
			map[string]any{"urls": []any{"stun:a.example:3478", "stun:b.example"}},
			map[string]any{
				"urls": []any{"turn:a.example?transport=udp"}, "username": "1769864400:ada", "credential": "uRYrj7efh9AbX7SKZWmEj1mRaCk=",
			},
		},
		"expiresAt": "2026-01-31T13:00:00.000Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestICE_WithoutServersIsAnEmptyList(t *testing.T) {
	t.Parallel()
	got := iceServers(t, api.ICE{})
	if diff := cmp.Diff([]any{}, got["iceServers"]); diff != "" {
		t.Error(diff)
	}
}
