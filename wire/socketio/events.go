package socketio

import (
	"bytes"
	"slices"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Name is what the events' dialect is called.
const Name = "socketio"

// metaKey is the member of a message's meta under which this dialect keeps the
// id of the socket that it came by.
const metaKey = "socketio"

// joined is the signal by which a socket tells the others of a room that it is
// there: its own kin alone, for other doors see users and not sockets.
const joined = "user-joined"

// Events is the dialect of the main namespace: `join-room`, `leave-room`,
// `message` and `typing` in; `user-joined`, `user-left`, `message`, `edited`,
// `deleted`, `user-typing`, `call`, `signal` and `error` out.
func Events() *Dialect {
	pool := new(frame.Pool)
	return &Dialect{
		Namespace: Main, Speech: chat.Speech{Dialect: Name}, Format: &chat.Format{Name: Name}, pool: pool,
		speak: func(c *Codec, _ string) speech { return &events{codec: c, pool: pool} },
	}
}

type events struct {
	codec *Codec
	pool  *frame.Pool

	mu    sync.Mutex
	sid   string
	rooms []string // joined, or about to be, and not left; messages go to the first
}

func (e *events) opened(device string, rooms []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sid = device
	for _, room := range rooms {
		if room != "" && !slices.Contains(e.rooms, room) {
			e.rooms = append(e.rooms, room)
		}
	}
}

// enter adds a room; false: it is there already.
func (e *events) enter(room string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.Contains(e.rooms, room) {
		return false
	}
	e.rooms = append(e.rooms, room)
	return true
}

func (e *events) left(room string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rooms = slices.DeleteFunc(e.rooms, func(r string) bool { return r == room })
}

// current is the room that events go to which name none.
func (e *events) current() (room string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.rooms) == 0 {
		return "", chat.E(chat.CodeNotSubscribed, "join a room first")
	}
	return e.rooms[0], nil
}

func (e *events) decode(name []byte, args []frame.Value, in *inward, c *call, do func(chat.Request)) error {
	r := chat.Request{Ref: c}
	var err error
	switch string(name) {
	case "join-room":
		r.Command, err = e.join(args, c)
	case "leave-room":
		r.Command, err = e.leave(args)
	case "message":
		r.Command, err = e.message(args, in)
	case "typing":
		r.Command, err = e.typing(args)
	default:
		err = chat.E(chat.CodeUnknownType, "the events are join-room, leave-room, message and typing")
	}
	if err != nil {
		return err
	}
	do(r)
	return nil
}

// join enters a room. To join one again changes nothing, but is answered.
func (e *events) join(args []frame.Value, c *call) (chat.Command, error) {
	room, err := roomIn(args)
	if err != nil {
		return nil, err
	}
	if !e.enter(room) {
		return chat.Ping{}, nil
	}
	c.join = room
	return chat.Subscribe{Channel: room, Presence: true}, nil
}

func (e *events) leave(args []frame.Value) (chat.Command, error) {
	room, err := "", error(nil)
	if len(args) == 0 {
		room, err = e.current()
	} else {
		room, err = roomIn(args)
	}
	if err != nil {
		return nil, err
	}
	e.left(room)
	return chat.Unsubscribe{Channel: room}, nil
}

func roomIn(args []frame.Value) (string, error) {
	if len(args) == 0 {
		return "", chat.E(chat.CodeInvalid, "the name of a room is missing")
	}
	room, ok := args[0].Text()
	if !ok || room == "" {
		return "", chat.E(chat.CodeInvalid, "the name of a room is a string")
	}
	return room, nil
}

// message keeps what was sent as the message's body: all doors know how to
// read a text out of an object.
func (e *events) message(args []frame.Value, in *inward) (chat.Command, error) {
	if len(args) == 0 {
		return nil, chat.E(chat.CodeInvalid, "a message has an argument")
	}
	body, err := in.body(args[0])
	if err != nil {
		return nil, err
	}
	room, err := e.current()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	sid := e.sid
	e.mu.Unlock()
	return chat.Post{Channel: room, Body: body, Meta: metaOf(sid)}, nil
}

// body is v as it is kept. It has all attachments of its packet.
func (in *inward) body(v frame.Value) ([]byte, error) {
	body := in.take(v)
	if in.used != len(in.attachments) {
		in.refuse("an attachment has one place, and a place has one attachment")
	}
	return body, in.err
}

