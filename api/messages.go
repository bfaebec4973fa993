package api

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

func (a *API) postMessage(c *call) error {
	post := chat.Post{
		Channel: c.PathValue("channel"),
		Body:    c.content(),
		Meta:    c.fields.Object("meta", c.body.meta),
		Nonce:   c.fields.String("nonce", c.body.nonce),
	}
	if c.id.User == "" {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "a message has a sender: name one with ?userId="))
	}
	if c.fields.Err != nil {
		return c.fields.Err
	}
	committed, err := a.hub.Post(c.ctx, &c.id, post)
	if err != nil {
		return err
	}
	a.event(c, committed.Event)
	return nil
}

func (a *API) getMessage(c *call) error { return a.present(c) }

// present answers with the message as it now is.
func (a *API) present(c *call) error {
	m, err := a.hub.Message(c.ctx, &c.id, c.PathValue("channel"), c.PathValue("id"))
	if err != nil {
		return err
	}
	a.event(c, m)
	return nil
}

func (a *API) event(c *call, e *chat.Event) { wire.AppendEvent(c.out, &a.pool, e, false) }

func (a *API) editMessage(c *call) error {
	edit := chat.Edit{
		Channel: c.PathValue("channel"),
		ID:      c.PathValue("id"),
		Body:    c.content(),
		Nonce:   c.fields.String("nonce", c.body.nonce),
	}
	if c.fields.Err != nil {
		return c.fields.Err
	}
	if _, err := a.hub.Edit(c.ctx, &c.id, edit); err != nil {
		return err
	}
	return a.present(c)
}

func (a *API) deleteMessage(c *call) error {
	del := chat.Delete{Channel: c.PathValue("channel"), ID: c.PathValue("id")}
	if _, err := a.hub.Delete(c.ctx, &c.id, del); err != nil {
		return err
	}
	return a.present(c)
}

func (a *API) listMessages(c *call) error {
	page := chat.Page{Limit: c.limit()}
	var bounded bool
	page.Before, bounded = c.number("before")
	if bounded && page.Before == 0 {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "before is at least 1: there is nothing below"))
	}
	page.After, page.Forward = c.number("after")
	page.Forward = page.Forward && !bounded
	if c.fields.Err != nil {
		return c.fields.Err
	}
	messages, head, err := a.hub.Messages(c.ctx, &c.id, c.PathValue("channel"), page)
	if err != nil {
		return err
	}
	a.page(c, "messages", messages, head)
	return nil
}

func (a *API) listEvents(c *call) error {
	after, placed := c.number("after")
	since, limit := c.time("since"), c.limit()
	if placed && !since.IsZero() {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "events come after a seq or since a time, not both"))
	}
	if c.fields.Err != nil {
		return c.fields.Err
	}
	events, head, err := a.hub.Events(c.ctx, &c.id, c.PathValue("channel"), after, since, limit)
	if err != nil {
		return err
	}
	a.page(c, "events", events, head)
	return nil
}

// page answers with events and their place in the log. A head may be older
// than what was read after it.
func (a *API) page(c *call, key string, events []*chat.Event, head chat.Head) {
	end := head.Seq
	if n := len(events); n > 0 {
		end = events[n-1].Seq
		head.Seq = max(head.Seq, end)
	}
	c.out.Open()
	c.out.Array(key)
	for _, e := range events {
		a.event(c, e)
	}
	c.out.End()
	c.out.String("head", a.position(head.Seq))
	c.out.String("position", a.position(end))
	c.out.Close()
}

func (a *API) position(seq uint64) string {
	return chat.Position{Epoch: a.hub.Epoch(), Seq: seq}.String()
}
