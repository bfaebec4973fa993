package api

import (
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

func (a *API) getChannel(c *call) error {
	channel, head, err := a.hub.Channel(c.ctx, &c.id, c.PathValue("channel"))
	if err != nil {
		return err
	}
	c.out.Open()
	appendChannel(c, channel)
	c.out.String("head", a.position(head.Seq))
	c.out.Close()
	return nil
}

func (a *API) putChannel(c *call) error {
	settings := chat.Channel{
		ID:        chat.ChannelID{Project: c.id.Project, Name: c.PathValue("channel")},
		Kind:      chat.ChannelKind(c.in.text("kind")),
		Public:    c.in.flag("public"),
		Title:     c.in.text("title"),
		Retention: c.in.seconds("retention", -1),
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	if _, err := a.hub.PutChannel(c.ctx, &c.id, settings); err != nil {
		return err
	}
	return a.getChannel(c)
}

func (a *API) deleteChannel(c *call) error {
	return a.hub.DeleteChannel(c.ctx, &c.id, c.PathValue("channel"))
}

func (a *API) listChannels(c *call) error {
	limit := c.limit()
	order := c.query.Get("order")
	if order != "" && order != "name" && order != "activity" {
		c.in.invalid("the order is name or activity")
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	if order == "activity" {
		return a.rankChannels(c, limit)
	}
	channels, next, err := a.hub.Channels(c.ctx, &c.id, c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	listUntil(c, "channels", channels, next, func(channel *chat.Channel) {
		c.out.Open()
		appendChannel(c, channel)
		c.out.Close()
	}, func(channel *chat.Channel) string { return channel.ID.Name })
	return nil
}

// rankChannels is for administrators.
func (a *API) rankChannels(c *call, limit int) error {
	if err := a.administers(&c.id); err != nil {
		return err
	}
	ranked, err := a.hub.Ranking(c.ctx, &c.id, c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	list(c, "channels", ranked, limit, func(r chat.Ranked) {
		c.out.Open()
		appendChannel(c, r.Channel)
		c.out.String("head", a.position(r.Head.Seq))
		c.out.MaybeTime("lastAt", r.Head.LastTime)
		c.out.Uint("messages", r.Head.Next-r.Head.First)
		c.out.Uint("followers", uint64(r.Followers))
		c.out.Close()
	}, func(r chat.Ranked) string { return r.Place })
	return nil
}

// appendChannel writes the members of an open object.
func appendChannel(c *call, channel *chat.Channel) {
	keep, bounded := channel.KeepFor()
	c.out.String("id", channel.ID.Name)
	c.out.String("kind", string(channel.Kind))
	c.out.Bool("public", channel.Public)
	c.out.Maybe("title", channel.Title)
	if bounded {
		c.out.Uint("retention", uint64(keep/time.Second))
	} else {
		c.out.RawString("retention", "-1")
	}
	c.out.Time("createdAt", channel.CreatedAt)
}

// listUserChannels is what an inbox shows.
func (a *API) listUserChannels(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	if err := c.own(); err != nil {
		return err
	}
	listing, err := a.hub.Listing(c.ctx, &c.id, chat.Channels{After: c.query.Get("after"), Limit: limit})
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("channels")
	for i := range listing.Channels {
		a.listed(c, &listing.Channels[i])
	}
	c.out.End()
	c.out.Maybe("next", listing.Next)
	c.out.Close()
	return nil
}

func (a *API) listed(c *call, l *chat.Listed) {
	c.out.Open()
	appendChannel(c, l.Channel)
	c.out.String("head", a.position(l.Head.Seq))
	c.out.String("role", string(l.Role))
	c.out.Uint("delivered", l.Cursor.Delivered)
	c.out.Uint("read", l.Cursor.Read)
	c.out.Uint("unread", l.Unread)
	c.out.Uint("mentions", uint64(max(0, l.Mentions)))
	if l.Last != nil {
		w := a.pool.Writer()
		wire.AppendEvent(w, &a.pool, l.Last, false)
		a.pool.Emit(w, func(message []byte) { c.out.Raw("last", message) })
	}
	c.out.Close()
}
