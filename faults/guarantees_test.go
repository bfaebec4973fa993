package faults

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest is how docs/guarantees.md names a test: its folder and its name.
var namedTest = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z]+_[A-Za-z]+)`")

func TestGuarantees_NameTestsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/guarantees.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := make(map[string]string) // by folder
	named := namedTest.FindAllStringSubmatch(string(text), -1)
	if len(named) < 20 {
		t.Fatalf("only %d tests are named", len(named))
	}
	for _, name := range named {
		folder, test := name[1], name[2]
		if _, read := sources[folder]; !read {
			sources[folder] = testSource(t, filepath.Join("..", folder))
		}
		if !strings.Contains(sources[folder], "\nfunc "+test+"(t *testing.T)") {
			t.Errorf("there is no %s in %s", test, folder)
		}
	}
	// Every promise names at least one.
	for promise := range strings.SplitSeq(string(text), "\n**") {
		if promise[0] >= '1' && promise[0] <= '9' && !namedTest.MatchString(promise) {
			t.Errorf("this promise names no test: %.60s", promise)
		}
	}
}

// testSource is the text of all tests in a folder.
func testSource(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(source)
	}
	return all.String()
}
