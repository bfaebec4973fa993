package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
)

// alone are the keys of a server with one project.
type alone struct{ keys }

type keys interface{ api.Keys }

func (alone) Governs(_ *chat.Identity, project string) (string, error) {
	return "", chat.E(chat.CodeNotFound, "there is no project %q", project)
}

// FuzzAPI asks for anything in any way, as somebody who may do everything.
// Whatever it is, it is no fault of the server's, and the answer is JSON.
func FuzzAPI(f *testing.F) {
	store, err := pebble.Open(f.Context(), f.TempDir(), pebble.Options{})
	if err != nil {
		f.Fatal(err)
	}
	hub := chat.NewHub(chat.Options{Store: store})
	f.Cleanup(func() {
		hub.Close()
		if err := store.Close(); err != nil {
			f.Error(err)
		}
	})
	a := api.New(api.Options{Hub: hub, Keys: alone{}, Identify: func(*http.Request) (chat.Identity, error) {
		return chat.Identity{Project: "default", User: "ada", Server: true}, nil
	}})
	var table []string
	for path, item := range a.Document().Paths {
		if strings.HasPrefix(path, "/auth/") || strings.HasPrefix(path, "/v1/server") || item.Post != nil && item.Post.Tags[0] == "Tokens and keys" ||
			item.Get != nil && item.Get.Tags[0] == "Tokens and keys" || item.Delete != nil && item.Delete.Tags[0] == "Tokens and keys" {
			continue // a service of its own answers those
		}
		table = append(table, path)
	}
	slices.Sort(table)
	methods := []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete}
	for i := range table {
		for m := range methods {
			f.Add(uint8(i), uint8(m), "general", "x", "limit=2&after=1", `"1"`, `{"text":"x","messages":[{"text":"x"}],"value":1,"add":1,"role":"member","read":1,"type":"t"}`)
		}
	}
	f.Add(uint8(0), uint8(0), "general", "x", "project=other", "", "")
	f.Add(uint8(0), uint8(0), "dm:a:b", "..", "limit=%zz&before=0&thread=%00", "*", `{"messages":[[]],"meta":null,"ttl":1e9}`)
	f.Fuzz(func(t *testing.T, place, method uint8, channel, name, query, condition, body string) {
		path := strings.NewReplacer("{channel}", url.PathEscape(channel), "{id}", url.PathEscape(name), "{name}", url.PathEscape(name),
			"{user}", url.PathEscape(name), "{key}", url.PathEscape(name), "{other}", url.PathEscape(channel), "{session}", url.PathEscape(name)).
			Replace(table[int(place)%len(table)])
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		u.RawQuery = query
		r := httptest.NewRequestWithContext(t.Context(), methods[int(method)%len(methods)], "/", strings.NewReader(body))
		r.URL = u
		r.Header.Set("If-Match", condition)
		r.Header.Set("Idempotency-Key", name)
		if r.Method == http.MethodGet {
			r.Header.Set("If-None-Match", condition)
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		}
		if w.Body.Len() > 0 && strings.HasSuffix(w.Header().Get("Content-Type"), "json") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %d, and no JSON: %q", r.Method, r.URL, w.Code, w.Body)
		}
	})
}
