package conversations

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Encode writes what a client of conversations is told of d.
func (c *codec) Encode(d *chat.Delivery, emit func([]byte)) {
	wire.Tell(c, d, emit)
}

// Event implements wire.Words.
func (c *codec) Event(e *chat.Event, emit func([]byte)) {
	w := c.pool.Writer()
	switch {
	case e.Kind != chat.KindMessage:
		c.teller.Append(w, e, c.epoch)
	case !c.own(e):
		c.appendMessage(w, e, c.epoch)
	case c.positions:
		w.Begin("position")
		w.String("conversationId", e.Channel.Name)
		wire.AppendPosition(w, c.epoch, e.Seq)
		w.Close()
	}
	c.pool.Emit(w, emit)
}

// appendMessage leaves the position out where no epoch is given: of what is not
// in its place in the log's order.
func (c *codec) appendMessage(w *frame.Writer, e *chat.Event, epoch string) {
	w.Begin("message")
	w.Object("message")
	w.String("id", e.ID)
	w.String("conversationId", e.Channel.Name)
	w.String("senderId", e.Sender)
	c.appendText(w, e)
	w.Millis("timestamp", e.At)
	w.Uint("sequence", e.Sequence)
	w.String("status", "sent")
	if id, ok := tempID(e.Nonce); ok && e.Sender == c.self {
		w.String("tempId", id)
	}
	w.Flag("deleted", e.Deleted())
	if !e.Deleted() {
		c.extras.Unpack(e.Meta, func(name []byte, v frame.Value) {
			if !known(name) {
				w.Pair(name, v)
			}
		})
	}
	w.Close()
	wire.AppendPosition(w, epoch, e.Seq)
	w.Close()
}

// appendText gives the body back as it is where it came through this door or
// is a file, which these clients know how to show; of anything else that is
// not a string they get the text.
func (s *shared) appendText(w *frame.Writer, e *chat.Event) {
	body := frame.Value(e.Body)
	switch {
	case e.Deleted() || body == nil:
		w.String("text", "")
	case body.Is('{') && (hasTempID(e) || s.isFile(body)):
		w.Raw("text", body)
	default:
		s.pool.AppendText(w, "text", body)
	}
}

func hasTempID(e *chat.Event) bool {
	_, ok := tempID(e.Nonce)
	return ok
}

func (s *shared) isFile(body []byte) bool {
	var typ frame.Value
	_ = s.pool.Members(body, func(name []byte, v frame.Value) { // it was valid when it was accepted
		if string(name) == "type" {
			typ = v
		}
	})
	t, _ := typ.Text()
	return t == "file"
}

// Signal implements wire.Words.
func (c *codec) Signal(s *chat.Signal, emit func([]byte)) {
	w := c.pool.Writer()
	switch {
	case s.Kind == chat.SignalTyping:
		appendTyping(w, s.User, s.Channel.Name, s.Typing)
	case s.Kind == chat.SignalPresence:
		appendPresence(w, s)
	case s.Kind == chat.SignalRead && s.ID != "":
		w.Begin("read")
		w.String("userId", s.User)
		w.String("messageId", s.ID)
		w.String("conversationId", s.Channel.Name)
		w.Close()
	}
	c.pool.Emit(w, emit)
}

// appendPresence says who came to a conversation, and who went.
func appendPresence(w *frame.Writer, s *chat.Signal) {
	if len(s.Joined)+len(s.Left) == 0 {
		return
	}
	w.Begin("presence")
	w.String("conversationId", s.Channel.Name)
	appendPeople(w, "joined", s.Joined)
	appendPeople(w, "left", s.Left)
	w.Close()
}

func appendPeople(w *frame.Writer, key string, users []chat.Presence) {
	if len(users) == 0 {
		return
	}
	w.Array(key)
	for i := range users {
		w.Open()
		w.String("userId", users[i].User)
		w.Maybe("userName", users[i].Name)
		w.Close()
	}
	w.End()
}

func appendTyping(w *frame.Writer, user, channel string, on bool) {
	if on {
		w.Begin("typing")
	} else {
		w.Begin("typing_stop")
	}
	w.String("userId", user)
	w.String("conversationId", channel)
	w.Close()
}

