package api

import (
	"strconv"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// object holds the members of a request's body that any operation uses, as
// they stood; names that none uses are ignored, as in frames.
type object struct {
	text, body, nonce, meta                  frame.Value
	kind, title, public, retention           frame.Value
	role, muted, banned, read, typ, data     frame.Value
	userID, name, userName, scopes, channels frame.Value
}

func (o *object) set(name []byte, v frame.Value) {
	switch string(name) {
	case "text":
		o.text = v
	case "body":
		o.body = v
	case "nonce":
		o.nonce = v
	case "meta":
		o.meta = v
	case "kind":
		o.kind = v
	case "title":
		o.title = v
	case "public":
		o.public = v
	case "retention":
		o.retention = v
	case "role":
		o.role = v
	case "muted":
		o.muted = v
	case "banned":
		o.banned = v
	default:
		o.setRare(name, v)
	}
}

func (o *object) setRare(name []byte, v frame.Value) {
	switch string(name) {
	case "read":
		o.read = v
	case "type":
		o.typ = v
	case "data":
		o.data = v
	case "userId":
		o.userID = v
	case "name":
		o.name = v
	case "userName":
		o.userName = v
	case "scopes":
		o.scopes = v
	case "channels":
		o.channels = v
	}
}

// content is a message's body: the JSON value as received.
func (c *call) content() []byte {
	text, body := c.body.text, c.body.body
	switch {
	case text != nil && body != nil:
		c.fields.Refuse(chat.E(chat.CodeInvalid, "a message has a text or a body, not both"))
	case body != nil:
		return body.Copy()
	case text == nil:
		c.fields.Refuse(chat.E(chat.CodeInvalid, "text is missing"))
	case !text.Is('"'):
		c.fields.Refuse(chat.E(chat.CodeInvalid, "text must be a string; body may be any JSON value"))
	}
	return text.Copy()
}

// number is a whole number of the query; false if it is not given.
func (c *call) number(name string) (uint64, bool) {
	if !c.query.Has(name) {
		return 0, false
	}
	n, err := strconv.ParseUint(c.query.Get(name), 10, 64)
	if err != nil || n > frame.MaxNumber {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "%s must be a whole number from 0 to 2^53-1", name))
	}
	return n, true
}

// limit is the query's; too much is clamped.
func (c *call) limit() int {
	n, given := c.number("limit")
	if given && n == 0 {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "limit is at least 1"))
	}
	return int(min(n, 1000))
}

// time is an instant of the query; zero if it is not given.
func (c *call) time(name string) time.Time {
	if !c.query.Has(name) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, c.query.Get(name))
	if err != nil {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "%s must be a time in ISO 8601, such as 2026-01-31T12:00:00.000Z", name))
	}
	return t
}
