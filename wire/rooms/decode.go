package rooms

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

type envelope struct {
	frame.Fields
	user, name, room, content, timestamp frame.Value
	isTyping, typing, position           frame.Value
}

func (e *envelope) set(name []byte, v frame.Value) {
	switch string(name) {
	case "userId":
		e.user = v
	case "username":
		e.name = v
	case "roomId":
		e.room = v
	case "content":
		e.content = v
	case "timestamp":
		e.timestamp = v
	case "isTyping":
		e.isTyping = v
	case "typing":
		e.typing = v
	case "position":
		e.position = v
	}
}

// Decode reads one frame. Only a join to another room is two requests.
func (c *codec) Decode(data []byte, do func(chat.Request)) error {
	var e envelope
	typ, err := wire.ReadTyped(c.pool, data, e.set)
	if err != nil {
		return err
	}
	r := chat.Request{User: e.String("userId", e.user), Name: e.String("username", e.name)}
	if e.timestamp.Given() && !e.timestamp.Is('0') {
		e.Refuse(chat.E(chat.CodeInvalid, "timestamp must be a number"))
	}
	if typ == "join" {
		return c.join(&e, r, do)
	}
	room := c.current()
	switch typ {
	case "message":
		if e.content == nil || !e.content.Is('"') {
			e.Refuse(chat.E(chat.CodeInvalid, "content must be a string"))
		}
		r.Command = chat.Post{Channel: room, Body: e.content.Copy(), Meta: c.extras.Pack(data)}
	case "typing":
		r.Command = chat.Typing{Channel: room, On: e.begins()}
	case "leave":
		r.Command = chat.Unsubscribe{Channel: room}
	default:
		return chat.E(chat.CodeUnknownType, "the types are join, message, typing and leave")
	}
	switch {
	case e.Err != nil:
		return e.Err
	case room == "":
		return chat.E(chat.CodeNotSubscribed, "join a room first")
	case typ == "leave":
		c.move("")
	}
	do(r)
	return nil
}

// join enters a room, and leaves the one before. A second join to the same one
// changes nothing, unless it names a position; it is passed on as a ping, so
// that who it claims to be is still looked at.
func (c *codec) join(e *envelope, r chat.Request, do func(chat.Request)) error {
	room := e.String("roomId", e.room)
	if room == "" {
		room = defaultRoom
	}
	from := wire.ReadPosition(&e.Fields, e.position)
	if e.Err != nil {
		return e.Err
	}
	// Before anything is left: a room that cannot be is no reason to leave one.
	if err := chat.CheckChannelName(room); err != nil {
		return err
	}
	before := c.move(room)
	if before == room && from == nil {
		r.Command = chat.Ping{}
		do(r)
		return nil
	}
	if before != "" && before != room {
		leave := r
		leave.Command = chat.Unsubscribe{Channel: before}
		do(leave)
	}
	r.Ref = &joining{person{r.User, r.Name}, before == room}
	r.Command = chat.Subscribe{Channel: room, From: from, Presence: true}
	do(r)
	return nil
}

// begins reports whether a typing frame says that typing goes on: unless it
// has a member of its own that denies it, it does.
func (e *envelope) begins() bool {
	off := e.isTyping.Is('f') || e.typing.Is('f')
	e.Bool("isTyping", e.isTyping)
	e.Bool("typing", e.typing)
	return !off
}
