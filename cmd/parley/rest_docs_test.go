package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// The examples of docs/rest.md are sent, in their order, to one server.
func TestREST_AnswersAsItsDocumentSays(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	text, err := os.ReadFile("../../docs/rest.md")
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, block := range strings.Split(string(text), "```rest\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		var method, path, body string
		var header []string
		for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if want, ok := strings.CutPrefix(line, "→ "); ok {
				status, part, _ := strings.Cut(want, " ")
				got := b.ask(t, key, method, path, body, header...)
				if strconv.Itoa(got.status) != status || !strings.Contains(got.text, part) {
					t.Errorf("%s %s: %d %s, want %s", method, path, got.status, got.text, want)
				}
				method, path, body, header = "", "", "", nil
				sent++
				continue
			}
			switch name, value, isHeader := strings.Cut(line, ": "); {
			case method == "":
				method, path, _ = strings.Cut(line, " ")
			case strings.HasPrefix(line, "{"):
				body = line
			case isHeader:
				header = append(header, name, value)
			default:
				t.Fatalf("what is %q?", line)
			}
		}
	}
	if sent < 10 {
		t.Errorf("only %d examples", sent)
	}
}
