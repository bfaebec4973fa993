// Package threads is the dialect of clients that announce themselves with
// `user_connected`, join any number of threads, write to a thread or to a user,
// and call each other.
//
// Some of them tell frames apart by looking for the letters "message" in the
// raw text. So no frame but `message` and `error` holds them in a member's name
// or in a value that the server made; of what a client puts into other frames,
// members with such names are left out.
package threads

import (
	"bytes"
	"strings"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Dialect is the row of threads in the table of doors.
func Dialect() wire.Dialect {
	s := &shared{pool: new(frame.Pool)}
	s.extras = wire.Extras{Pool: s.pool, Key: "threads", Known: known}
	s.teller = wire.Teller{Pool: s.pool, Channel: "threadId", Message: s.appendMessage, Text: s.appendText}
	return wire.Dialect{
		Name:    "threads",
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

func (s *shared) appendText(w *frame.Writer, e *chat.Event) { s.pool.AppendText(w, "text", e.Body) }

// known are the members of a message that its client does not get back as they
// were: the server answers for them, or they are nobody's business.
func known(name []byte) bool {
	switch string(name) {
	case "type", "token", "senderId", "username", "message", "threadId", "position":
		return true
	}
	return false
}

// withheld are the members of all other frames that do not go on to others.
func withheld(name []byte) bool {
	switch string(name) {
	case "type", "token", "senderId":
		return true
	}
	return bytes.Contains(name, []byte("message"))
}

// relay is what of a frame goes on to others besides the member told, as JSON;
// nil: nothing.
func (s *shared) relay(data []byte, told string) []byte {
	return wire.Rest(s.pool, data, func(name []byte) bool { return string(name) == told || withheld(name) })
}

// codec is one connection's. What it says of threads is the client's view: the
// session has the last word.
type codec struct {
	*shared
	session string

	mu     sync.Mutex
	joined map[string]struct{} // threads that the client is in, or is about to be

	// Encode's alone.
	self  string   // the user, as far as it is known
	epoch string   // of the log; "": not known yet
	calls []string // ids of calls that the client knows of; the last few
}

// maxCalls is how many calls a connection is remembered to know of.
const maxCalls = 32

// asked travels through the session with each request.
type asked struct {
	user    string // whom the frame claims to be from
	quiet   bool   // nobody asked for it: if it is refused, nobody is told
	inside  bool   // a join: the client is in the thread already, and stays if it is refused
	answers bool   // a join: the client wants to know where it begins
}

// enter notes that the client is in a thread; false: it was.
func (c *codec) enter(thread string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.joined[thread]; ok {
		return false
	}
	if c.joined == nil {
		c.joined = make(map[string]struct{}, 1)
	}
	c.joined[strings.Clone(thread)] = struct{}{}
	return true
}

func (c *codec) leave(thread string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.joined, thread)
}

// Shared reports whether d is told to everyone alike: calls are told to each
// side in its own way, and a client is not told of its own coming and going.
func (c *codec) Shared(d *chat.Delivery) bool {
	switch s := d.Signal; {
	case d.Event != nil:
		return c.epoch != ""
	case s == nil || s.Kind == chat.SignalCall:
		return false
	case s.Kind == chat.SignalCustom:
		return s.Name == connected
	case s.Kind == chat.SignalPresence:
		return !c.among(s.Joined) && !c.among(s.Left)
	}
	return true
}

func (c *codec) among(users []chat.Presence) bool {
	for i := range users {
		if users[i].User == c.self {
			return true
		}
	}
	return false
}