func metaOf(sid string) []byte {
	w := new(frame.Writer)
	w.Open()
	w.Object(metaKey)
	w.String("sid", sid)
	w.Close()
	w.Close()
	return w.Bytes()
}

func (e *events) typing(args []frame.Value) (chat.Command, error) {
	if len(args) == 0 || !args[0].Is('t') && !args[0].Is('f') {
		return nil, chat.E(chat.CodeInvalid, "typing is true or false")
	}
	room, err := e.current()
	if err != nil {
		return nil, err
	}
	return chat.Typing{Channel: room, On: args[0].Is('t')}, nil
}

// acked: nothing that is sent here asks for an acknowledgement.
func (e *events) acked(uint64, func(chat.Request)) {}

// follow tells the others of a room that this socket is there, now that it is.
func (e *events) follow(r *chat.Reply) (chat.Request, bool) {
	if c := callOf(r); c != nil && c.join == "" {
		return chat.Request{}, false
	}
	return chat.Request{
		Ref:     &call{silent: true},
		Command: chat.Send{Channel: r.Subscribed.Channel, Name: joined, Kin: true},
	}, true
}

// shared: what is told of a room is the same for all.
func (e *events) shared(d *chat.Delivery) bool { return d.Event != nil || d.Signal != nil }

func (e *events) encode(d *chat.Delivery, emit func(wire.Message)) {
	switch {
	case d.Event != nil:
		e.encodeEvent(d.Event, emit)
	case d.Signal != nil:
		e.encodeSignal(d.Signal, emit)
	case d.Reply != nil:
		e.encodeReply(d.Reply, emit)
	case d.Notice != nil:
		e.encodeNotice(d.Notice, emit)
	}
}

func (e *events) encodeReply(r *chat.Reply, emit func(wire.Message)) {
	if r.Err != nil {
		if s, ok := r.Command.(chat.Subscribe); ok {
			e.left(s.Channel)
		}
	}
	c := callOf(r)
	if c != nil && c.silent || c == nil && r.Err == nil {
		return
	}
	w := e.pool.Writer()
	switch {
	case r.Err != nil && (c == nil || !c.wanted):
		appendError(w, e.codec.dialect.Namespace, r.Err, "")
	case !c.wanted:
	default:
		e.codec.answer(w, c, "")
		appendAnswer(w, r)
		w.End()
	}
	e.codec.emit(w, emit)
}

// appendAnswer writes what an acknowledgement says.
func appendAnswer(w *frame.Writer, r *chat.Reply) {
	w.Open()
	switch {
	case r.Err != nil:
		w.String("error", r.Err.Message)
		w.String("code", string(r.Err.Code))
		if r.Err.RetryAfter > 0 {
			w.Duration("retryAfter", r.Err.RetryAfter)
		}
	case r.Committed != nil:
		w.String("id", r.Committed.Event.ID)
		w.Uint("seq", r.Committed.Event.Seq)
	default:
		w.Bool("ok", true)
	}
	w.Close()
}

func (e *events) encodeNotice(n chat.Notice, emit func(wire.Message)) {
	var err *chat.Error
	room := ""
	switch n := n.(type) {
	case *chat.Dropped:
		e.left(n.Channel)
		err, room = n.Err, n.Channel
	case *chat.Expiring:
		err = n.Err
	}
	if err == nil {
		return
	}
	w := e.pool.Writer()
	appendError(w, e.codec.dialect.Namespace, err, room)
	e.codec.emit(w, emit)
}

// sidIn is the id of the socket that a message came by, or "".
func (e *events) sidIn(ev *chat.Event) (sid string) {
	if !bytes.Contains(ev.Meta, []byte(`"`+metaKey+`"`)) {
		return ""
	}
	var kept frame.Value
	_ = e.pool.Members(ev.Meta, func(name []byte, v frame.Value) { // meta was valid when it was accepted
		if string(name) == metaKey {
			kept = v
		}
	})
	if !kept.Is('{') {
		return ""
	}
	_ = e.pool.Members(kept, func(name []byte, v frame.Value) {
		if id, ok := v.Name(); ok && string(name) == "sid" && binds(id, ev.Sender) {
			sid = string(id)
		}
	})
	return sid
}
