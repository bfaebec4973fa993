package threads

import (
	"strings"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// The types of frames that are signals by the same name to everybody else.
const (
	connected = "user_connected"
	offer     = "offer"
	answer    = "answer"
	candidate = "ice-candidate"
)

type envelope struct {
	frame.Fields
	thread, recipient, sender, user, name frame.Value
	message, token, typing, position      frame.Value
	call                                  frame.Value
}

func (e *envelope) set(name []byte, v frame.Value) {
	switch string(name) {
	case "threadId":
		e.thread = v
	case "recipientId":
		e.recipient = v
	case "senderId":
		e.sender = v
	case "userId":
		e.user = v
	case "username":
		e.name = v
	case "message":
		e.message = v
	case "token":
		e.token = v
	case "typing":
		e.typing = v
	case "position":
		e.position = v
	case "callId":
		e.call = v
	}
}

// reading is one frame on its way to the session.
type reading struct {
	envelope
	codec   *codec
	data    []byte
	channel string
	to      string
	from    chat.Request // who the frame is from
	do      func(chat.Request)
}

// Decode reads one frame. A message or a sign of typing in a thread that the
// client has not joined joins it first; an answer to an offer takes the call.
func (c *codec) Decode(data []byte, do func(chat.Request)) error {
	f := reading{codec: c, data: data, do: do}
	typ, err := wire.ReadTyped(c.pool, data, f.set)
	if err != nil {
		return err
	}
	f.identify(typ)
	f.channel, f.to = f.String("threadId", f.thread), f.String("recipientId", f.recipient)
	switch typ {
	case connected:
		f.connect()
	case "join_thread":
		f.join()
	case "send_message":
		f.post()
	case "typing":
		f.typed()
	case offer, answer, candidate:
		f.signal(typ)
	default:
		if !f.calling(typ) {
			return chat.E(chat.CodeUnknownType, "the types are user_connected, join_thread, send_message, typing, "+
				"call_initiated, call_accepted, call_declined, call_busy, call_ended, offer, answer and ice-candidate")
		}
	}
	return f.Err
}

// identify reads who the frame is from: senderId, or userId in those that say
// who the client is.
func (f *reading) identify(typ string) {
	user, key := f.sender, "senderId"
	if typ == connected || !user.Given() && (typ == "join_thread" || typ == "typing") {
		user, key = f.user, "userId"
	}
	f.from = chat.Request{User: f.String(key, user), Name: f.String("username", f.name), Token: f.String("token", f.token)}
}

// ask hands a command to the session, if the frame was right.
func (f *reading) ask(command chat.Command, a asked) {
	if f.Err != nil {
		return
	}
	r := f.from
	a.user = r.User
	r.Ref, r.Command = &a, command
	f.do(r)
}

func (f *reading) connect() {
	f.Need("userId", f.user)
	f.ask(chat.Send{Name: connected, Data: f.codec.relay(f.data, "userId"), Kin: true, Echo: true}, asked{})
}

// join begins a place in a thread. To join again changes nothing, unless from a
// position; it is passed on as a ping, so that who it claims to be from is
// still looked at.
func (f *reading) join() {
	f.Need("threadId", f.thread)
	from := wire.ReadPosition(&f.Fields, f.position)
	if f.Err != nil {
		return
	}
	again := !f.codec.enter(f.channel)
	if again && f.position == nil {
		f.ask(chat.Ping{}, asked{})
		return
	}
	f.ask(chat.Subscribe{Channel: f.channel, From: from, Presence: true}, asked{inside: again, answers: f.position != nil})
}

func (f *reading) post() {
	if !f.message.Is('"') {
		f.Refuse(chat.E(chat.CodeInvalid, "message must be a string"))
	}
	p := chat.Post{Channel: f.channel, Body: f.message.Copy()}
	switch {
	case f.channel == "" && f.to == "":
		f.Refuse(chat.E(chat.CodeInvalid, "threadId or recipientId is missing"))
	case f.channel == "":
		p.To = f.to
	}
	if f.Err != nil {
		return
	}
	p.Meta = f.codec.extras.Pack(f.data)
	f.enter()
	f.ask(p, asked{})
}

func (f *reading) typed() {
	f.Need("threadId", f.thread)
	on := !f.typing.Given() || f.Bool("typing", f.typing)
	f.enter()
	f.ask(chat.Typing{Channel: f.channel, On: on}, asked{})
}

// enter joins the thread that somebody speaks in without having joined. The
// session enters a direct channel by itself.
func (f *reading) enter() {
	if f.Err == nil && f.channel != "" && !strings.HasPrefix(f.channel, chat.DirectPrefix) && f.codec.enter(f.channel) {
		f.ask(chat.Subscribe{Channel: f.channel, Presence: true}, asked{quiet: true})
	}
}
