package native_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// The tests here hold docs/asyncapi.yaml to the code, and the code to it.

const asyncAPI = "../../docs/asyncapi.yaml"

func TestAsyncAPI_HasEveryTypeAndNoOther(t *testing.T) {
	t.Parallel()
	code := readSource(t, "*.go", "../message.go", "../notes.go")
	doc := readAsyncAPI(t)
	if diff := cmp.Diff(code.reads, doc.types("client")); diff != "" {
		t.Errorf("types from clients (-code +document):\n%s", diff)
	}
	if diff := cmp.Diff(code.writes, doc.types("server")); diff != "" {
		t.Errorf("types from the server (-code +document):\n%s", diff)
	}
	codes := readSource(t, "../../chat/error.go").codes
	var listed struct {
		AnyOf []struct{ Enum []string }
	}
	doc.read(t, doc.at("components", "schemas", "code"), &listed)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(codes)), slices.Sorted(slices.Values(listed.AnyOf[0].Enum))); diff != "" {
		t.Errorf("codes (-code +document):\n%s", diff)
	}
}

// An operation is what a client may send and what it may get for it; what the
// server sends unasked is one more.
func TestAsyncAPI_OperationsAreWholeAndSound(t *testing.T) {
	t.Parallel()
	doc := readAsyncAPI(t)
	type ref struct {
		To string `json:"$ref"`
	}
	var operations map[string]struct {
		Action   string
		Messages []ref
		Reply    struct{ Messages []ref }
	}
	doc.read(t, doc.at("operations"), &operations)
	var channel map[string]ref
	doc.read(t, doc.at("channels", "socket", "messages"), &channel)
	used := map[string]bool{}
	for name, o := range operations {
		for _, m := range append(slices.Clone(o.Messages), o.Reply.Messages...) {
			message := strings.TrimPrefix(m.To, "#/channels/socket/messages/")
			if channel[message].To != "#/components/messages/"+message {
				t.Errorf("%s: %s is no message of the channel", name, m.To)
			}
			used[message] = true
		}
		if o.Action == "receive" && (len(o.Messages) != 1 || o.Messages[0].To != "#/channels/socket/messages/client."+name) {
			t.Errorf("%s has the messages %v", name, o.Messages)
		}
	}
	all := doc.at("components", "messages").(map[string]any)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(used))); diff != "" {
		t.Errorf("messages (-components +operations):\n%s", diff)
	}
}

// Frames from clients that Decode refuses as invalid are refused by the
// document, too; members that it does not describe are none that clients get.
func TestAsyncAPI_EveryFrameOfTheTranscriptsIsAsItSays(t *testing.T) {
	t.Parallel()
	doc := readAsyncAPI(t)
	open, closed := doc.compile(t, false), doc.compile(t, true)
	seen := map[string]bool{}
	for _, f := range transcripts(t) {
		message := f.side + "." + f.typ
		seen[message] = true
		schemas := open
		if f.side == "server" {
			schemas = closed
		}
		schema := schemas[message]
		switch {
		case schema == nil && f.refused == "":
			t.Errorf("%s is not in the document: %s", message, f.text)
		case schema == nil || f.refused != "" && f.refused != "invalid":
		default:
			if err := schema.Validate(f.value(t)); (err == nil) != (f.refused == "") {
				t.Errorf("%s (refused: %q)\n%s\n%v", f.text, f.refused, message, err)
			}
		}
	}
	for message := range closed {
		if !seen[message] {
			t.Errorf("%s is in no transcript", message)
		}
	}
}

// The page's examples are frames as well.
func TestAsyncAPI_EveryExampleOfThePageIsAsItSays(t *testing.T) {
	t.Parallel()
	closed := readAsyncAPI(t).compile(t, true)
	for side, frames := range readPage(t).frames {
		for _, text := range frames {
			f := frame{side: side, text: text}
			f.read(t)
			if schema := closed[side+"."+f.typ]; schema == nil {
				t.Errorf("%s is not in the document: %s", f.typ, text)
			} else if err := schema.Validate(f.value(t)); err != nil {
				t.Errorf("%s\n%v", text, err)
			}
		}
	}
}

// frame is one of a transcript; refused is the code with which it was.
type frame struct{ side, typ, text, refused string }

func (f *frame) read(t *testing.T) {
	t.Helper()
	var envelope struct{ Type any }
	if json.Unmarshal([]byte(f.text), &envelope) == nil {
		f.typ, _ = envelope.Type.(string)
	}
}

func (f *frame) value(t *testing.T) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(f.text))
	if err != nil {
		t.Fatalf("%s: %v", f.text, err)
	}
	return v
}

func transcripts(t *testing.T) []frame {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no transcripts")
	}
	var frames []frame
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			mark, rest, _ := strings.Cut(lines.Text(), " ")
			switch mark {
			case ">":
				frames = append(frames, frame{side: "client", text: rest})
			case "<":
				frames = append(frames, frame{side: "server", text: rest})
			case "!":
				frames[len(frames)-1].refused = rest
			}
		}
	}
	for i := range frames {
		frames[i].read(t)
	}
	return frames
}

// document is an AsyncAPI document, as JSON has it.
type document map[string]any

func readAsyncAPI(t *testing.T) document {
	t.Helper()
	data, err := os.ReadFile(asyncAPI)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func (d document) at(path ...string) any {
	var v any = map[string]any(d)
	for _, name := range path {
		v = v.(map[string]any)[name]
	}
	return v
}

// read is v as a Go value.
func (d document) read(t *testing.T, v, into any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// types are those of the messages of one side, in order.
func (d document) types(side string) []string {
	var list []string
	for message, v := range d.at("components", "messages").(map[string]any) {
		if typ, ok := strings.CutPrefix(message, side+"."); ok {
			list = append(list, typ)
			if name := v.(map[string]any)["name"]; name != typ {
				list = append(list, message+" has another name")
			}
		}
	}
	slices.Sort(list)
	return list
}

// compile makes a schema of each message's payload; where they are closed,
// an object may have no member that is not described.
func (d document) compile(t *testing.T, closed bool) map[string]*jsonschema.Schema {
	t.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if closed {
		closeObjects(resource)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	if err := c.AddResource("asyncapi.json", resource); err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	for message := range d.at("components", "messages").(map[string]any) {
		s, err := c.Compile("asyncapi.json#/components/messages/" + message + "/payload")
		if err != nil {
			t.Fatal(err)
		}
		schemas[message] = s
	}
	return schemas
}

func closeObjects(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			closeObjects(e)
		}
	case map[string]any:
		for _, e := range v {
			closeObjects(e)
		}
		if v["type"] == "object" && v["properties"] != nil {
			v["additionalProperties"] = false
		}
	}
}
