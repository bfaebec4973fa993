package main

import (
	"os"
	"strings"
	"testing"
)

// docs/doors.md has a first message for each door; e2e/doors.test.mjs pastes
// them.
func TestDoors_EachIsInTheirPage(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	text, err := os.ReadFile("../../docs/doors.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range b.table {
		if strings.HasPrefix(d.pattern, "GET ") { // for who operates the server
			continue
		}
		path := strings.TrimSuffix(d.pattern, "{$}")
		if d.pattern == "/" {
			path = "/v1/…" // what else there is, is REST
		}
		if path == "/files/" {
			path = "/files/…"
		}
		if !strings.Contains(string(text), "`"+path+"`") {
			t.Errorf("%s: a door that the page does not have", d.pattern)
		}
	}
}
