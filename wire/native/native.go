// Package native is Parley's own protocol, parley.v1.json: docs/protocol.md
// describes it for whoever writes a client.
package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Subprotocol is what a WebSocket client asks for, and gets.
const Subprotocol = "parley.v1.json"

// Version is the protocol's, told in `connected`.
const Version = 1

// MaxFrame is the size up to which a door reads frames of this dialect, in bytes.
const MaxFrame = 1 << 20

// maxRef bounds what is carried back for a client, in bytes of JSON text
// inside its quotes, if it has any.
const maxRef = 64

// Dialect is the native protocol's row in the table of doors.
func Dialect() wire.Dialect {
	pool := new(frame.Pool)
	return wire.Dialect{
		Name:        "native",
		Subprotocol: Subprotocol,
		Directs:     true,
		New:         func(string) wire.Codec { return &codec{pool: pool} },
	}
}

// codec is one connection's. All that it holds is a cache: the protocol has no
// state beyond the session's.
type codec struct {
	pool    *frame.Pool
	channel string // the channel that the last frame named; Decode's alone
}

// ref is what a client put into "ref", as JSON. It travels through the session
// in Request.Ref; a plain number travels as a uint64, which costs less.
type ref string

// refused carries the ref of a frame that cannot become a request, as the
// cause of its error.
type refused struct{ ref any }

func (refused) Error() string { return "the frame has a ref" }

// Shared reports whether d is told to everyone alike: all events and signals
// are, for a native client gets its own messages back.
func (*codec) Shared(d *chat.Delivery) bool { return d.Event != nil || d.Signal != nil }
