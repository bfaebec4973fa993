package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Encode writes d as one frame, or as none where the client asked for no answer.
func (c *codec) Encode(d *chat.Delivery, emit func([]byte)) {
	w := c.pool.Writer()
	switch {
	case d.Event != nil:
		wire.AppendEvent(w, c.pool, d.Event, d.Redelivered)
	case d.Signal != nil:
		appendSignal(w, d.Signal)
	case d.Reply != nil:
		c.appendReply(w, d.Reply)
	case d.Notice != nil:
		appendNotice(w, d.Notice)
	}
	c.pool.Emit(w, emit)
}

func (c *codec) appendReply(w *frame.Writer, r *chat.Reply) {
	switch {
	case r.Err != nil:
		appendError(w, r)
	case r.Connected != nil:
		appendConnected(w, r)
	case r.Subscribed != nil:
		appendSubscribed(w, r)
	case r.Committed != nil:
		appendAck(w, r)
	default:
		c.appendAnswer(w, r)
	}
}

// appendAnswer writes what the command, not the result, decides.
func (c *codec) appendAnswer(w *frame.Writer, r *chat.Reply) {
	switch cmd := r.Command.(type) {
	case chat.Unsubscribe:
		begin(w, "unsubscribed", r)
		w.String("channelId", cmd.Channel)
	case chat.History:
		c.appendEvents(w, r, "page", "messages", cmd.Channel, r.Messages)
		appendHead(w, r)
		w.Flag("more", chat.Full(r.Messages, cmd.Page.Limit))
	case chat.Changes:
		c.appendEvents(w, r, "events", "events", cmd.Channel, r.Events)
		appendHead(w, r)
	case chat.Pins:
		c.appendEvents(w, r, "pins", "messages", cmd.Channel, r.Messages)
	case chat.GetState:
		appendSnapshot(w, r, cmd)
	case chat.Channels:
		c.appendListing(w, r)
	case chat.PutChannel:
		begin(w, "channel", r)
		appendChannel(w, r.Channel)
	case chat.PutProfile:
		begin(w, "profile", r)
		appendProfile(w, r.Profile)
	case chat.StartCall, chat.AnswerCall:
		if r.Ref == nil {
			return // the signal tells
		}
		appendCalled(w, r)
	case chat.Ping:
		begin(w, "pong", r)
	default:
		if r.Ref == nil {
			return
		}
		begin(w, "ok", r)
		if r.Cursor != nil {
			w.Maybe("channelId", r.Cursor.Channel.Name)
			appendCursor(w, r.Cursor, r.Cursor.Unread)
		}
	}
	w.Close()
}

func appendConnected(w *frame.Writer, r *chat.Reply) {
	begin(w, "connected", r)
	w.String("session", r.Connected.Session)
	w.String("userId", r.Connected.User)
	w.Maybe("userName", r.Connected.Name)
	w.Bool("guest", r.Connected.Guest)
	w.Maybe("guestToken", r.Connected.Pass)
	w.Uint("protocol", Version)
	w.MaybeTime("expires", r.Connected.Expires)
	w.Object("limits")
	w.Uint("maxBody", chat.MaxBody)
	w.Uint("maxFrame", MaxFrame)
	w.Close()
	w.Close()
}

func appendSubscribed(w *frame.Writer, r *chat.Reply) {
	begin(w, "subscribed", r)
	appendSubscription(w, r.Subscribed)
	w.Close()
}

// appendSubscription writes the members of an open object.
func appendSubscription(w *frame.Writer, s *chat.Subscribed) {
	w.String("channelId", s.Channel)
	appendPosition(w, "position", s.From)
	appendPosition(w, "head", chat.Position{Epoch: s.From.Epoch, Seq: s.Head.Seq})
	w.String("role", string(s.Role))
	appendCursor(w, &s.Cursor, s.Cursor.Unread)
}

// appendCalled tells the call as it now is; one that is not there is nothing
// to be told of.
func appendCalled(w *frame.Writer, r *chat.Reply) {
	if r.Call == nil {
		begin(w, "ok", r)
		return
	}
	begin(w, "call.state", r)
	wire.AppendCall(w, r.Call)
}

// appendAck tells of the event what its sender cannot know: its numbers, and
// the sum where something was added.
func appendAck(w *frame.Writer, r *chat.Reply) {
	e := r.Committed.Event
	begin(w, "ack", r)
	w.Maybe("nonce", written(r.Command).nonce)
	w.Maybe("id", e.ID)
	w.String("channelId", e.Channel.Name)
	w.Uint("seq", e.Seq)
	switch e.Kind {
	case chat.KindState:
		w.String("key", e.Name)
		if cmd, ok := r.Command.(chat.SetState); ok && cmd.Add != nil && e.Body != nil {
			w.Raw("value", e.Body)
		}
	case chat.KindMember:
		if e.Member != nil {
			w.String("userId", e.Member.User)
		}
	default:
		w.Uint("sequence", e.Sequence)
	}
	w.Time("createdAt", e.At)
	w.Flag("repeated", r.Committed.Repeated)
	w.MaybeTime("deletedAt", e.DeletedAt)
	w.Close()
}

func (c *codec) appendEvents(w *frame.Writer, r *chat.Reply, typ, key, channel string, events []*chat.Event) {
	if channel == "" && len(events) > 0 {
		channel = events[0].Channel.Name
	}
	begin(w, typ, r)
	w.Maybe("channelId", channel)
	w.Array(key)
	for _, e := range events {
		wire.AppendEvent(w, c.pool, e, false)
	}
	w.End()
}

// appendHead writes the end of the log that an answer was read at.
func appendHead(w *frame.Writer, r *chat.Reply) {
	appendPosition(w, "head", chat.Position{Epoch: r.Epoch, Seq: r.Head.Seq})
}

func appendCursor(w *frame.Writer, c *chat.Cursor, unread uint64) {
	w.Object("cursor")
	w.Uint("delivered", c.Delivered)
	w.Uint("read", c.Read)
	w.Uint("unread", unread)
	w.Close()
}

func appendPosition(w *frame.Writer, key string, p chat.Position) {
	w.String(key, p.String())
}

// begin opens an answer that carries back what the request gave.
func begin(w *frame.Writer, typ string, r *chat.Reply) {
	w.Begin(typ)
	appendRef(w, r.Ref)
}

func appendRef(w *frame.Writer, r any) {
	switch r := r.(type) {
	case uint64:
		w.Uint("ref", r)
	case ref:
		w.RawString("ref", string(r))
	}
}
