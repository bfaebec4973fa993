package chat

import "sync/atomic"

// Delivery is one thing on its way to sessions; exactly one field is set. An
// event's or a signal's Delivery is shared by all its recipients and keeps
// its finished frames, so that each is encoded once per Format.
type Delivery struct {
	Event  *Event
	Signal *Signal
	Reply  *Reply // to this session alone
	Notice Notice // to this session alone

	Redelivered bool // the event was sent before and not acknowledged

	size       int
	audience   *audience // of a signal: who gets it; nil: all to whom it goes
	expendable bool      // the first of signals to be dropped
	frames     atomic.Pointer[frames]

	journey *journey // of an event that is followed
	way     *way     // of a message, while this node remembers it
}

// Format names a way of encoding deliveries: a dialect on a transport, with or
// without compression. Two Formats are the same if they are one pointer.
type Format struct{ Name string }

// frames is a list, almost always of one or two.
type frames struct {
	format *Format
	bytes  []byte
	next   *frames
}

// Frames are the bytes kept under f, or nil.
func (d *Delivery) Frames(f *Format) []byte {
	for n := d.frames.Load(); n != nil; n = n.next {
		if n.format == f {
			return n.bytes
		}
	}
	return nil
}

// Keep keeps b, which nobody may change any more, under f.
func (d *Delivery) Keep(f *Format, b []byte) {
	n := &frames{format: f, bytes: b}
	for {
		n.next = d.frames.Load()
		if d.frames.CompareAndSwap(n.next, n) {
			return
		}
	}
}

// NewEventDelivery is a Delivery of e without recipients yet.
func NewEventDelivery(e *Event) *Delivery { return &Delivery{Event: e, size: e.Size()} }
