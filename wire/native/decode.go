package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// defaultPage is how many messages or events an answer holds where the client
// does not say, maxPage the most.
const (
	defaultPage = 50
	maxPage     = 1000
)

// envelope holds the members of a frame that any command uses, as they stood.
type envelope struct {
	frame.Fields
	typ, ref, channel, id, text, body, nonce, meta frame.Value
	position, presence, acks, before, after, since frame.Value
	limit, typing, status, custom, seq, user, name frame.Value
	event, data, token                             frame.Value
}

// set keeps a member; names that no command uses are ignored.
func (e *envelope) set(name []byte, v frame.Value) {
	switch string(name) {
	case "type":
		e.typ = v
	case "ref":
		e.ref = v
	case "channelId":
		e.channel = v
	case "text":
		e.text = v
	case "body":
		e.body = v
	case "nonce":
		e.nonce = v
	case "meta":
		e.meta = v
	case "id":
		e.id = v
	case "seq":
		e.seq = v
	case "typing":
		e.typing = v
	default:
		e.setRare(name, v)
	}
}

func (e *envelope) setRare(name []byte, v frame.Value) {
	switch string(name) {
	case "position":
		e.position = v
	case "presence":
		e.presence = v
	case "acks":
		e.acks = v
	case "before":
		e.before = v
	case "after":
		e.after = v
	case "since":
		e.since = v
	case "limit":
		e.limit = v
	case "status":
		e.status = v
	case "custom":
		e.custom = v
	case "userId":
		e.user = v
	case "userName":
		e.name = v
	case "event":
		e.event = v
	case "data":
		e.data = v
	case "token":
		e.token = v
	}
}

// Decode reads one frame, which is one request.
func (c *codec) Decode(data []byte, do func(chat.Request)) error {
	var e envelope
	if err := c.pool.Object(data, func(name []byte, v frame.Value) { e.set(name, v) }); err != nil {
		return err
	}
	r, err := c.request(&e)
	if err == nil {
		do(r)
		return nil
	}
	if r.Ref != nil {
		told := *chat.AsError(err)
		told.Cause = refused{r.Ref}
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
	var known bool
	if r.Command, known = e.post(string(typ), channel); !known {
		if r.Command, known = e.ask(string(typ), channel); !known {
			r.Command, known = e.tell(string(typ), channel)
		}
	}
	if !known {
		return r, chat.E(chat.CodeUnknownType, "there is no frame of this type")
	}
	if string(typ) == "connect" {
		r.User, r.Name = e.String("userId", e.user), e.String("userName", e.name)
	}
	return r, e.Err
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

// post makes the commands that write to the log.
func (e *envelope) post(typ, channel string) (chat.Command, bool) {
	switch typ {
	case "publish":
		return chat.Post{
			Channel: channel,
			Body:    e.content(),
			Meta:    e.Object("meta", e.meta),
			Nonce:   e.String("nonce", e.nonce),
		}, true
	case "edit":
		e.Need("id", e.id)
		return chat.Edit{
			Channel: channel,
			ID:      e.String("id", e.id),
			Body:    e.content(),
			Nonce:   e.String("nonce", e.nonce),
		}, true
	case "delete":
		e.Need("id", e.id)
		return chat.Delete{Channel: channel, ID: e.String("id", e.id), Nonce: e.String("nonce", e.nonce)}, true
	}
	return nil, false
}

// content is the body: the JSON value as received, so that 64 KiB means the
// same to both sides.
func (e *envelope) content() []byte {
	switch {
	case e.text != nil && e.body != nil:
		e.Refuse(chat.E(chat.CodeInvalid, "a message has a text or a body, not both"))
	case e.body != nil:
		return e.body.Copy()
	case e.text == nil:
		e.Refuse(chat.E(chat.CodeInvalid, "text is missing"))
	case !e.text.Is('"'):
		e.Refuse(chat.E(chat.CodeInvalid, "text must be a string; body may be any JSON value"))
	}
	return e.text.Copy()
}

// ask makes the commands that are about the connection, or read.
func (e *envelope) ask(typ, channel string) (chat.Command, bool) {
	switch typ {
	case "connect":
		return chat.Authenticate{Token: e.String("token", e.token)}, true
	case "subscribe":
		return chat.Subscribe{
			Channel:  channel,
			From:     e.from(),
			Presence: e.Bool("presence", e.presence),
			Acks:     e.Bool("acks", e.acks),
		}, true
	case "unsubscribe":
		return chat.Unsubscribe{Channel: channel}, true
	case "history":
		return chat.History{Channel: channel, Page: e.page()}, true
	case "events":
		if e.after.Given() == e.since.Given() {
			e.Refuse(chat.E(chat.CodeInvalid, "events come after a seq or since a time"))
		}
		return chat.Changes{
			Channel: channel,
			After:   e.Uint("after", e.after),
			Since:   e.Time("since", e.since),
			Limit:   e.count(),
		}, true
	case "ping":
		return chat.Ping{}, true
	}
	return nil, false
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

func (e *envelope) page() chat.Page {
	p := chat.Page{
		Before:  e.Uint("before", e.before),
		After:   e.Uint("after", e.after),
		Forward: e.after.Given() && !e.before.Given(),
		Limit:   e.count(),
	}
	if e.before.Given() && p.Before == 0 {
		e.Refuse(chat.E(chat.CodeInvalid, "before is at least 1: there is nothing below"))
	}
	return p
}

func (e *envelope) count() int {
	if !e.limit.Given() {
		return defaultPage
	}
	n := e.Uint("limit", e.limit)
	if n == 0 {
		e.Refuse(chat.E(chat.CodeInvalid, "limit is at least 1"))
	}
	return int(min(n, maxPage))
}

// tell makes the commands that pass something on without storing an event.
func (e *envelope) tell(typ, channel string) (chat.Command, bool) {
	switch typ {
	case "typing":
		e.Need("typing", e.typing)
		return chat.Typing{Channel: channel, On: e.Bool("typing", e.typing)}, true
	case "presence":
		return e.setPresence(), true
	case "delivered":
		e.Need("seq", e.seq)
		return chat.Delivered{Channel: channel, Seq: e.Uint("seq", e.seq)}, true
	case "read":
		if e.seq.Given() == e.id.Given() {
			e.Refuse(chat.E(chat.CodeInvalid, "read names a seq or a message's id"))
		}
		return chat.Read{Channel: channel, Seq: e.Uint("seq", e.seq), ID: e.String("id", e.id)}, true
	case "signal":
		e.Need("event", e.event)
		if e.channel.Given() == e.user.Given() {
			e.Refuse(chat.E(chat.CodeInvalid, "a signal goes to a channelId or to a userId"))
		}
		return chat.Send{
			Channel: channel,
			To:      e.String("userId", e.user),
			Name:    e.String("event", e.event),
			Data:    e.data.Copy(),
		}, true
	}
	return nil, false
}

func (e *envelope) setPresence() chat.SetPresence {
	p := chat.SetPresence{Status: chat.Status(e.String("status", e.status))}
	if p.Status == "" {
		p.Status = chat.Online
	}
	if p.Status != chat.Online && p.Status != chat.Away && p.Status != chat.Offline {
		e.Refuse(chat.E(chat.CodeInvalid, "status must be online, away or offline"))
	}
	if e.custom != nil {
		custom := e.String("custom", e.custom)
		p.Custom = &custom
	}
	return p
}
