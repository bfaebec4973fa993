package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/web"
)

const committed = "../docs/openapi.json"

// The committed document is what clients are made from and what reviews see
// of a change. PARLEY_UPDATE=1 writes it anew.
func TestDocument_IsTheCommittedOne(t *testing.T) {
	t.Parallel()
	now, err := json.MarshalIndent(api.New(api.Options{Version: "1"}).Document(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	now = append(now, '\n')
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(committed, now, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(now)); diff != "" {
		t.Errorf("docs/openapi.json is not what the code says; PARLEY_UPDATE=1 go test ./api writes it:\n%s", diff)
	}
}

func TestDocument_SaysOfEachOperationWhatItNeedsAndGives(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for path, item := range api.New(api.Options{}).Document().Paths {
		for method, op := range map[string]any{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete} {
			data, err := json.Marshal(op)
			if err != nil {
				t.Fatal(err)
			}
			if string(data) == "null" {
				continue
			}
			var o struct {
				ID        string `json:"operationId"`
				Summary   string
				Tags      []string
				Responses map[string]any
			}
			if err := json.Unmarshal(data, &o); err != nil {
				t.Fatal(err)
			}
			if seen[o.ID] || o.Summary == "" || len(o.Tags) != 1 || len(o.Responses) < 2 || o.Responses["default"] == nil {
				t.Errorf("%s %s: %s", method, path, data)
			}
			seen[o.ID] = true
		}
	}
	if len(seen) < 45 {
		t.Errorf("only %d operations", len(seen))
	}
}

func TestReference_ShowsEveryOperationAndLoadsNothing(t *testing.T) {
	t.Parallel()
	a := api.New(api.Options{Version: "v1.2.3", Page: web.Page})
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/docs", nil))
	page := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	for path, item := range a.Document().Paths {
		if !strings.Contains(page, ">"+path+"<") {
			t.Errorf("%s is not shown", path)
		}
		if item.Get != nil && !strings.Contains(page, `id="`+item.Get.OperationID+`"`) {
			t.Errorf("%s is not shown", item.Get.OperationID)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy is %s", policy)
	}
	if found := regexp.MustCompile(`(?i)<script|<link[^>]+href="?https?:|src=|url\(|style=|@import`).FindString(page); found != "" {
		t.Errorf("the page holds %s", found)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("a link to #%s leads nowhere", m[1])
		}
	}
	again := httptest.NewRequest(http.MethodGet, "/docs", nil)
	again.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	if a.ServeHTTP(w, again); w.Code != http.StatusNotModified {
		t.Errorf("asked again with its ETag: %d", w.Code)
	}
}
