// Package parley_test holds the rules that keep the tree's shape.
package parley_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/parley-chat/parley"

// rule says what of this module a folder's packages may import, and why no more.
type rule struct {
	folder  string // and what is below it; the longest that fits counts
	may     []string
	why     string
	stdOnly bool // nothing from other modules
}

var rules = []rule{
	{
		folder: "chat", may: []string{"internal/planted"}, stdOnly: true,
		why: "the domain is what everything else is about: it knows no wire, store or library (the planted bugs are constants in any real build)",
	},
	{
		folder: "wire/frame", may: []string{"chat"},
		why: "the scanner is below all dialects",
	},
	{
		folder: "wire/wiretest", may: []string{"chat", "wire", "wire/frame"},
		why: "the contract of dialects names none of them",
	},
	{
		folder: "wire", may: []string{"chat", "wire", "wire/frame"},
		why: "a dialect turns bytes into chat's values: it knows no transport, and no other dialect",
	},
	{
		folder: "transport/gate", may: nil,
		why: "it counts, whatever goes in and out",
	},
	{
		folder: "transport/socketio", may: []string{"chat", "wire", "wire/socketio", "transport/socketio"},
		why: "packets are the envelope of every namespace, whose codecs the transport is given; it rides on whatever carries messages",
	},
	{
		folder: "transport/engineio/suite", may: []string{"wire", "transport/engineio", "transport/socketio", "transport/socketio/echo", "transport/ws"},
		why: "a program wires up what the official suites are run against",
	},
	{
		folder: "transport", may: []string{"chat", "wire", "transport/gate", "internal/kernel"},
		why: "a transport holds a codec and names no dialect; who asks comes in as a function",
	},
	{
		folder: "store/storetest", may: []string{"chat"},
		why: "the contract of stores names none of them",
	},
	{
		folder: "reserve", may: []string{"chat"},
		why: "how much of a disk is left free, and what is said when it is, stands in one place, below all that write to it",
	},
	{
		folder: "store/journal", may: nil,
		why: "it keeps records, of whatever",
	},
	{
		folder: "store", may: []string{"chat", "internal/planted", "internal/kernel", "internal/pacing", "reserve", "store/journal"},
		why: "a store is a plug: it fits chat's socket and knows nothing else",
	},
	{
		folder: "bus", may: []string{"chat"},
		why: "a bus is a plug, as a store is",
	},
	{
		folder: "dial", may: nil, stdOnly: true,
		why: "which addresses this server may connect to is decided in one place, by the standard library alone",
	},
	{
		folder: "push", may: []string{"chat", "dial"},
		why: "a service tells people of messages; what a text is and who may read come in as functions",
	},
	{
		folder: "preview", may: []string{"chat"},
		why: "a service says what strangers' pages are about; how they are asked, and how images are drawn, comes in as functions",
	},
	{
		folder: "auth", may: []string{"chat"},
		why: "a service says who is asking; how it was asked is an edge's business",
	},
	{
		folder: "upload/blobtest", may: []string{"chat", "upload"},
		why: "the contract of where contents are kept names no place",
	},
	{
		folder: "upload", may: []string{"chat", "upload"},
		why: "a service keeps files; where their contents are is a plug",
	},
	{
		folder: "search", may: []string{"chat", "internal/pacing", "reserve"},
		why: "a service follows the log as anybody could: what may be read, and what a body says, comes in as functions",
	},
	{
		folder: "api", may: []string{"chat", "wire", "wire/frame", "upload", "push", "search", "preview"},
		why: "an edge, as transports are: credentials come in as functions",
	},
	{
		folder: "web", may: nil,
		why: "the page talks to the server over the wire, as any client",
	},
	{
		folder: "client", may: []string{"chat"},
		why: "a client in a program of somebody else's must not bring the server along; the dictionary has no dependencies",
	},
	{
		folder: "examples", may: []string{"client", "chat"},
		why: "an example is what anybody could write: it has the client, and nothing of the server",
	},
	{
		folder: "bench", may: []string{"bench", "internal/freeport"},
		why: "the generator measures from outside, over the wire",
	},
	{
		folder: "internal", may: []string{"chat", "internal"},
		why: "what tests share is below what they test",
	},
	{
		folder: "faults", may: []string{"*"},
		why: "whole servers are broken there",
	},
	{
		folder: "cmd/parley", may: []string{"*"},
		why: "somebody has to wire everything up",
	},
}

// clocks are the places that read the machine's clock: a package's Options
// name one, and everything else is given it.
var clocks = []string{"bench", "client", "cmd", "faults", "internal"}

// source is a parsed file that is part of the program.
type source struct {
	path   string // from the root, with slashes
	folder string
	file   *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules" || base == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		slashed := filepath.ToSlash(name)
		list = append(list, source{slashed, path.Dir(slashed), file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("there are no sources: is this the root?")
	}
	return list
}

func within(folder, of string) bool { return folder == of || strings.HasPrefix(folder, of+"/") }

func ruleOf(folder string) (rule, bool) {
	found := -1
	for i, r := range rules {
		if within(folder, r.folder) && (found < 0 || len(r.folder) > len(rules[found].folder)) {
			found = i
		}
	}
	if found < 0 {
		return rule{}, false
	}
	return rules[found], true
}

// permits: a name allows that package alone, but a folder's rule that names
// itself ("bench") allows what is below.
func (r rule) permits(imported string) bool {
	return slices.ContainsFunc(r.may, func(m string) bool {
		return m == "*" || m == imported || m == r.folder && m != "wire" && within(imported, m)
	})
}

func TestImports_PointDown(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		r, ok := ruleOf(s.folder)
		if !ok {
			t.Errorf("%s: no rule says where its folder stands", s.path)
			continue
		}
		for _, spec := range s.file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			inside, ours := strings.CutPrefix(name, module+"/")
			switch {
			case ours && !r.permits(inside):
				t.Errorf("%s imports %s: %s", s.path, inside, r.why)
			case !ours && r.stdOnly && strings.Contains(strings.Split(name, "/")[0], "."):
				t.Errorf("%s imports %s: %s", s.path, name, r.why)
			}
		}
	}
}

func TestRules_StandForFoldersThatAre(t *testing.T) {
	t.Parallel()
	list := sources(t)
	for _, r := range rules {
		if !slices.ContainsFunc(list, func(s source) bool { return within(s.folder, r.folder) }) {
			t.Errorf("the rule of %s stands for nothing", r.folder)
		}
	}
}

// A clock that cannot be given cannot be tested, and a server with two of them
// cannot be reasoned about. `x = time.Now` makes an Options' default; a call
// is a second clock.
func TestClock_IsGiven(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if slices.ContainsFunc(clocks, func(c string) bool { return within(s.folder, c) }) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok {
				if x, ok := f.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, f.Sel.Name) {
					t.Errorf("%s calls time.%s: take the clock from Options", s.path, f.Sel.Name)
				}
			}
			return true
		})
	}
}

// A package is named for what it is: everything is a helper of something.
func TestPackages_HaveNamesThatSaySomething(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, word := range []string{"util", "utils", "common", "helper", "helpers", "base", "models", "types", "misc", "shared"} {
			if path.Base(s.folder) == word || s.file.Name.Name == word || path.Base(s.path) == word+".go" {
				t.Errorf("%s: %q says nothing", s.path, word)
			}
		}
	}
}

func TestPackages_RegisterNothing(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init: what is wired up is wired up in cmd/parley", s.path)
			}
		}
	}
}
