package api

import (
	"github.com/danielgtaylor/huma/v2"
)

// config is the document's frame. It has no browsable docs: those would load
// scripts from elsewhere.
func config(version string) huma.Config {
	c := huma.DefaultConfig("Parley", version)
	c.Info.Description = description
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A user's JWT, or a project's secret key (sk_…), which acts for the user that ?userId= names"},
	}
	return c
}

const description = "Everything that is kept, from your own servers or for one user. " +
	"The server's operator adds `project` to the query of any request to act in that project. " +
	"Bodies are JSON objects; members that an operation does not have are ignored. " +
	"Times are ISO 8601 in UTC, with milliseconds. " +
	"Refusals are application/problem+json: branch on their `code`."

func headerParam(name, doc string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
}

func pathParam(name string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
}

// queryParam describes a parameter of the query, which means the same wherever
// it is taken; `after` of a list is a name, and is called afterName in the table.
func queryParam(name string) *huma.Param {
	text := func(doc string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	number := func(doc string) *huma.Param {
		p := text(doc)
		least := 0.0
		p.Schema = &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least}
		return p
	}
	switch name {
	case "before":
		return number("What lies below this seq; with it alone, the last of it")
	case "after":
		return number("What lies above this seq, the first of it")
	case "since":
		p := text("In place of after: what happened from this time on")
		p.Schema.Format = "date-time"
		return p
	case "limit":
		return number("How many; 50 unless told, more than 1000 is taken for 1000")
	case "afterName":
		p := text("What comes after this name: the `next` of the page before")
		p.Name = "after"
		return p
	case "url":
		p := text("A link, as it stands in a message: http or https, at most 2048 bytes")
		p.Required, p.Schema.Format = true, "uri"
		return p
	case "thread":
		return text("A message's id: answers to it alone")
	case "project":
		return text("For the server's operator: the project that it is about, in place of one's own")
	case "order":
		p := text("name, or activity: the last active first")
		p.Schema.Enum = []any{"name", "activity"}
		return p
	case "ofUser":
		p := text("Of this user alone")
		p.Name = "userId"
		return p
	case "userName":
		return text("With a secret key: the name of the user for whom it acts")
	}
	return text("With a secret key: the user for whom it acts")
}
