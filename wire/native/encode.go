package native

import (
	"errors"

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
	case chat.Changes:
		c.appendEvents(w, r, "events", "events", cmd.Channel, r.Events)
	case chat.Ping:
		begin(w, "pong", r)
	default:
		if r.Ref == nil {
			return
		}
		begin(w, "ok", r)
		if r.Cursor != nil {
			w.Maybe("channelId", r.Cursor.Channel.Name)
			appendCursor(w, r.Cursor)
		}
	}
	w.Close()
}

func appendError(w *frame.Writer, r *chat.Reply) {
	w.Begin("error")
	var given refused
	if r.Ref == nil && errors.As(r.Err.Cause, &given) {
		appendRef(w, given.ref)
	} else {
		appendRef(w, r.Ref)
	}
	switch cmd := r.Command.(type) {
	case chat.Post:
		w.Maybe("nonce", cmd.Nonce)
		w.String("channelId", cmd.Channel)
	case chat.Edit:
		w.Maybe("nonce", cmd.Nonce)
		w.String("channelId", cmd.Channel)
	case chat.Delete:
		w.Maybe("nonce", cmd.Nonce)
		w.String("channelId", cmd.Channel)
	case chat.Subscribe:
		w.String("channelId", cmd.Channel)
	}
	appendFault(w, r.Err)
	w.Close()
}

// appendFault writes what every error tells.
func appendFault(w *frame.Writer, e *chat.Error) {
	w.String("code", string(e.Code))
	w.String("message", e.Message)
	w.Bool("retry", e.Retryable())
	if e.RetryAfter > 0 {
		w.Duration("retryAfter", e.RetryAfter)
	}
	if x := e.Expired; x != nil {
		w.Object("expired")
		w.String("reason", x.Reason)
		appendPosition(w, "oldest", x.Oldest)
		appendPosition(w, "head", x.Head)
		w.Close()
	}
}

func appendConnected(w *frame.Writer, r *chat.Reply) {
	begin(w, "connected", r)
	w.String("session", r.Connected.Session)
	w.String("userId", r.Connected.User)
	w.Maybe("userName", r.Connected.Name)
	w.Bool("guest", r.Connected.Guest)
	w.Uint("protocol", Version)
	w.MaybeTime("expires", r.Connected.Expires)
	w.Object("limits")
	w.Uint("maxBody", chat.MaxBody)
	w.Uint("maxFrame", MaxFrame)
	w.Close()
	w.Close()
}

func appendSubscribed(w *frame.Writer, r *chat.Reply) {
	s := r.Subscribed
	begin(w, "subscribed", r)
	w.String("channelId", s.Channel)
	appendPosition(w, "position", s.From)
	appendPosition(w, "head", chat.Position{Epoch: s.From.Epoch, Seq: s.Head.Seq})
	w.String("role", string(s.Role))
	appendCursor(w, &s.Cursor)
	w.Close()
}

func appendAck(w *frame.Writer, r *chat.Reply) {
	e := r.Committed.Event
	begin(w, "ack", r)
	switch cmd := r.Command.(type) {
	case chat.Post:
		w.Maybe("nonce", cmd.Nonce)
	case chat.Edit:
		w.Maybe("nonce", cmd.Nonce)
	case chat.Delete:
		w.Maybe("nonce", cmd.Nonce)
	}
	w.String("id", e.ID)
	w.String("channelId", e.Channel.Name)
	w.Uint("seq", e.Seq)
	w.Uint("sequence", e.Sequence)
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
	appendPosition(w, "head", chat.Position{Epoch: r.Epoch, Seq: r.Head.Seq})
}

func appendCursor(w *frame.Writer, c *chat.Cursor) {
	w.Object("cursor")
	w.Uint("delivered", c.Delivered)
	w.Uint("read", c.Read)
	w.Uint("unread", c.Unread)
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
