package conversations

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// A `missing` is read in pages of at most so many messages, and refused where
// it asks for more pages than that: a client asks for what it has a gap in, and
// a broken one must not make the server read a whole channel.
const (
	pageSize = 100
	maxPages = 100
)

// sender travels through the session with a message: who claims to send it,
// and as what.
type sender struct{ user, tempID string }

// following travels with a subscribe.
type following struct{ positions bool } // the client keeps its own

// wanted travels with a page of `missing`: the sequences asked for, inclusive.
type wanted struct{ from, to uint64 }

type envelope struct {
	frame.Fields
	conversation, from, to, message, user, id, position frame.Value
}

func (e *envelope) set(name []byte, v frame.Value) {
	switch string(name) {
	case "conversationId":
		e.conversation = v
	case "fromSequence", "from":
		e.from = v
	case "to":
		e.to = v
	case "message":
		e.message = v
	case "userId":
		e.user = v
	case "messageId":
		e.id = v
	case "position":
		e.position = v
	}
}

// Decode reads one frame. Only a `missing` may be several requests.
func (c *codec) Decode(data []byte, do func(chat.Request)) error {
	var e envelope
	typ, err := wire.ReadTyped(c.pool, data, e.set)
	if err != nil {
		return err
	}
	switch typ {
	case "message":
		return c.post(e.message, do)
	case "missing":
		return e.missing(do)
	}
	r := chat.Request{User: e.String("userId", e.user)}
	channel := e.String("conversationId", e.conversation)
	switch typ {
	case "subscribe":
		r.Command = e.subscribe(channel)
		r.Ref = &following{positions: e.position != nil}
	case "typing_start", "typing_stop":
		r.Command = chat.Typing{Channel: channel, On: typ == "typing_start"}
	case "read_receipt":
		e.Need("messageId", e.id)
		r.Command = chat.Read{Channel: channel, ID: e.String("messageId", e.id)}
	default:
		return chat.E(chat.CodeUnknownType,
			"the types are subscribe, message, missing, typing_start, typing_stop and read_receipt")
	}
	if e.Err != nil {
		return e.Err
	}
	do(r)
	return nil
}

func (e *envelope) subscribe(channel string) chat.Subscribe {
	e.Need("conversationId", e.conversation)
	s := chat.Subscribe{Channel: channel, From: wire.ReadPosition(&e.Fields, e.position), Presence: true}
	if e.from.Given() && s.From != nil {
		e.Refuse(chat.E(chat.CodeInvalid, "a subscription begins at a position or at a fromSequence, not at both"))
	}
	if e.from.Given() {
		n := e.Uint("fromSequence", e.from)
		s.FromSequence = &n
	}
	return s
}

// post sends the message of a frame. Its status and timestamp are the
// client's own affair: the server has both.
func (c *codec) post(message frame.Value, do func(chat.Request)) error {
	if !message.Is('{') {
		return chat.E(chat.CodeInvalid, "message must be an object")
	}
	var f frame.Fields
	var id, conversation, user, text frame.Value
	_ = c.pool.Members(message, func(name []byte, v frame.Value) { // it is part of a frame that was read
		switch string(name) {
		case "id":
			id = v
		case "conversationId":
			conversation = v
		case "senderId":
			user = v
		case "text":
			text = v
		}
	})
	if !text.Is('"') && !text.Is('{') {
		f.Refuse(chat.E(chat.CodeInvalid, "text must be a string or an object"))
	}
	f.Need("conversationId", conversation)
	temp := f.String("id", id)
	if len(temp) > maxTempID {
		f.Refuse(chat.E(chat.CodeInvalid, "the id is longer than %d bytes", maxTempID))
	}
	p := chat.Post{Channel: f.String("conversationId", conversation), Body: text.Copy(), Meta: c.extras.Pack(message)}
	if temp != "" {
		p.Nonce, p.NonceTTL = nonceOf(temp, p.Body, p.Meta), retryWindow
	}
	r := chat.Request{User: f.String("senderId", user), Command: p}
	if f.Err != nil {
		return f.Err
	}
	if temp != "" {
		c.remember(p.Channel, r.User, p.Nonce)
	}
	r.Ref = &sender{user: r.User, tempID: temp}
	do(r)
	return nil
}

func (e *envelope) missing(do func(chat.Request)) error {
	e.Need("from", e.from)
	e.Need("to", e.to)
	user := e.String("userId", e.user)
	channel := e.String("conversationId", e.conversation)
	from, to := e.Uint("from", e.from), e.Uint("to", e.to)
	switch {
	case e.Err != nil:
		return e.Err
	case to < from:
		return chat.E(chat.CodeInvalid, "to lies before from")
	case to-from >= maxPages*pageSize:
		return chat.E(chat.CodeTooMany, "at most %d messages at a time", maxPages*pageSize)
	}
	for ; from <= to; from += pageSize {
		last := min(to, from+pageSize-1)
		do(chat.Request{
			User: user,
			Ref:  &wanted{from: from, to: last},
			Command: chat.History{Channel: channel, Page: chat.Page{
				After:      from,
				Before:     last + 1,
				Forward:    true,
				BySequence: true,
				Limit:      int(last - from + 1),
			}},
		})
	}
	return nil
}
