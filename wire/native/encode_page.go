package native

import (
	"cmp"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// appendSnapshot writes a page of shared state.
func appendSnapshot(w *frame.Writer, r *chat.Reply, cmd chat.GetState) {
	page := cmp.Or(r.State, &chat.StatePage{})
	begin(w, "snapshot", r)
	w.String("channelId", cmd.Channel)
	w.Array("keys")
	for _, k := range page.Keys {
		w.Open()
		w.String("key", k.Key)
		if k.Value != nil {
			w.Raw("value", k.Value)
		}
		w.Uint("version", k.Version)
		w.Maybe("userId", k.By)
		w.Time("at", k.At)
		w.MaybeTime("expiresAt", k.ExpiresAt)
		w.Close()
	}
	w.End()
	appendPosition(w, "head", chat.Position{Epoch: r.Epoch, Seq: page.Head.Seq})
	w.Maybe("next", page.Next)
}

func (c *codec) appendListing(w *frame.Writer, r *chat.Reply) {
	begin(w, "channels", r)
	w.Array("channels")
	if r.Channels != nil {
		for i := range r.Channels.Channels {
			c.appendListed(w, &r.Channels.Channels[i], r.Epoch)
		}
	}
	w.End()
	if r.Channels != nil {
		w.Maybe("next", r.Channels.Next)
	}
}

func (c *codec) appendListed(w *frame.Writer, l *chat.Listed, epoch string) {
	w.Open()
	appendChannel(w, l.Channel)
	w.String("role", string(l.Role))
	appendPosition(w, "head", chat.Position{Epoch: epoch, Seq: l.Head.Seq})
	appendCursor(w, &l.Cursor, l.Unread)
	w.Uint("mentions", uint64(max(0, l.Mentions)))
	if l.Last != nil {
		w.Name("last")
		wire.AppendEvent(w, c.pool, l.Last, false)
	}
	w.Close()
}

// appendChannel writes what a channel is, as members of an open object.
func appendChannel(w *frame.Writer, c *chat.Channel) {
	if c == nil {
		return
	}
	w.String("channelId", c.ID.Name)
	w.String("kind", string(c.Kind))
	w.Bool("public", c.Public)
	w.Maybe("title", c.Title)
	if keep, bounded := c.KeepFor(); bounded {
		w.Uint("retention", uint64(max(0, keep/time.Second)))
	} else {
		w.RawString("retention", "-1")
	}
	w.MaybeTime("createdAt", c.CreatedAt)
}

func appendProfile(w *frame.Writer, u *chat.User) {
	if u == nil {
		return
	}
	w.String("userId", u.ID)
	w.Maybe("userName", u.Name)
	w.Maybe("avatar", u.Avatar)
	if u.Meta != nil {
		w.Raw("meta", u.Meta)
	}
}
