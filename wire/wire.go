// Package wire is what all dialects are: bytes in, chat values out, and back.
// A dialect does no I/O and starts no goroutine; its transport drives it.
package wire

import "github.com/parley-chat/parley/chat"

// Codec speaks one dialect on one connection. Decode and Encode are called
// from different goroutines, each one call at a time: state that both use
// needs a lock.
type Codec interface {
	// Decode reads one frame and calls do for each thing that it asks, in
	// order. An error is answered to the sender; the connection lives on. The
	// frame is not valid after the call: what is kept of it must be copied.
	Decode(frame []byte, do func(chat.Request)) error

	// Encode calls emit for each frame that d becomes, maybe never. The bytes
	// are not valid after emit returns.
	Encode(d *chat.Delivery, emit func(frame []byte))

	// Shared reports that d becomes the same frames on every connection of
	// this dialect that says so: they are encoded once and kept. It is called
	// from where Encode is.
	Shared(d *chat.Delivery) bool
}

// Speaker is a codec that knows better than its dialect's row what its client
// understands. Speech is called from any goroutine, and must not block. Once
// Shared has been true it never changes, and finished frames are kept under the
// dialect that it names: other connections of that dialect get them too.
type Speaker interface{ Speech() chat.Speech }

// Message is what a transport of whole messages carries.
type Message struct {
	Data   []byte
	Binary bool
}

// Dialect is one row in the table of doors.
type Dialect struct {
	Name        string
	Subprotocol string // negotiated where the client offers it; "" if it has none
	Directs     bool   // see chat.Speech
	// New makes the codec of one connection, whose session id is given.
	New func(session string) Codec
}

// Speech is what clients of the dialect understand, unless their codec is a
// Speaker.
func (d *Dialect) Speech() chat.Speech { return chat.Speech{Dialect: d.Name, Directs: d.Directs} }
