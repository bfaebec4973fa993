package api

import (
	"encoding/json"
	"reflect"
	"strconv"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// postMessages posts a list. What is wrong with one of them is told in its
// place; what is wrong with the list refuses all.
func (a *API) postMessages(c *call) error {
	c.in.need("messages")
	c.needSender()
	var list []json.RawMessage
	if c.in.Err == nil && json.Unmarshal(c.in.get("messages"), &list) != nil {
		c.in.invalid("messages must be a list")
	}
	switch {
	case c.in.Err != nil:
		return c.in.Err
	case len(list) == 0:
		return chat.E(chat.CodeInvalid, "messages is empty")
	case len(list) > chat.MaxBatch:
		return chat.E(chat.CodeInvalid, "at most %d messages at a time", chat.MaxBatch)
	}
	posts, faults := a.batch(c, list)
	outcomes, err := a.hub.PostAll(c.ctx, &c.id, c.PathValue("channel"), posts)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("results")
	for _, fault := range faults {
		if fault == nil {
			fault, outcomes = a.result(c, outcomes[0]), outcomes[1:]
		}
		if fault != nil {
			c.problem(fault)
		}
	}
	c.out.End()
	c.out.Close()
	return nil
}

// batch reads the list: the messages that can be read, and for each place of
// the list what is wrong with it, or nil.
func (a *API) batch(c *call, list []json.RawMessage) (posts []chat.Post, faults []error) {
	names := membersOf(reflect.TypeFor[NewMessage]())
	key := c.Header.Get("Idempotency-Key")
	for i, item := range list {
		in := newInput(names)
		if err := a.pool.Object(item, in.set); err != nil {
			in.Refuse(err)
		}
		if in.Err == nil {
			post := in.post(c.PathValue("channel"))
			if post.Nonce == "" && key != "" {
				post.Nonce = key + ":" + strconv.Itoa(i)
			}
			if in.Err == nil {
				posts = append(posts, post)
			}
		}
		faults = append(faults, in.Err)
	}
	return posts, faults
}

// result writes what became of a message, or returns why nothing did.
func (a *API) result(c *call, o chat.Outcome) error {
	if o.Err != nil {
		if e := chat.AsError(o.Err); e.Code == chat.CodeInternal {
			a.log.ErrorContext(c.ctx, "a message of a batch failed", "err", e)
		}
		return o.Err
	}
	w := a.pool.Writer()
	wire.AppendEvent(w, &a.pool, o.Committed.Event, false)
	c.out.Open()
	a.pool.Emit(w, func(message []byte) { c.out.Raw("message", message) })
	c.out.Close()
	return nil
}

// problem writes what a refusal of this one message alone would have told.
func (c *call) problem(err error) {
	p := newProblem(err)
	c.out.Open()
	c.out.Object("error")
	c.out.String("type", p.Type)
	c.out.String("title", p.Title)
	c.out.Uint("status", uint64(p.Status))
	c.out.String("code", p.Code)
	c.out.Maybe("detail", p.Detail)
	c.out.Bool("retry", p.Retry)
	if p.RetryAfter > 0 {
		c.out.Uint("retryAfter", uint64(p.RetryAfter))
	}
	c.out.Close()
	c.out.Close()
}
