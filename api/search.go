package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/wire"
)

// FoundMessage is a message that a search has found.
type FoundMessage struct {
	Message    Message     `json:"message"`
	Highlights []Highlight `json:"highlights" nullable:"false" doc:"What was looked for in the message's text, in order; none where only its sender, channel, file or day was"`
}

// Highlight is a part of a text.
type Highlight struct {
	From uint64 `json:"from" doc:"In UTF-16 code units, as JavaScript counts"`
	To   uint64 `json:"to" doc:"Behind its end"`
}

// FoundPage is a page of them, the newest first.
type FoundPage struct {
	Messages []FoundMessage `json:"messages" nullable:"false"`
	Next     string         `json:"next,omitempty" doc:"There are more: ask with it as before"`
	Indexing bool           `json:"indexing,omitempty" doc:"The index is being made: old messages may be missing"`
}

func (a *API) searchRows(d describer) []operation {
	return under(
		"Search",
		d.row("search-messages", http.MethodGet, "/v1/search", somebody, a.search,
			"Find messages that one may read, the newest first", answer[FoundPage](http.StatusOK),
			searched(), query("userId"),
			about("All words of `q` must be in a message, or in the names of its files; the last may be the beginning of one. "+
				"`\"words in this order\"`, `from:USER`, `in:CHANNEL`, `has:file`, `has:link`, `before:2026-01-31`, `after:2026-01-31`. "+
				"A message is found within a second of its acknowledgement. `too_many`: the query looks at too many messages; `not_found`: this server has no search.")),
	)
}

// searched takes what a search asks for.
func searched() detail {
	return func(_ describer, op *operation) {
		text, list := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}}
		least := 1.0
		count := &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least}
		op.Parameters = append(op.Parameters,
			&huma.Param{Name: "q", In: "query", Required: true, Description: "What is looked for; at most 512 bytes", Schema: text},
			&huma.Param{Name: "channel", In: "query", Description: "In this channel alone; repeatable, up to 50", Schema: list},
			&huma.Param{Name: "before", In: "query", Description: "What a page gave as `next`", Schema: text},
			&huma.Param{Name: "limit", In: "query", Description: "How many; 20 unless told, more than 100 is taken for 100", Schema: count},
		)
	}
}

func (a *API) search(c *call) error {
	if a.options.Search == nil {
		return chat.E(chat.CodeNotFound, "this server has no search")
	}
	limit := search.DefaultLimit
	if c.query.Has("limit") {
		limit = c.limit()
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	found, err := a.options.Search.Find(c.ctx, &c.id, search.Ask{
		Query: c.query.Get("q"), Channels: c.query["channel"], Before: c.query.Get("before"), Limit: limit,
	})
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("messages")
	for _, hit := range found.Hits {
		a.hit(c, hit)
	}
	c.out.End()
	c.out.Maybe("next", found.Next)
	c.out.Flag("indexing", found.Indexing)
	c.out.Close()
	return nil
}

func (a *API) hit(c *call, hit search.Hit) {
	c.out.Open()
	w := a.pool.Writer()
	wire.AppendEvent(w, &a.pool, hit.Message, false)
	a.pool.Emit(w, func(message []byte) { c.out.Raw("message", message) })
	c.out.Array("highlights")
	for _, at := range hit.Highlights {
		c.out.Open()
		c.out.Uint("from", uint64(at.From))
		c.out.Uint("to", uint64(at.To))
		c.out.Close()
	}
	c.out.End()
	c.out.Close()
}
