package wire

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// What the dialects of other systems' clients have in common: their frames are
// JSON objects with a type, their clients put members of their own into them,
// and are told the same way of what they never knew.

// ReadTyped reads a frame that is an object with a string named type, and
// gives its other members to set.
func ReadTyped(p *frame.Pool, data []byte, set func(name []byte, v frame.Value)) (string, error) {
	var typ frame.Value
	err := p.Object(data, func(name []byte, v frame.Value) {
		if string(name) == "type" {
			typ = v
			return
		}
		set(name, v)
	})
	if err != nil {
		return "", err
	}
	s, ok := typ.Text()
	if !ok {
		return "", chat.E(chat.CodeMalformed, "a frame has a string named type")
	}
	return s, nil
}

// ReadPosition is where a frame wants to go on in a log; nil where it does not
// say, be it that its position is null or "".
func ReadPosition(f *frame.Fields, v frame.Value) *chat.Position {
	s := f.String("position", v)
	if s == "" {
		return nil
	}
	p, err := chat.ParsePosition(s)
	if err != nil {
		f.Refuse(err)
	}
	return &p
}

// AppendError opens {"type":"error","code","message"}, with retryAfter in
// milliseconds where it says something, and of a position that cannot be
// resumed from why not, and from where it can. The object is left open.
func AppendError(w *frame.Writer, e *chat.Error) {
	w.Begin("error")
	w.String("code", string(e.Code))
	w.String("message", e.Message)
	if e.RetryAfter > 0 {
		w.Duration("retryAfter", e.RetryAfter)
	}
	if x := e.Expired; x != nil {
		w.Object("expired")
		w.String("reason", x.Reason)
		w.String("oldest", x.Oldest.String())
		w.String("head", x.Head.String())
		w.Close()
	}
}

// AppendPosition writes where in its log an event is, unless the log's epoch
// is not known.
func AppendPosition(w *frame.Writer, epoch string, seq uint64) {
	if epoch != "" {
		w.String("position", chat.Position{Epoch: epoch, Seq: seq}.String())
	}
}

// Words are a dialect's for each kind of delivery.
type Words interface {
	Event(e *chat.Event, emit func([]byte))
	Signal(s *chat.Signal, emit func([]byte))
	Reply(r *chat.Reply, emit func([]byte))
	Notice(n chat.Notice, emit func([]byte))
}

// Tell puts d into words.
func Tell(words Words, d *chat.Delivery, emit func([]byte)) {
	switch {
	case d.Event != nil:
		words.Event(d.Event, emit)
	case d.Signal != nil:
		words.Signal(d.Signal, emit)
	case d.Reply != nil:
		words.Reply(d.Reply, emit)
	case d.Notice != nil:
		words.Notice(d.Notice, emit)
	}
}

// Teller tells of events. There are no words in these dialects for reactions,
// pins and shared state; a reply is a message as any other.
type Teller struct {
	Pool    *frame.Pool
	Channel string // the member that names the channel; "": none does
	// Message writes a message.
	Message func(w *frame.Writer, e *chat.Event, epoch string)
	// Text writes what an edited message now says, as the member text.
	Text func(w *frame.Writer, e *chat.Event)
}

// Emit tells of any event. Of a message that was deleted the delete tells.
func (t *Teller) Emit(e *chat.Event, epoch string, emit func([]byte)) {
	w := t.Pool.Writer()
	switch {
	case e.Kind != chat.KindMessage:
		t.Append(w, e, epoch)
	case !e.Deleted():
		t.Message(w, e, epoch)
	}
	t.Pool.Emit(w, emit)
}

// Append writes an edit, a deletion or the end of a call; of any other event,
// and of an edit whose message is gone, nothing.
func (t *Teller) Append(w *frame.Writer, e *chat.Event, epoch string) {
	switch {
	case e.Kind == chat.KindEdit && e.Body != nil:
		w.Begin("edited")
		t.appendTarget(w, e)
		t.Text(w, e)
	case e.Kind == chat.KindDelete:
		w.Begin("deleted")
		t.appendTarget(w, e)
	case e.Kind == chat.KindCall && e.Call != nil:
		w.Begin("call")
		t.appendCall(w, e.Call)
	default:
		return
	}
	w.Maybe("userId", e.Sender) // nobody: its time was over
	w.Millis("timestamp", e.At)
	AppendPosition(w, epoch, e.Seq)
	w.Close()
}

func (t *Teller) appendTarget(w *frame.Writer, e *chat.Event) {
	w.String("id", e.ID)
	if t.Channel != "" {
		w.String(t.Channel, e.Channel.Name)
	}
}

func (t *Teller) appendCall(w *frame.Writer, c *chat.Call) {
	w.String("callId", c.ID)
	if t.Channel != "" {
		w.String(t.Channel, c.Channel.Name)
	}
	w.String("state", string(c.State))
	w.String("senderId", c.Caller)
	w.String("recipientId", c.Callee)
	w.Millis("startedAt", c.StartedAt)
	if !c.AnsweredAt.IsZero() {
		w.Millis("answeredAt", c.AnsweredAt)
	}
}
