package api

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

func (a *API) postMessage(c *call) error {
	post := c.in.post(c.PathValue("channel"))
	post.Nonce = c.nonce()
	c.needSender()
	if c.in.Err != nil {
		return c.in.Err
	}
	committed, err := a.hub.Post(c.ctx, &c.id, post)
	if err != nil {
		return err
	}
	a.event(c, committed.Event)
	return nil
}

// post is the message that the members of a body make.
func (in *input) post(channel string) chat.Post {
	return chat.Post{
		Channel:  channel,
		Body:     in.Content(in.get("text"), in.get("body")),
		Meta:     in.object("meta"),
		Nonce:    in.text("nonce"),
		ParentID: in.text("parentId"),
		Mentions: in.words("mentions", chat.MaxMentions),
		TTL:      in.Millis("ttl", in.get("ttl")),
	}
}

// needSender refuses a secret key that names nobody.
func (c *call) needSender() {
	if c.id.User == "" {
		c.in.invalid("it is somebody's: name the user with ?userId=")
	}
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
		Body:    c.in.Content(c.in.get("text"), c.in.get("body")),
		Nonce:   c.nonce(),
	}
	if c.in.Err != nil {
		return c.in.Err
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
	page := c.page()
	page.Thread = c.query.Get("thread")
	return a.messages(c, page)
}

func (a *API) listReplies(c *call) error {
	page := c.page()
	page.Thread = c.PathValue("id")
	return a.messages(c, page)
}

func (a *API) messages(c *call, page chat.Page) error {
	if c.in.Err != nil {
		return c.in.Err
	}
	messages, head, err := a.hub.Messages(c.ctx, &c.id, c.PathValue("channel"), page)
	if err != nil {
		return err
	}
	a.page(c, "messages", messages, head)
	if chat.Full(messages, page.Limit) {
		next := messages[0].Seq
		if page.Forward || page.After > 0 {
			next = messages[len(messages)-1].Seq
		}
		c.out.Uint("next", next)
	}
	c.out.Close()
	return nil
}

// page opens an answer of events and their place in the log. A head may be
// older than what was read after it.
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
}

func (a *API) position(seq uint64) string {
	return chat.Position{Epoch: a.hub.Epoch(), Seq: seq}.String()
}
