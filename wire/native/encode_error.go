package native

import (
	"errors"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func appendError(w *frame.Writer, r *chat.Reply) {
	w.Begin("error")
	var given refused
	if r.Ref == nil && errors.As(r.Err.Cause, &given) {
		appendRef(w, given.ref)
	} else {
		appendRef(w, r.Ref)
	}
	if about := written(r.Command); about.told {
		w.Maybe("nonce", about.nonce)
		w.String("channelId", about.channel)
	}
	appendFault(w, r.Err)
	w.Close()
}

// about is what of a refused command its error names besides the ref, so that
// a client without refs knows which it was.
type about struct {
	told           bool
	channel, nonce string
}

// written is of commands that write to a log, or subscribe to one.
func written(c chat.Command) about {
	switch c := c.(type) {
	case chat.Post:
		return about{true, c.Channel, c.Nonce}
	case chat.Edit:
		return about{true, c.Channel, c.Nonce}
	case chat.Delete:
		return about{true, c.Channel, c.Nonce}
	case chat.React:
		return about{true, c.Channel, c.Nonce}
	case chat.Pin:
		return about{true, c.Channel, c.Nonce}
	case chat.SetState:
		return about{true, c.Channel, c.Nonce}
	case chat.PutMember:
		return about{true, c.Channel, ""}
	case chat.PutChannel:
		return about{true, c.Settings.ID.Name, ""}
	case chat.DeleteChannel:
		return about{true, c.Channel, ""}
	case chat.Subscribe:
		return about{true, c.Channel, ""}
	}
	return about{}
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
