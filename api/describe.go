package api

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// describer makes rows, and registers the types that they name.
type describer struct{ types huma.Registry }

// detail adds to what the document says of an operation.
type detail func(d describer, op *operation)

func (d describer) row(id, method, path string, needs access, handle func(*call) error, summary string, details ...detail) operation {
	op := operation{needs: needs, handle: handle}
	op.OperationID, op.Method, op.Path, op.Summary = id, method, path, summary
	op.DefaultStatus = http.StatusNoContent
	op.Responses = map[string]*huma.Response{
		"default": {
			Description: "A refusal",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: d.schema(reflect.TypeFor[Problem]())}},
		},
	}
	if needs != anybody {
		op.Security = []map[string][]string{{"token": {}}}
	}
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			op.Parameters = append(op.Parameters, pathParam(strings.TrimSuffix(name, "}")))
		}
	}
	for _, add := range details {
		add(d, &op)
	}
	if op.DefaultStatus == http.StatusNoContent {
		op.Responses["204"] = &huma.Response{Description: http.StatusText(http.StatusNoContent)}
	}
	return op
}

// under groups rows in the document.
func under(tag string, rows ...operation) []operation {
	for i := range rows {
		rows[i].Tags = []string{tag}
	}
	return rows
}

func (d describer) schema(t reflect.Type) *huma.Schema {
	return d.types.Schema(t, true, t.Name())
}

func body[T any]() detail {
	return func(d describer, op *operation) {
		op.takes = membersOf(reflect.TypeFor[T]())
		op.RequestBody = &huma.RequestBody{
			Required: true,
			Content:  map[string]*huma.MediaType{"application/json": {Schema: d.schema(reflect.TypeFor[T]())}},
		}
	}
}

func answer[T any](status int) detail {
	return func(d describer, op *operation) {
		op.DefaultStatus = status
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: d.schema(reflect.TypeFor[T]())}},
		}
	}
}

// orNothing says that the answer may be none.
func orNothing() detail {
	return func(_ describer, op *operation) {
		op.Responses["204"] = &huma.Response{Description: "There is nothing"}
	}
}

func query(names ...string) detail {
	return func(_ describer, op *operation) {
		for _, name := range names {
			op.Parameters = append(op.Parameters, queryParam(name))
		}
	}
}

// about says more than the summary.
func about(text string) detail {
	return func(_ describer, op *operation) { op.Description = text }
}

// tagged has answers carry an ETag; a GET is answered with 304 to who has it.
func tagged() detail {
	return func(_ describer, op *operation) {
		op.tagged = true
		status := strconv.Itoa(op.DefaultStatus)
		op.Responses[status].Headers = map[string]*huma.Param{
			"ETag": {Description: "Changes with the answer", Schema: &huma.Schema{Type: huma.TypeString}},
		}
		if op.Method == http.MethodGet {
			op.Parameters = append(op.Parameters, headerParam("If-None-Match", "The ETag of an answer that you have: 304 if it is still this one"))
			op.Responses["304"] = &huma.Response{Description: "You have it"}
		}
	}
}

// conditional takes the version that is to be there before the change.
func conditional() detail {
	return func(_ describer, op *operation) {
		op.conditional = true
		op.Parameters = append(
			op.Parameters,
			headerParam("If-Match", "Only if the key still has this ETag; else 412 version_conflict"),
			headerParam("If-None-Match", "*: only if there is no such key; else 412 version_conflict"),
		)
	}
}

// nonced takes Idempotency-Key.
func nonced() detail {
	return func(_ describer, op *operation) {
		op.Parameters = append(op.Parameters, headerParam("Idempotency-Key",
			"Your own key for this change, at most 128 bytes: the same request with the same key is done once. It is the nonce under another name"))
	}
}

// batch takes a list of bodies.
func batch() detail {
	return func(_ describer, op *operation) { op.batch = true }
}

// optional takes no body, too.
func optional() detail {
	return func(_ describer, op *operation) { op.RequestBody.Required = false }
}
