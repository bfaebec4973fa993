package socketio

import (
	"bytes"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// encodeEvent writes messages, edits and deletes. There are no words here for
// reactions, pins, members and shared state.
func (e *events) encodeEvent(ev *chat.Event, emit func(wire.Message)) {
	switch {
	case ev.Kind == chat.KindMessage && !ev.Deleted():
		e.encodeMessage(ev, emit)
	case ev.Kind == chat.KindEdit && ev.Body != nil:
		e.tell("edited", emit, func(w *frame.Writer) {
			w.String("id", ev.ID)
			e.pool.AppendText(w, "text", ev.Body)
			appendWho(w, "", ev.Sender, ev.At)
		})
	case ev.Kind == chat.KindDelete:
		e.tell("deleted", emit, func(w *frame.Writer) {
			w.String("id", ev.ID)
			if ev.Sender == "" { // its time was over
				w.Millis("timestamp", ev.At)
				return
			}
			appendWho(w, "", ev.Sender, ev.At)
		})
	}
}

// tell emits an event of one argument, which build fills.
func (e *events) tell(name string, emit func(wire.Message), build func(*frame.Writer)) {
	w := e.pool.Writer()
	e.codec.event(w, name, 0, nil)
	w.Open()
	build(w)
	w.Close()
	w.End()
	e.codec.emit(w, emit)
}

// appendWho writes who an event is of: the socket, where there is one, and the
// user.
func appendWho(w *frame.Writer, sid, user string, at time.Time) {
	if sid == "" {
		sid = user
	}
	w.String("userId", sid)
	w.String("user", user)
	w.Millis("timestamp", at)
}

// encodeMessage gives the sender's own members back, but never in place of
// those that the server answers for. A sender's own `id` stays; the server's is
// then called `messageId`.
func (e *events) encodeMessage(ev *chat.Event, emit func(wire.Message)) {
	sid := e.sidIn(ev)
	body, attachments := outwards(e.pool, ev.Body)
	w := e.pool.Writer()
	e.codec.event(w, "message", len(attachments), nil)
	w.Open()
	id := "id"
	switch {
	case len(attachments) == 1 && bytes.HasPrefix(body, []byte(`{"`+placeholder)): // that is all it is
		w.Raw("data", body)
	case frame.Value(body).Is('{'):
		id = e.appendMembers(w, ev.Body, body, sid == "")
	default:
		e.pool.AppendText(w, "text", ev.Body)
		if !frame.Value(body).Is('"') {
			w.Raw("data", body)
		}
	}
	appendWho(w, sid, ev.Sender, ev.At)
	w.String(id, ev.ID)
	w.Close()
	w.End()
	e.codec.emit(w, emit)
	for _, data := range attachments {
		emit(wire.Message{Data: data, Binary: true})
	}
}

// appendMembers writes the members of an object, and its text besides where it
// comes from another door and has none that a client here would look for.
func (e *events) appendMembers(w *frame.Writer, kept, body []byte, foreign bool) (id string) {
	id = "id"
	readable, taken := !foreign, false
	_ = e.pool.Members(body, func(name []byte, v frame.Value) { // the body was valid when it was accepted
		switch string(name) {
		case "userId", "user", "timestamp", "messageId":
			return
		case "id":
			id = "messageId"
		case "text", "message", "content":
			readable = readable || v.Is('"')
			taken = taken || string(name) == "text"
		}
		w.Pair(name, v)
	})
	if !readable && !taken {
		e.pool.AppendText(w, "text", kept)
	}
	return id
}

func (e *events) encodeSignal(s *chat.Signal, emit func(wire.Message)) {
	switch s.Kind {
	case chat.SignalTyping:
		e.tell("user-typing", emit, func(w *frame.Writer) {
			appendWho(w, socketOf(s.Device), s.User, s.At)
			w.Bool("isTyping", s.Typing)
		})
	case chat.SignalPresence:
		for i := range s.Joined {
			// Who comes by a socket tells it itself, once for each of them.
			if socketOf(s.Joined[i].Device) == "" {
				e.tellOf(joined, &s.Joined[i], s, emit)
			}
		}
		for i := range s.Left {
			e.tellOf("user-left", &s.Left[i], s, emit)
		}
	case chat.SignalCustom:
		e.encodeCustom(s, emit)
	case chat.SignalCall:
		e.encodeCall(s, emit)
	}
}

// socketOf is the device's id, if it is a socket of this namespace.
func socketOf(device string) string {
	if strings.Contains(device, elsewhere) {
		return ""
	}
	return device
}

func (e *events) tellOf(name string, p *chat.Presence, s *chat.Signal, emit func(wire.Message)) {
	e.tell(name, emit, func(w *frame.Writer) {
		appendWho(w, socketOf(p.Device), p.User, s.At)
		w.Maybe("room", s.Channel.Name)
	})
}

// encodeCustom tells of sockets that came, and passes on what clients of other
// doors signal, under one name: they cannot pretend to be the server.
func (e *events) encodeCustom(s *chat.Signal, emit func(wire.Message)) {
	if s.Dialect == Name && s.Name == joined {
		e.tellOf(joined, &chat.Presence{User: s.User, Device: s.Device}, s, emit)
		return
	}
	e.tell("signal", emit, func(w *frame.Writer) {
		w.String("event", s.Name)
		if s.Data != nil {
			w.Raw("data", s.Data)
		}
		appendWho(w, socketOf(s.Device), s.User, s.At)
		w.Maybe("room", s.Channel.Name)
	})
}

func (e *events) encodeCall(s *chat.Signal, emit func(wire.Message)) {
	c := s.Call
	if c == nil {
		return
	}
	e.tell("call", emit, func(w *frame.Writer) {
		w.String("callId", c.ID)
		w.String("state", string(c.State))
		w.String("callerId", c.Caller)
		w.String("calleeId", c.Callee)
		w.Maybe("by", c.By)
		if c.Data != nil {
			w.Raw("data", c.Data)
		}
		w.Millis("timestamp", s.At)
	})
}
