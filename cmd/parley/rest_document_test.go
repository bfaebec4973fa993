package main

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/parley-chat/parley/api"
)

// document is what the OpenAPI document says, by method and path. Every answer
// of every test is held against it.
type document struct {
	mux        *http.ServeMux
	operations map[string]*huma.Operation // by the mux's pattern
	types      huma.Registry
}

func newDocument() *document {
	doc := api.New(api.Options{}).Document()
	d := &document{mux: http.NewServeMux(), operations: map[string]*huma.Operation{}, types: doc.Components.Schemas}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPut: item.Put, http.MethodPost: item.Post,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				pattern := method + " " + path
				d.operations[pattern] = op
				d.mux.Handle(pattern, http.NotFoundHandler())
			}
		}
	}
	return d
}

// check holds an answer against what the document says of the operation.
func (d *document) check(t *testing.T, r *http.Request, a answer) {
	t.Helper()
	if d == nil {
		return // a server of a test that is not about REST
	}
	_, pattern := d.mux.Handler(r)
	op := d.operations[pattern]
	if op == nil {
		return
	}
	said, media := op.Responses[strconv.Itoa(a.status)], "application/json"
	if said == nil && a.status >= 400 {
		said, media = op.Responses["default"], "application/problem+json"
	}
	if said == nil {
		t.Errorf("%s: the document knows no %d", pattern, a.status)
		return
	}
	content := said.Content[media]
	if content == nil {
		if a.text != "" {
			t.Errorf("%s: the document knows no body of a %d: %s", pattern, a.status, a.text)
		}
		return
	}
	if a.body == nil {
		t.Errorf("%s: no object: %s", pattern, a.text)
		return
	}
	result := &huma.ValidateResult{}
	huma.Validate(d.types, content.Schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeReadFromServer, a.body, result)
	if len(result.Errors) > 0 {
		var all []string
		for _, err := range result.Errors {
			all = append(all, err.Error())
		}
		t.Errorf("%s: the document says otherwise: %s\n%s", pattern, strings.Join(all, "; "), a.text)
	}
}
