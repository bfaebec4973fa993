package threads

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Encode writes what a client of threads is told of d.
func (c *codec) Encode(d *chat.Delivery, emit func([]byte)) {
	wire.Tell(c, d, emit)
}

// Event implements wire.Words.
func (c *codec) Event(e *chat.Event, emit func([]byte)) { c.teller.Emit(e, c.epoch, emit) }

// appendMessage gives the client's own members back.
func (s *shared) appendMessage(w *frame.Writer, e *chat.Event, epoch string) {
	w.Begin("message")
	w.String("threadId", e.Channel.Name)
	w.String("senderId", e.Sender)
	w.Maybe("username", e.SenderName)
	s.pool.AppendText(w, "message", e.Body)
	s.extras.Append(w, e)
	wire.AppendPosition(w, epoch, e.Seq)
	w.Close()
}

// Signal implements wire.Words.
func (c *codec) Signal(s *chat.Signal, emit func([]byte)) {
	w := c.pool.Writer()
	switch s.Kind {
	case chat.SignalTyping:
		appendTyping(w, s.Channel.Name, s.User, s.UserName, s.Typing)
	case chat.SignalCustom:
		c.appendCustom(w, s)
	case chat.SignalCall:
		if s.Call != nil {
			c.appendCall(w, s)
		}
	case chat.SignalPresence:
		c.tellAll("joined", s.Channel.Name, s.Joined, emit)
		c.tellAll("left", s.Channel.Name, s.Left, emit)
	}
	c.pool.Emit(w, emit)
}

func appendTyping(w *frame.Writer, thread, user, name string, on bool) {
	w.Begin("typing")
	w.String("threadId", thread)
	w.String("userId", user)
	w.Maybe("username", name)
	w.Bool("typing", on)
	w.Close()
}

// tellAll says of others in a thread that they came or went.
func (c *codec) tellAll(typ, thread string, users []chat.Presence, emit func([]byte)) {
	for i := range users {
		if users[i].User == c.self {
			continue
		}
		w := c.pool.Writer()
		w.Begin(typ)
		w.String("threadId", thread)
		w.String("userId", users[i].User)
		w.Maybe("username", users[i].Name)
		w.Close()
		c.pool.Emit(w, emit)
	}
}

// Reply implements wire.Words. It is mostly silent: clients of threads wait for no answers.
func (c *codec) Reply(r *chat.Reply, emit func([]byte)) {
	a, ok := r.Ref.(*asked)
	if !ok {
		a = &asked{}
	}
	if r.Connected != nil {
		c.self = r.Connected.User
	}
	if r.Err != nil {
		if cmd, ok := r.Command.(chat.Subscribe); ok && !a.inside {
			c.leave(cmd.Channel)
		}
		if !a.quiet {
			c.refuse(r.Err, r.Command, emit)
		}
		return
	}
	if a.user != "" {
		c.self = a.user // the claim was accepted
	}
	if s := r.Subscribed; s != nil {
		c.epoch = s.From.Epoch
		if a.answers {
			c.tellJoined(s, emit)
		}
	}
}

// tellJoined says where a place in a thread begins, to who asked for it.
func (c *codec) tellJoined(s *chat.Subscribed, emit func([]byte)) {
	w := c.pool.Writer()
	w.Begin("thread_joined")
	w.String("threadId", s.Channel)
	wire.AppendPosition(w, s.From.Epoch, s.From.Seq)
	w.Close()
	c.pool.Emit(w, emit)
}

// Notice implements wire.Words.
func (c *codec) Notice(n chat.Notice, emit func([]byte)) {
	switch n := n.(type) {
	case *chat.Level:
		for i := range n.Typing {
			if t := &n.Typing[i]; t.User != c.self {
				w := c.pool.Writer()
				appendTyping(w, n.Channel, t.User, t.Name, true)
				c.pool.Emit(w, emit)
			}
		}
	case *chat.Opened:
		if n.Subscribed != nil {
			c.epoch = n.Subscribed.From.Epoch
			c.enter(n.Subscribed.Channel)
		}
	case *chat.Dropped:
		c.leave(n.Channel)
		c.refuse(n.Err, chat.Unsubscribe{Channel: n.Channel}, emit)
	case *chat.Expiring:
		c.refuse(n.Err, nil, emit)
	}
}

// refuse writes an error, and what it is about where that is known.
func (c *codec) refuse(e *chat.Error, about chat.Command, emit func([]byte)) {
	if e == nil {
		return
	}
	thread, to := "", ""
	switch cmd := about.(type) {
	case chat.Post:
		if thread, to = cmd.Channel, cmd.To; to != "" {
			thread = ""
		}
	case chat.Subscribe:
		thread = cmd.Channel
	case chat.Unsubscribe:
		thread = cmd.Channel
	case chat.Typing:
		thread = cmd.Channel
	case chat.StartCall:
		thread, to = cmd.Channel, cmd.To
	case chat.AnswerCall:
		to = cmd.Peer
	case chat.Send:
		to = cmd.To
	}
	w := c.pool.Writer()
	wire.AppendError(w, e)
	w.Maybe("threadId", thread)
	w.Maybe("recipientId", to)
	w.Close()
	c.pool.Emit(w, emit)
}
