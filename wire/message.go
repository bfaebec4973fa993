package wire

import (
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// Text is what a person reads of a message's body; see [frame.Pool.Text].
func Text(body []byte) string { return new(frame.Pool).Text(body) }

// AppendEvent writes an event as the native protocol shows it. Other doors
// that give events as JSON (streams, REST) give the same object.
func AppendEvent(w *frame.Writer, p *frame.Pool, e *chat.Event, redelivered bool) {
	switch e.Kind {
	case chat.KindMessage:
		appendMessage(w, p, e)
	case chat.KindEdit:
		appendEdit(w, p, e)
	case chat.KindDelete:
		appendDelete(w, e)
	case chat.KindMember:
		appendMember(w, e)
	case chat.KindReaction:
		appendReaction(w, e)
	case chat.KindPin:
		appendPin(w, e)
	case chat.KindState:
		appendState(w, e)
	case chat.KindCall:
		appendCall(w, e)
	default:
		return
	}
	w.Flag("redelivered", redelivered)
	w.Close()
}

func appendMessage(w *frame.Writer, p *frame.Pool, e *chat.Event) {
	w.Begin("message")
	w.String("id", e.ID)
	w.String("channelId", e.Channel.Name)
	w.String("senderId", e.Sender)
	w.Maybe("senderName", e.SenderName)
	if !e.Deleted() {
		appendBody(w, p, "text", e.Body)
	}
	w.Time("createdAt", e.At)
	w.Uint("seq", e.Seq)
	w.Uint("sequence", e.Sequence)
	w.Maybe("parentId", e.ParentID)
	w.Maybe("nonce", e.Nonce)
	if !e.Deleted() {
		if e.Meta != nil {
			w.Raw("meta", e.Meta)
		}
		w.Strings("mentions", e.Mentions)
		w.MaybeTime("expiresAt", e.ExpiresAt)
	}
	if e.EditSeq != 0 {
		w.MaybeTime("editedAt", e.EditedAt)
		w.Uint("editSeq", e.EditSeq)
	}
	w.MaybeTime("deletedAt", e.DeletedAt)
	if e.Notes != nil {
		appendNotes(w, e.Notes)
	}
}

// appendEdit leaves the text out where the message was deleted since. It tells
// all that an edit knows of its message, which may no longer be kept.
func appendEdit(w *frame.Writer, p *frame.Pool, e *chat.Event) {
	beginTargeted(w, "message.update", e)
	if e.Body != nil && !e.Deleted() {
		appendBody(w, p, "newText", e.Body)
		if e.Meta != nil {
			w.Raw("meta", e.Meta)
		}
	}
	w.Time("editedAt", either(e.EditedAt, e.At))
	w.String("userId", e.Sender)
	w.MaybeTime("deletedAt", e.DeletedAt)
}

// appendDelete names nobody where the message went because its time was over.
func appendDelete(w *frame.Writer, e *chat.Event) {
	beginTargeted(w, "message.delete", e)
	w.Time("deletedAt", either(e.DeletedAt, e.At))
	w.Maybe("userId", e.Sender)
}

func appendMember(w *frame.Writer, e *chat.Event) {
	w.Begin("member")
	w.String("channelId", e.Channel.Name)
	w.Uint("seq", e.Seq)
	if m := e.Member; m != nil {
		w.String("userId", m.User)
		w.String("role", string(m.Role))
		w.Bool("muted", m.Muted)
		w.Bool("banned", m.Banned)
	}
	w.String("by", e.Sender)
	w.Time("at", e.At)
}

func appendReaction(w *frame.Writer, e *chat.Event) {
	beginTargeted(w, "reaction", e)
	w.String("reaction", e.Name)
	w.Bool("on", e.On)
	w.String("userId", e.Sender)
	w.Maybe("userName", e.SenderName)
	w.Time("at", e.At)
}

func appendPin(w *frame.Writer, e *chat.Event) {
	beginTargeted(w, "pin", e)
	w.Bool("on", e.On)
	w.String("userId", e.Sender)
	w.Maybe("userName", e.SenderName)
	w.Time("at", e.At)
}

// appendState names nobody where the key went because its time was over.
func appendState(w *frame.Writer, e *chat.Event) {
	w.Begin("state")
	w.String("channelId", e.Channel.Name)
	w.Uint("seq", e.Seq)
	w.String("key", e.Name)
	if e.Body != nil {
		w.Raw("value", e.Body)
		w.MaybeTime("expiresAt", e.ExpiresAt)
	}
	w.Flag("deleted", e.Body == nil)
	w.Maybe("userId", e.Sender)
	w.Time("at", e.At)
}

func appendCall(w *frame.Writer, e *chat.Event) {
	w.Begin("call")
	w.Uint("seq", e.Seq)
	if e.Call == nil {
		w.String("channelId", e.Channel.Name)
	} else {
		AppendCall(w, e.Call)
	}
	w.Time("at", e.At)
}

// AppendCall writes the members of an open object that tell of a call.
func AppendCall(w *frame.Writer, c *chat.Call) {
	w.String("callId", c.ID)
	w.String("state", string(c.State))
	w.String("callerId", c.Caller)
	w.Maybe("callerName", c.CallerName)
	w.String("calleeId", c.Callee)
	w.String("channelId", c.Channel.Name)
	w.Maybe("by", c.By)
	if c.Data != nil {
		w.Raw("data", c.Data)
	}
	w.Time("startedAt", c.StartedAt)
	w.MaybeTime("answeredAt", c.AnsweredAt)
	w.MaybeTime("endedAt", c.EndedAt)
}

// beginTargeted opens an event that names a message, whose numbers it tells.
func beginTargeted(w *frame.Writer, typ string, e *chat.Event) {
	w.Begin(typ)
	w.String("id", e.ID)
	w.String("channelId", e.Channel.Name)
	w.Uint("seq", e.Seq)
	w.Uint("targetSeq", e.TargetSeq)
	w.Uint("sequence", e.Sequence)
	w.Maybe("parentId", e.ParentID)
}

// appendBody writes a body's text, and the body itself unless that is all it is.
func appendBody(w *frame.Writer, p *frame.Pool, key string, body []byte) {
	p.AppendText(w, key, body)
	if !frame.Value(body).Is('"') {
		w.Raw("body", body)
	}
}

func either(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
