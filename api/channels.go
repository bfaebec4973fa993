package api

import (
	"strconv"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) getChannel(c *call) error {
	channel, head, err := a.hub.Channel(c.ctx, &c.id, c.PathValue("channel"))
	if err != nil {
		return err
	}
	a.channel(c.out, channel, &head)
	return nil
}

func (a *API) putChannel(c *call) error {
	settings := chat.Channel{
		ID:     chat.ChannelID{Project: c.id.Project, Name: c.PathValue("channel")},
		Kind:   chat.ChannelKind(c.fields.String("kind", c.body.kind)),
		Public: c.fields.Bool("public", c.body.public),
		Title:  c.fields.String("title", c.body.title),
	}
	if settings.Kind == "" {
		settings.Kind = chat.Open
		if _, _, direct := chat.DirectUsers(settings.ID.Name); direct {
			settings.Kind = chat.Direct
		}
	}
	settings.Retention = c.retention()
	if c.fields.Err != nil {
		return c.fields.Err
	}
	if _, err := a.hub.PutChannel(c.ctx, &c.id, settings); err != nil {
		return err
	}
	return a.getChannel(c)
}

// maxRetention keeps seconds within what a duration holds.
const maxRetention = 100 * 366 * 24 * 3600

func (c *call) retention() time.Duration {
	if !c.body.retention.Given() {
		return 0
	}
	seconds, err := strconv.ParseInt(string(c.body.retention), 10, 64)
	if err != nil || seconds < -1 || seconds > maxRetention {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "retention must be whole seconds, at most 100 years; or 0: 30 days; or -1: for ever"))
	}
	return time.Duration(seconds) * time.Second
}

func (a *API) listChannels(c *call) error {
	limit := c.limit()
	if c.fields.Err != nil {
		return c.fields.Err
	}
	channels, err := a.hub.Channels(c.ctx, &c.id, c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("channels")
	next := ""
	for _, channel := range channels {
		a.channel(c.out, channel, nil)
		next = channel.ID.Name
	}
	c.end(len(channels), limit, next)
	return nil
}

// end ends a list whose object is open; a full page may have a next.
func (c *call) end(n, limit int, next string) {
	c.out.End()
	if limit == 0 {
		limit = 50
	}
	if n == limit {
		c.out.String("next", next)
	}
	c.out.Close()
}

func (a *API) channel(w *frame.Writer, c *chat.Channel, head *chat.Head) {
	keep, bounded := c.KeepFor()
	w.Open()
	w.String("id", c.ID.Name)
	w.String("kind", string(c.Kind))
	w.Bool("public", c.Public)
	w.Maybe("title", c.Title)
	if bounded {
		w.Uint("retention", uint64(keep/time.Second))
	} else {
		w.RawString("retention", "-1")
	}
	w.Time("createdAt", c.CreatedAt)
	if head != nil {
		w.String("head", a.position(head.Seq))
	}
	w.Close()
}
