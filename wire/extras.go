package wire

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// Extras are the members that clients put into their frames and that no field
// of a message stands for. They travel in the message's meta, under the name
// of the dialect, and come back as they were.
type Extras struct {
	Pool *frame.Pool
	Key  string // the dialect's name in meta
	// Known says of a member's name that it is none of the client's own: the
	// frame's fields, and what the server answers for.
	Known func(name []byte) bool
}

// Pack is the meta of a message that came in this frame; nil: there is nothing
// of the client's own in it.
func (x *Extras) Pack(data []byte) []byte {
	rest := Rest(x.Pool, data, x.Known)
	if rest == nil {
		return nil
	}
	w := new(frame.Writer)
	w.Open()
	w.Raw(x.Key, rest)
	w.Close()
	return w.Bytes()
}

// Rest is the object of those members of a frame, read before, that are not
// known; nil if there are none.
func Rest(p *frame.Pool, data []byte, known func(name []byte) bool) []byte {
	w := new(frame.Writer)
	_ = p.Members(data, func(name []byte, v frame.Value) { // data was read before
		if known(name) {
			return
		}
		if w.Bytes() == nil {
			w.Open()
		}
		w.Pair(name, v)
	})
	if w.Bytes() == nil {
		return nil
	}
	w.Close()
	return w.Bytes()
}

// Unpack calls f for each member that Pack put into meta.
func (x *Extras) Unpack(meta []byte, f func(name []byte, v frame.Value)) {
	if meta == nil {
		return
	}
	var kept frame.Value
	_ = x.Pool.Members(meta, func(name []byte, v frame.Value) { // meta was valid when it was accepted
		if string(name) == x.Key {
			kept = v
		}
	})
	if kept.Is('{') {
		_ = x.Pool.Members(kept, f)
	}
}

// Append writes what a message carries of its client's own, then its id and
// time. Nothing takes the place of what the server answers for; a client's own
// `id` stays, and the server's is then called `messageId`; so does a timestamp,
// if it is a number.
func (x *Extras) Append(w *frame.Writer, e *chat.Event) {
	id, stamped := "id", false
	x.Unpack(e.Meta, func(name []byte, v frame.Value) {
		switch string(name) {
		case "messageId":
			return
		case "timestamp":
			if !v.Is('0') {
				return
			}
			stamped = true
		case "id":
			id = "messageId"
		}
		if !x.Known(name) {
			w.Pair(name, v)
		}
	})
	w.String(id, e.ID)
	if !stamped {
		w.Millis("timestamp", e.At)
	}
}
