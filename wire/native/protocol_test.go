package native_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/native"
)

// The tests here hold docs/protocol.md to the code, and the code to it.

const protocolPage = "../../docs/protocol.md"

func TestProtocolPage_HasEveryTypeAndNoOther(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	code := readSource(t, "*.go", "../message.go", "../notes.go")
	if diff := cmp.Diff(code.reads, page.types("client")); diff != "" {
		t.Errorf("types from clients (-code +page):\n%s", diff)
	}
	if diff := cmp.Diff(code.writes, page.types("server")); diff != "" {
		t.Errorf("types from the server (-code +page):\n%s", diff)
	}
	described := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^### ([a-z_.]+)$").FindAllStringSubmatch(page.text, -1) {
		described[m[1]] = true
	}
	for _, typ := range append(slices.Clone(code.reads), code.writes...) {
		if !described[typ] {
			t.Errorf("%s has no section of its own", typ)
		}
	}
}

func TestProtocolPage_ExamplesAreWhatIsSpoken(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	for _, frame := range page.frames["client"] {
		list := max(1, strings.Count(frame, `"nonce":`)) // a list has a request for each of its messages
		n := 0
		if err := native.Dialect().New("").Decode([]byte(frame), func(chat.Request) { n++ }); err != nil || n != list {
			t.Errorf("%s: %d requests, %v", frame, n, err)
		}
	}
	code := readSource(t, "*.go", "../message.go", "../notes.go")
	for _, frame := range page.frames["server"] {
		for _, name := range members(t, frame) {
			if !code.literals[name] {
				t.Errorf("nothing writes %q: %s", name, frame)
			}
		}
	}
}

func TestProtocolPage_HasEveryCodeAndWhetherToRetry(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for name := range readSource(t, "../../chat/error.go").codes {
		want[name] = "no"
		if (&chat.Error{Code: chat.Code(name)}).Retryable() {
			want[name] = "yes"
		}
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (yes|no) \\|").FindAllStringSubmatch(readPage(t).text, -1) {
		got[m[1]] = m[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("codes (-code +page):\n%s", diff)
	}
}

// page is the document: its text, and the frames of its examples by who sends them.
type page struct {
	text   string
	frames map[string][]string
}

func readPage(t *testing.T) page {
	t.Helper()
	data, err := os.ReadFile(protocolPage)
	if err != nil {
		t.Fatal(err)
	}
	p := page{text: string(data), frames: map[string][]string{}}
	for _, m := range regexp.MustCompile("(?s)```json (client|server)\n(.*?)\n```").FindAllStringSubmatch(p.text, -1) {
		p.frames[m[1]] = append(p.frames[m[1]], strings.Split(m[2], "\n")...)
	}
	return p
}

// types are those of the examples of one side, in order, each once.
func (p page) types(side string) []string {
	set := map[string]bool{}
	for _, frame := range p.frames[side] {
		var f struct{ Type string }
		if json.Unmarshal([]byte(frame), &f) != nil {
			f.Type = "not JSON: " + frame
		}
		set[f.Type] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// members are all names of a frame but those inside of what clients made up.
func members(t *testing.T, frame string) []string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(frame), &object); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	var names []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				names = append(names, name)
				if name != "body" && name != "meta" && name != "data" && name != "value" {
					walk(e)
				}
			}
		}
	}
	walk(object)
	return names
}

// source is what a few files say: the types that Decode switches on, those
// that frames begin with, the values of chat's codes, and all string literals.
type source struct {
	reads, writes []string
	codes         map[string]bool
	literals      map[string]bool
}

func readSource(t *testing.T, patterns ...string) source {
	t.Helper()
	s := source{codes: map[string]bool{}, literals: map[string]bool{}}
	reads, writes := map[string]bool{}, map[string]bool{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files match %s", pattern)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool { s.visit(n, reads, writes); return true })
		}
	}
	s.reads, s.writes = slices.Sorted(maps.Keys(reads)), slices.Sorted(maps.Keys(writes))
	return s
}

func (s *source) visit(n ast.Node, reads, writes map[string]bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
			s.literals[text] = true
		}
	case *ast.SwitchStmt:
		if tag, ok := n.Tag.(*ast.Ident); ok && tag.Name == "typ" {
			for _, c := range n.Body.List {
				collect(reads, c.(*ast.CaseClause).List...)
			}
		}
	case *ast.CallExpr:
		switch called(n.Fun) {
		case "Begin", "begin", "beginTargeted", "appendReceipt", "appendEvents":
			collect(writes, n.Args[:min(3, len(n.Args))]...)
		}
	case *ast.ValueSpec:
		if typ, ok := n.Type.(*ast.Ident); ok && typ.Name == "Code" {
			collect(s.codes, n.Values...)
		}
	}
}

// called is the name of a function or method.
func called(fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// collect adds those of the expressions that are string literals.
func collect(set map[string]bool, exprs ...ast.Expr) {
	for _, e := range exprs {
		lit, ok := e.(*ast.BasicLit)
		if !ok {
			continue
		}
		if text, err := strconv.Unquote(lit.Value); err == nil {
			set[text] = true
		}
	}
}
