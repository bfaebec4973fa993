package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// Decode reads one frame, which is one request, or one for each message of a
// list.
func (c *codec) Decode(data []byte, do func(chat.Request)) error {
	var e envelope
	if err := c.pool.Object(data, func(name []byte, v frame.Value) { e.set(name, v) }); err != nil {
		return err
	}
	if e.batched() {
		return c.batch(&e, do)
	}
	r, err := c.request(&e)
	if err == nil {
		do(r)
		return nil
	}
	return carrying(r.Ref, err)
}

// carrying is err with what its answer is to carry back.
func carrying(ref any, err error) error {
	if ref != nil {
		told := *chat.AsError(err)
		told.Cause = refused{ref}
		return &told
	}
	return err
}

// request is what e asks; with an error its Ref may still be set.
func (c *codec) request(e *envelope) (chat.Request, error) {
	var r chat.Request
	if r.Ref = e.carried(); e.Err != nil {
		return r, e.Err
	}
	typ, ok := e.typ.Name()
	if !ok {
		return r, chat.E(chat.CodeMalformed, "a frame has a string named type")
	}
	channel := e.Same("channelId", e.channel, &c.channel)
	if r.Command = e.command(string(typ), channel); r.Command == nil {
		return r, chat.E(chat.CodeUnknownType, "there is no frame of this type")
	}
	if string(typ) == "connect" {
		r.User, r.Name = e.String("userId", e.user), e.String("userName", e.name)
	}
	return r, e.Err
}

// command is nil if there is no frame of this type.
func (e *envelope) command(typ, channel string) chat.Command {
	if c := e.message(typ, channel); c != nil {
		return c
	}
	if c := e.signal(typ, channel); c != nil {
		return c
	}
	if c := e.page(typ, channel); c != nil {
		return c
	}
	if c := e.subscription(typ, channel); c != nil {
		return c
	}
	if c := e.state(typ, channel); c != nil {
		return c
	}
	if c := e.calling(typ, channel); c != nil {
		return c
	}
	return e.people(typ, channel)
}

// carried is the ref to carry back, nil if there is none.
func (e *envelope) carried() any {
	if !e.ref.Given() {
		return nil
	}
	if n, ok := e.ref.Number(); ok {
		return n
	}
	if e.ref.Is('"') && len(e.ref) <= maxRef+2 || e.ref.Is('0') && len(e.ref) <= maxRef {
		return ref(e.ref)
	}
	e.Refuse(chat.E(chat.CodeInvalid, "ref must be a string or number of at most %d bytes", maxRef))
	return nil
}

// message makes the commands about messages and what hangs on them.
func (e *envelope) message(typ, channel string) chat.Command {
	switch typ {
	case "publish":
		return e.publish(channel)
	case "edit":
		e.Need("id", e.id)
		return chat.Edit{
			Channel: channel,
			ID:      e.String("id", e.id),
			Body:    e.content(),
			Nonce:   e.String("nonce", e.nonce),
		}
	case "delete":
		e.Need("id", e.id)
		return chat.Delete{Channel: channel, ID: e.String("id", e.id), Nonce: e.String("nonce", e.nonce)}
	case "react":
		e.Need("id", e.id)
		e.Need("reaction", e.reaction)
		return chat.React{
			Channel: channel,
			ID:      e.String("id", e.id),
			Name:    e.String("reaction", e.reaction),
			On:      e.added(),
			Nonce:   e.String("nonce", e.nonce),
		}
	case "pin":
		e.Need("id", e.id)
		return chat.Pin{
			Channel: channel,
			ID:      e.String("id", e.id),
			On:      e.added(),
			Nonce:   e.String("nonce", e.nonce),
		}
	}
	return nil
}

func (e *envelope) publish(channel string) chat.Post {
	p := chat.Post{
		Channel: channel,
		Body:    e.content(),
		Meta:    e.Object("meta", e.meta),
		Nonce:   e.String("nonce", e.nonce),
	}
	if e.parent != nil || e.mentions != nil || e.ttl != nil {
		p.ParentID = e.String("parentId", e.parent)
		p.Mentions = e.Strings("mentions", e.mentions, chat.MaxMentions)
		p.TTL = e.Millis("ttl", e.ttl)
	}
	return p
}

// subscription makes the commands about the connection and its channels.
func (e *envelope) subscription(typ, channel string) chat.Command {
	switch typ {
	case "connect":
		return chat.Authenticate{Token: e.String("token", e.token)}
	case "subscribe":
		return chat.Subscribe{
			Channel:  channel,
			From:     e.from(),
			Presence: e.Bool("presence", e.presence),
			Acks:     e.Bool("acks", e.acks),
		}
	case "unsubscribe":
		return chat.Unsubscribe{Channel: channel}
	case "ping":
		return chat.Ping{}
	}
	return nil
}

func (e *envelope) from() *chat.Position {
	if !e.position.Given() {
		return nil
	}
	p, err := chat.ParsePosition(e.String("position", e.position))
	if err != nil {
		e.Refuse(err)
	}
	return &p
}
