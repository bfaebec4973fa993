package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

func appendSignal(w *frame.Writer, s *chat.Signal) {
	switch s.Kind {
	case chat.SignalTyping:
		w.Begin("typing")
		w.String("channelId", s.Channel.Name)
		w.String("userId", s.User)
		w.Maybe("userName", s.UserName)
		w.Bool("typing", s.Typing)
	case chat.SignalPresence:
		w.Begin("presence")
		w.Maybe("channelId", s.Channel.Name)
		appendPresent(w, "joined", s.Joined)
		appendPresent(w, "left", s.Left)
		appendPresent(w, "changed", s.Changed)
	case chat.SignalDelivered:
		appendReceipt(w, "delivered", s)
	case chat.SignalRead:
		appendReceipt(w, "read", s)
	case chat.SignalCustom:
		appendCustom(w, s)
	case chat.SignalCall:
		if s.Call == nil {
			return
		}
		w.Begin("call.state")
		wire.AppendCall(w, s.Call)
	case chat.SignalMembership:
		w.Begin("membership")
		w.String("channelId", s.Channel.Name)
		w.Maybe("role", string(s.Role))
	default:
		return
	}
	w.Close()
}

// appendCustom gives the session that a signal came from to whom it was sent to
// by name, to answer that device alone. It is not told to a channel: who has a
// session's id can reach it.
func appendCustom(w *frame.Writer, s *chat.Signal) {
	w.Begin("signal")
	w.Maybe("channelId", s.Channel.Name)
	w.String("userId", s.User)
	if s.Channel.Name == "" {
		w.Maybe("sessionId", s.Session)
	}
	w.String("event", s.Name)
	if s.Data != nil {
		w.Raw("data", s.Data)
	}
}

func appendReceipt(w *frame.Writer, typ string, s *chat.Signal) {
	w.Begin(typ)
	w.String("channelId", s.Channel.Name)
	w.String("userId", s.User)
	w.Uint("seq", s.Seq)
	w.Maybe("id", s.ID)
}

// appendPresent writes a list of users unless it is empty.
func appendPresent(w *frame.Writer, key string, users []chat.Presence) {
	if len(users) == 0 {
		return
	}
	w.Array(key)
	for i := range users {
		u := &users[i]
		w.Open()
		w.String("userId", u.User)
		w.Maybe("userName", u.Name)
		w.Maybe("status", string(u.Status))
		w.Maybe("custom", u.Custom)
		w.MaybeTime("lastSeen", u.LastSeen)
		w.Close()
	}
	w.End()
}

func appendNotice(w *frame.Writer, n chat.Notice) {
	switch n := n.(type) {
	case *chat.Level:
		appendLevel(w, n)
	case *chat.Dropped:
		w.Begin("dropped")
		w.String("channelId", n.Channel)
		if n.Err != nil {
			appendFault(w, n.Err)
		}
	case *chat.Opened:
		if n.Subscribed == nil {
			return
		}
		w.Begin("subscribed")
		appendSubscription(w, n.Subscribed)
		w.Bool("direct", true)
	case *chat.GoingAway:
		w.Begin("going_away")
		w.Duration("retryAfter", n.RetryAfter)
	case *chat.Expiring:
		w.Begin("expiring")
		if n.Err != nil {
			w.String("code", string(n.Err.Code))
			w.String("message", n.Err.Message)
		}
	default:
		return
	}
	w.Close()
}

func appendLevel(w *frame.Writer, n *chat.Level) {
	w.Begin("level")
	w.String("channelId", n.Channel)
	appendPosition(w, "position", n.Position)
	appendPresent(w, "present", n.Present)
	appendPresent(w, "typing", n.Typing)
	if len(n.Cursors) == 0 {
		return
	}
	w.Array("cursors")
	for i := range n.Cursors {
		c := &n.Cursors[i]
		w.Open()
		w.String("userId", c.User)
		w.Uint("delivered", c.Delivered)
		w.Uint("read", c.Read)
		w.Close()
	}
	w.End()
}
