package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// defaultPage is how many entries an answer holds where the client does not
// say, maxPage the most.
const (
	defaultPage = 50
	maxPage     = 1000
)

// envelope holds the members of a frame that any command uses, as they stood.
type envelope struct {
	frame.Fields
	typ, ref, channel, id, text, body, nonce, meta frame.Value
	parent, mentions, ttl, seq, typing             frame.Value
	position, presence, acks, before, after, since frame.Value
	limit, thread, status, custom, user, name      frame.Value
	event, data, token, reaction, on               frame.Value
	key, value, add, cond                          frame.Value
	kind, title, public, retention                 frame.Value
	role, muted, banned, avatar                    frame.Value
	session, except, echo, call, batch             frame.Value
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
	case "parentId":
		e.parent = v
	case "mentions":
		e.mentions = v
	case "ttl":
		e.ttl = v
	case "id":
		e.id = v
	case "seq":
		e.seq = v
	case "typing":
		e.typing = v
	default:
		e.setRead(name, v)
	}
}

func (e *envelope) setRead(name []byte, v frame.Value) {
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
	case "threadId":
		e.thread = v
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
	default:
		e.setRare(name, v)
	}
}

func (e *envelope) setRare(name []byte, v frame.Value) {
	switch string(name) {
	case "reaction":
		e.reaction = v
	case "on":
		e.on = v
	case "key":
		e.key = v
	case "value":
		e.value = v
	case "add":
		e.add = v
	case "if":
		e.cond = v
	case "kind":
		e.kind = v
	case "title":
		e.title = v
	case "public":
		e.public = v
	case "retention":
		e.retention = v
	case "role":
		e.role = v
	case "muted":
		e.muted = v
	case "banned":
		e.banned = v
	case "avatar":
		e.avatar = v
	case "callId":
		e.call = v
	case "sessionId":
		e.session = v
	case "except":
		e.except = v
	case "echo":
		e.echo = v
	case "messages":
		e.batch = v
	}
}

// content is the body: the JSON value as received, so that 64 KiB means the
// same to both sides.
func (e *envelope) content() []byte { return e.Content(e.text, e.body) }

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

// added is what `on` says: that something is added, unless it denies it.
func (e *envelope) added() bool { return !e.on.Given() || e.Bool("on", e.on) }

// maybe is a text that may be left as it is: nil where the member is missing.
func (e *envelope) maybe(name string, v frame.Value) *string {
	if v == nil {
		return nil
	}
	s := e.String(name, v)
	return &s
}
