package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed reference.html
var referenceText string

// referenceOf is the page at /docs: the document, for people. It has no script,
// and loads nothing. The groups are in the order of the table.
func referenceOf(doc *huma.OpenAPI, table []operation) []byte {
	view := referenceView{Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description}
	for i := range table {
		op := &table[i].Operation
		if n := len(view.Groups); n == 0 || view.Groups[n-1].Name != op.Tags[0] {
			view.Groups = append(view.Groups, referenceGroup{Name: op.Tags[0], ID: anchor(op.Tags[0])})
		}
		g := &view.Groups[len(view.Groups)-1]
		g.Entries = append(g.Entries, entryOf(doc, op, table[i].needs))
	}
	for _, code := range codes() {
		view.Codes = append(view.Codes, referenceCode{string(code), StatusOf(code)})
	}
	for name, s := range doc.Components.Schemas.Map() {
		view.Types = append(view.Types, referenceType{Name: name, Fields: fieldsOf(s)})
	}
	slices.SortFunc(view.Types, func(a, b referenceType) int { return strings.Compare(a.Name, b.Name) })
	var page bytes.Buffer
	text := template.Must(template.New("reference").Funcs(template.FuncMap{"prose": proseOf}).Parse(referenceText))
	if err := text.Execute(&page, view); err != nil {
		panic(err) // the template and what it is given are both ours: a test renders it
	}
	return page.Bytes()
}

// What the template is given.
type (
	referenceView struct {
		Title, Version, Description string
		Groups                      []referenceGroup
		Codes                       []referenceCode
		Types                       []referenceType
	}
	referenceCode struct {
		Code   string
		Status int
	}
	referenceGroup struct {
		Name, ID string
		Entries  []referenceEntry
	}
	referenceEntry struct {
		ID, Method, Path, Summary, Description, Needs string
		Parameters                                    []referenceField
		Body                                          referenceType
		Answers                                       []referenceAnswer
	}
	referenceAnswer struct {
		Status, Description string
		Type                referenceLink
	}
	referenceType struct {
		Name   string
		Fields []referenceField
	}
	referenceField struct {
		Name, In string
		Type     referenceLink
		Needed   bool
		Doc      string
	}
	// referenceLink names a type: of one that the page describes, Link is set.
	referenceLink struct{ Before, Text, Link string }
)

const codesAnchor = "codes"

func anchor(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// needed says in words whom an operation is for.
func needed(a access) string {
	switch a {
	case somebody:
		return "token"
	case serverKey:
		return "secret key"
	case publishableKey:
		return "publishable key"
	case administrator:
		return "secret key, or token with chat:admin"
	}
	return "token, or none for a public channel"
}

func entryOf(doc *huma.OpenAPI, op *huma.Operation, needs access) referenceEntry {
	e := referenceEntry{
		ID: op.OperationID, Method: op.Method, Path: op.Path,
		Summary: op.Summary, Description: op.Description, Needs: needed(needs),
	}
	for _, p := range op.Parameters {
		e.Parameters = append(e.Parameters, referenceField{Name: p.Name, In: p.In, Type: linkOf(p.Schema), Needed: p.Required, Doc: p.Description})
	}
	if op.RequestBody != nil {
		s := op.RequestBody.Content["application/json"].Schema
		e.Body = referenceType{Name: linkOf(s).Text, Fields: fieldsOf(doc.Components.Schemas.SchemaFromRef(s.Ref))}
	}
	for status, r := range op.Responses {
		if status == "default" {
			continue
		}
		a := referenceAnswer{Status: status, Description: r.Description}
		if media := r.Content["application/json"]; media != nil {
			a.Type = linkOf(media.Schema)
		}
		e.Answers = append(e.Answers, a)
	}
	slices.SortFunc(e.Answers, func(a, b referenceAnswer) int { return strings.Compare(a.Status, b.Status) })
	return e
}

// fieldsOf are a type's members, those that are always there first.
func fieldsOf(s *huma.Schema) []referenceField {
	var list []referenceField
	for name, p := range s.Properties {
		list = append(list, referenceField{
			Name: name, Type: linkOf(p), Doc: p.Description, Needed: slices.Contains(s.Required, name),
		})
	}
	slices.SortFunc(list, func(a, b referenceField) int {
		if a.Needed != b.Needed {
			if a.Needed {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// linkOf is a schema in a few words.
func linkOf(s *huma.Schema) referenceLink {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return referenceLink{Text: name, Link: "type-" + name}
	case s.Type == huma.TypeArray && s.Items != nil:
		item := linkOf(s.Items)
		item.Before = "list of " + item.Before
		return item
	case len(s.Enum) > 0:
		var words []string
		for _, v := range s.Enum {
			if text, ok := v.(string); ok {
				words = append(words, strconv.Quote(text))
			}
		}
		if len(words) > 8 {
			return referenceLink{Text: "one of the codes", Link: codesAnchor}
		}
		return referenceLink{Text: strings.Join(words, " | ")}
	case s.Format == "date-time":
		return referenceLink{Text: "time"}
	case s.Format == "uuid":
		return referenceLink{Text: "UUID"}
	case s.Type == "":
		return referenceLink{Text: "any JSON"}
	}
	return referenceLink{Text: s.Type}
}

// prose is a piece of a text: as it stands, or code.
type prose struct {
	Text string
	Code bool
}

// proseOf takes code out of its backticks.
func proseOf(text string) []prose {
	var pieces []prose
	for i, piece := range strings.Split(text, "`") {
		pieces = append(pieces, prose{piece, i%2 == 1})
	}
	return pieces
}
