package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestPprof_IsForProgramsOnThisMachine(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Pprof = "127.0.0.1:0" })
	b.visit(t, "GET", "/debug/pprof/heap", nil).want(t, 404, "not_found") // not at the doors
	addr := b.asides.addrs[0]
	get := func(path string, change func(*http.Request)) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, string(text)
	}
	plainly := func(*http.Request) {}
	if status, text := get("/debug/pprof/goroutine?debug=1", plainly); status != 200 || !strings.Contains(text, "goroutine profile") {
		t.Errorf("goroutines: %d %.100s", status, text)
	}
	if status, _ := get("/debug/pprof/cmdline", plainly); status != 404 {
		t.Errorf("the command line, which may hold secrets: %d", status)
	}
	for what, change := range map[string]func(*http.Request){
		"another host": func(r *http.Request) { r.Host = "evil.example" },
		"a page":       func(r *http.Request) { r.Header.Set("Origin", "http://localhost:3000") },
		"an image":     func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		if status, _ := get("/debug/pprof/heap", change); status != 403 {
			t.Errorf("%s: %d", what, status)
		}
	}
}

func TestPprof_IsRefusedOnOtherAddresses(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":6060", "10.0.0.1:6060", "[::]:0", "nonsense", net.JoinHostPort("parley.example", "1")} {
		if err := checkPprof(addr); err == nil {
			t.Errorf("%s is taken", addr)
		}
	}
	for _, addr := range []string{"", "127.0.0.1:6060", "[::1]:0", "localhost:1"} {
		if err := checkPprof(addr); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
