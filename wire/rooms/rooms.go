// Package rooms is the dialect of clients that speak
// {type: join|message|leave|typing, userId, username, content?, timestamp}
// over a plain WebSocket: one connection, one room.
//
// What such clients do not know is told in ways that they pass over: the end of
// typing as `typing_stop`, for they read every `typing` as a beginning and end
// it by a timer of their own; edits and deletions as `edited` and `deleted`,
// by the `id` that each message carries.
package rooms

import (
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// defaultRoom is where a join goes that names no roomId.
const defaultRoom = "general"

// Options are the dialect's; the zero value works.
type Options struct {
	Now func() time.Time // nil: time.Now
}

// Dialect is the row of rooms in the table of doors.
func Dialect(o Options) wire.Dialect {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &shared{pool: new(frame.Pool), now: o.Now}
	s.extras = wire.Extras{Pool: s.pool, Key: "rooms", Known: known}
	s.teller = wire.Teller{Pool: s.pool, Message: s.appendMessage, Text: func(w *frame.Writer, e *chat.Event) {
		s.pool.AppendText(w, "text", e.Body)
	}}
	return wire.Dialect{
		Name: "rooms",
		New:  func(string) wire.Codec { return &codec{shared: s} },
	}
}

// known are the members of a message that its client does not get back as they
// were: the server answers for them.
func known(name []byte) bool {
	switch string(name) {
	case "type", "userId", "username", "content", "roomId", "position":
		return true
	}
	return false
}

// shared is what all connections have in common.
type shared struct {
	pool   *frame.Pool
	now    func() time.Time
	extras wire.Extras
	teller wire.Teller
}

type codec struct {
	*shared

	mu   sync.Mutex
	room string // where the client is, or is about to be; "": nowhere

	// Encode's alone.
	self   person // who the client is to the others
	inside string // the room whose subscription was confirmed
	epoch  string // of the log; "": not known yet
}

// person is a user as frames of this dialect show one.
type person struct{ user, name string }

// joining travels through the session with a Subscribe: who joins.
type joining struct {
	person
	inside bool // they are in the room already, and stay if they are refused
}

func (c *codec) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room
}

// move makes room the current one, and returns the one before.
func (c *codec) move(room string) (before string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.room = c.room, room
	return before
}

// left forgets room if the client is still there.
func (c *codec) left(room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room == room {
		c.room = ""
	}
}

// Shared reports whether d is told to everyone alike: a client is not told of
// its own coming and going.
func (c *codec) Shared(d *chat.Delivery) bool {
	if d.Event != nil {
		return c.epoch != ""
	}
	if d.Signal == nil || d.Signal.Kind != chat.SignalPresence {
		return d.Signal != nil
	}
	return !c.among(d.Signal.Joined) && !c.among(d.Signal.Left)
}

func (c *codec) among(users []chat.Presence) bool {
	for i := range users {
		if users[i].User == c.self.user {
			return true
		}
	}
	return false
}
