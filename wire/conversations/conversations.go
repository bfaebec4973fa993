// Package conversations is the dialect of clients that number a conversation's
// messages from 0, send them under a temporary id and replace that when the
// `message_ack` comes.
//
// The connection that sent a message gets the acknowledgement alone; the
// sender's other connections get the message with its tempId, everybody else
// without. What `missing` asks for is given whoever sent it: such a client
// holds back what follows until it has the numbers in between. For the same
// reason a deleted message keeps its number, with an empty text and `deleted`.
//
// Frames of events say where in the log they are. A client that begins with a
// `position`, be it null, keeps that, and is told also where its own messages
// are: by a `position` frame, when everything before them has come. What
// `missing` asked for carries none, since it comes out of the log's order.
package conversations

import (
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Dialect is the row of conversations in the table of doors.
func Dialect() wire.Dialect {
	s := &shared{pool: new(frame.Pool)}
	s.extras = wire.Extras{Pool: s.pool, Key: "conversations", Known: known}
	s.teller = wire.Teller{Channel: "conversationId", Text: s.appendText}
	return wire.Dialect{
		Name:    "conversations",
		Directs: true,
		New:     func(session string) wire.Codec { return &codec{shared: s, session: session} },
	}
}

// shared is what all connections have in common.
type shared struct {
	pool   *frame.Pool
	extras wire.Extras
	teller wire.Teller
}

// known are the members of a message that its client does not get back as they
// were: the server answers for them.
func known(name []byte) bool {
	switch string(name) {
	case "id", "conversationId", "senderId", "text", "timestamp", "sequence", "status", "tempId", "deleted":
		return true
	}
	return false
}

type codec struct {
	*shared
	session string

	mu   sync.Mutex
	sent recent // the messages that this connection has sent

	// Encode's alone.
	self      string // the user, as far as it is known
	epoch     string // of the log; "": not known yet
	positions bool   // the client keeps its own, so it is told also where its own messages are
}

// Shared reports whether d is told to everyone alike. The sender's connections
// are told otherwise of a message.
func (c *codec) Shared(d *chat.Delivery) bool {
	if e := d.Event; e != nil {
		return c.epoch != "" && (e.Kind != chat.KindMessage || e.Sender != c.self && !c.own(e))
	}
	return d.Signal != nil
}

// own reports whether this connection sent e: by its session while the server
// still knows it, by its nonce or id when it comes from the log.
func (c *codec) own(e *chat.Event) bool {
	if e.Kind != chat.KindMessage {
		return false
	}
	if e.Session != "" && e.Session == c.session {
		return true
	}
	key := e.Nonce
	if key == "" {
		key = e.ID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.has(e.Channel.Name, e.Sender, key) ||
		e.Sender == c.self && c.sent.has(e.Channel.Name, "", key)
}

// remember takes a message's nonce or, where it has none, its id, and the user as the frame claims it, "" if it does not: nonces are
// seen by everybody, and another's message with this one must not be hidden.
func (c *codec) remember(channel, user, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.add(channel, user, key)
}