// Reply implements wire.Words.
func (c *codec) Reply(r *chat.Reply, emit func([]byte)) {
	s, _ := r.Ref.(*sender)
	switch {
	case r.Err != nil:
		c.refuse(r.Err, r.Command, s, emit)
	case r.Connected != nil:
		c.self = r.Connected.User
	case r.Subscribed != nil:
		if f, ok := r.Ref.(*following); ok {
			c.positions = c.positions || f.positions
		}
		c.encodeSubscribed(r.Subscribed, emit)
		c.encodeLost(r, emit)
	case r.Committed != nil && s != nil:
		c.encodeAck(r.Committed.Event, s, emit)
	case r.Ref != nil:
		if want, ok := r.Ref.(*wanted); ok {
			c.encodeMissing(r, *want, emit)
		}
	}
}

func (c *codec) encodeAck(e *chat.Event, s *sender, emit func([]byte)) {
	if s.user != "" {
		c.self = s.user // the claim was accepted
	}
	if s.tempID == "" {
		c.remember(e.Channel.Name, s.user, e.ID)
	}
	w := c.pool.Writer()
	w.Begin("message_ack")
	w.Maybe("tempId", s.tempID)
	w.String("messageId", e.ID)
	w.Uint("sequence", e.Sequence)
	w.String("conversationId", e.Channel.Name)
	w.Close()
	c.pool.Emit(w, emit)
}

func (c *codec) encodeSubscribed(s *chat.Subscribed, emit func([]byte)) {
	c.epoch = s.From.Epoch
	w := c.pool.Writer()
	w.Begin("subscribed")
	w.String("conversationId", s.Channel)
	w.Uint("firstSequence", s.Head.First)
	w.Uint("nextSequence", s.Head.Next)
	wire.AppendPosition(w, s.From.Epoch, s.From.Seq)
	w.Close()
	c.pool.Emit(w, emit)
}

// encodeLost says what a subscription asked for that is no longer kept.
func (c *codec) encodeLost(r *chat.Reply, emit func([]byte)) {
	first := r.Subscribed.Head.First
	if cmd, ok := r.Command.(chat.Subscribe); ok && cmd.FromSequence != nil && *cmd.FromSequence < first {
		c.gap(r.Subscribed.Channel, *cmd.FromSequence, first-1, emit)
	}
}

// encodeMissing gives a page of what was asked for, and says of each number
// that is not in it, and that a message once had, that it is gone.
func (c *codec) encodeMissing(r *chat.Reply, want wanted, emit func([]byte)) {
	channel := ""
	if cmd, ok := r.Command.(chat.History); ok {
		channel = cmd.Channel
	}
	next := want.from
	for _, e := range r.Messages {
		channel = e.Channel.Name
		if e.Sequence > next {
			c.gap(channel, next, e.Sequence-1, emit)
		}
		w := c.pool.Writer()
		c.appendMessage(w, e, "")
		c.pool.Emit(w, emit)
		next = e.Sequence + 1
	}
	if end := min(want.to+1, r.Head.Next); next < end {
		c.gap(channel, next, end-1, emit)
	}
}

func (c *codec) gap(channel string, from, to uint64, emit func([]byte)) {
	w := c.pool.Writer()
	w.Begin("message_gap")
	w.Maybe("conversationId", channel)
	w.Uint("from", from)
	w.Uint("to", to)
	w.Close()
	c.pool.Emit(w, emit)
}

// Notice implements wire.Words.
func (c *codec) Notice(n chat.Notice, emit func([]byte)) {
	switch n := n.(type) {
	case *chat.Level:
		for i := range n.Typing {
			if n.Typing[i].User != c.self {
				w := c.pool.Writer()
				appendTyping(w, n.Typing[i].User, n.Channel, true)
				c.pool.Emit(w, emit)
			}
		}
	case *chat.Opened:
		if n.Subscribed != nil {
			c.encodeSubscribed(n.Subscribed, emit)
		}
	case *chat.Dropped:
		c.refuse(n.Err, chat.Unsubscribe{Channel: n.Channel}, nil, emit)
	case *chat.Expiring:
		c.refuse(n.Err, nil, nil, emit)
	}
}

// refuse writes an error, and what it is about where that is known: a client
// marks the message of that tempId as failed.
func (c *codec) refuse(e *chat.Error, about chat.Command, s *sender, emit func([]byte)) {
	if e == nil {
		return
	}
	w := c.pool.Writer()
	wire.AppendError(w, e)
	if s != nil {
		w.Maybe("tempId", s.tempID)
	}
	switch cmd := about.(type) {
	case chat.Post:
		w.Maybe("conversationId", cmd.Channel)
	case chat.Subscribe:
		w.Maybe("conversationId", cmd.Channel)
	case chat.Unsubscribe:
		w.Maybe("conversationId", cmd.Channel)
	}
	w.Close()
	c.pool.Emit(w, emit)
}
