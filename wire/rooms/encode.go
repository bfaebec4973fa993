package rooms

import (
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Encode writes what a client of rooms is told of d: mostly one frame, of
// presence one for each user, of acknowledgements none.
func (c *codec) Encode(d *chat.Delivery, emit func([]byte)) {
	wire.Tell(c, d, emit)
}

// Event implements wire.Words.
func (c *codec) Event(e *chat.Event, emit func([]byte)) { c.teller.Emit(e, c.epoch, emit) }

// appendMessage gives the client's own members back, its timestamp too.
func (s *shared) appendMessage(w *frame.Writer, e *chat.Event, epoch string) {
	w.Begin("message")
	appendPerson(w, person{e.Sender, e.SenderName})
	s.pool.AppendText(w, "content", e.Body)
	s.extras.Append(w, e)
	wire.AppendPosition(w, epoch, e.Seq)
	w.Close()
}

// Signal implements wire.Words.
func (c *codec) Signal(s *chat.Signal, emit func([]byte)) {
	switch s.Kind {
	case chat.SignalTyping:
		typ := "typing"
		if !s.Typing {
			typ = "typing_stop"
		}
		c.tell(typ, person{s.User, s.UserName}, s.At, emit)
	case chat.SignalPresence:
		c.tellAll("join", s.Joined, s.At, emit)
		c.tellAll("leave", s.Left, s.At, emit)
	}
}

func (c *codec) tellAll(typ string, users []chat.Presence, at time.Time, emit func([]byte)) {
	for i := range users {
		if users[i].User != c.self.user {
			c.tell(typ, person{users[i].User, users[i].Name}, at, emit)
		}
	}
}

func (c *codec) tell(typ string, who person, at time.Time, emit func([]byte)) {
	w := c.pool.Writer()
	w.Begin(typ)
	appendPerson(w, who)
	w.Millis("timestamp", at)
	w.Close()
	c.pool.Emit(w, emit)
}

// tellJoined is the joiner's own join, which says where in the log it begins.
func (c *codec) tellJoined(from chat.Position, emit func([]byte)) {
	w := c.pool.Writer()
	w.Begin("join")
	appendPerson(w, c.self)
	w.Millis("timestamp", c.now())
	wire.AppendPosition(w, from.Epoch, from.Seq)
	w.Close()
	c.pool.Emit(w, emit)
}

// Reply implements wire.Words.
func (c *codec) Reply(r *chat.Reply, emit func([]byte)) {
	switch {
	case r.Err != nil:
		if j, ok := r.Ref.(*joining); ok && !j.inside {
			c.left(r.Command.(chat.Subscribe).Channel)
		}
		c.refuse(r.Err, emit)
	case r.Connected != nil:
		c.self = person{r.Connected.User, r.Connected.Name}
	case r.Subscribed != nil:
		c.become(r.Ref)
		c.inside = r.Subscribed.Channel
		c.epoch = r.Subscribed.From.Epoch
		c.tellJoined(r.Subscribed.From, emit)
	}
}

// become takes over whom a join that was accepted names, if the session was
// somebody else's: a guest's. Of who it is already, no frame changes the name.
func (c *codec) become(ref any) {
	if j, ok := ref.(*joining); ok && j.user != "" && j.user != c.self.user {
		c.self = j.person
	}
}

// Notice implements wire.Words.
func (c *codec) Notice(n chat.Notice, emit func([]byte)) {
	switch n := n.(type) {
	case *chat.Level:
		if n.Channel == c.inside {
			c.encodeState(n, emit)
		}
	case *chat.Dropped:
		c.left(n.Channel)
		c.refuse(n.Err, emit)
	case *chat.Expiring:
		c.refuse(n.Err, emit)
	}
}

// encodeState tells who is in the room: after a join, and again when a client
// that was too slow for some joins and leaves has caught up.
func (c *codec) encodeState(n *chat.Level, emit func([]byte)) {
	w := c.pool.Writer()
	w.Begin("room_state")
	w.Array("users")
	for i := range n.Present {
		if p := &n.Present[i]; p.User != c.self.user {
			w.Open()
			appendPerson(w, person{p.User, p.Name})
			w.Close()
		}
	}
	w.End()
	w.Millis("timestamp", c.now())
	w.Close()
	c.pool.Emit(w, emit)
}

func (c *codec) refuse(e *chat.Error, emit func([]byte)) {
	if e == nil {
		return
	}
	w := c.pool.Writer()
	wire.AppendError(w, e)
	w.Close()
	c.pool.Emit(w, emit)
}

// appendPerson writes who a frame is about. Clients show the username as it
// is, so a user without one goes by their id.
func appendPerson(w *frame.Writer, p person) {
	name := p.name
	if name == "" {
		name = p.user
	}
	w.String("userId", p.user)
	w.String("username", name)
}
