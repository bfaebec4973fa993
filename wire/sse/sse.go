// Package sse is the dialect of event streams, text/event-stream: what a
// session is told becomes the events of an EventSource. Their data are the
// objects of another dialect, so that nothing is said in two ways; this one
// adds their names. Nothing is ever sent the other way.
//
// A frame of this dialect is the lines of one event, each with its end, but
// without the empty line that ends the event: the transport adds the `id:`,
// which differs from stream to stream.
package sse

import (
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Options are the dialect's; the zero value works.
type Options struct {
	Now   func() time.Time // nil: time.Now
	Retry time.Duration    // after which clients come back, at least; each is told up to twice as much; 0: 1 s
}

// Dialect is the row of event streams in the table of doors. The events' data
// are what objects says.
func Dialect(objects wire.Dialect, o Options) wire.Dialect {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	p := &pools{}
	return wire.Dialect{
		Name: "sse",
		New: func(session string) wire.Codec {
			return &codec{pools: p, o: o, session: session, objects: objects.New(session)}
		},
	}
}

// pools are shared by all streams, so that an idle one holds no buffer.
type pools struct {
	json  frame.Pool
	lines sync.Pool // of *[]byte
}

type codec struct {
	*pools
	o       Options
	session string
	objects wire.Codec
}

// Decode implements wire.Codec.
func (*codec) Decode([]byte, func(chat.Request)) error {
	return chat.E(chat.CodeMalformed, "an event stream has one direction")
}

// Shared implements wire.Codec.
func (c *codec) Shared(d *chat.Delivery) bool {
	return (d.Event != nil || d.Signal != nil) && c.objects.Shared(d)
}

// Encode writes d as an event. Messages have no name, so that `onmessage` gets
// them and nothing else; all others are named for what they are.
func (c *codec) Encode(d *chat.Delivery, emit func([]byte)) {
	switch {
	case d.Reply != nil && d.Reply.Connected != nil:
		c.greet(emit)
	case d.Reply != nil && d.Reply.Err == nil:
	case d.Reply != nil && d.Reply.Err.Expired != nil:
		c.expire(d.Reply, emit)
	case d.Signal != nil && d.Signal.Kind == chat.SignalMembership: // a stream has the channels that it asked for
	case d.Signal != nil && d.Signal.Kind == chat.SignalCustom:
		c.objects.Encode(d, func(object []byte) { c.custom(d.Signal, object, emit) })
	default:
		c.objects.Encode(d, func(object []byte) { c.tell(nameOf(d, object), c.pause(d), object, emit) })
	}
}

// greet writes the first event: who the client is here, and when to come back.
func (c *codec) greet(emit func([]byte)) {
	c.json.Write(func(object []byte) { c.tell("", c.retry(), object, emit) }, func(w *frame.Writer) {
		w.Begin("connected")
		w.String("clientId", c.session)
		w.Millis("timestamp", c.o.Now())
		w.Close()
	})
}

// retry differs from client to client, or all would come back in one moment.
func (c *codec) retry() time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.session))
	return c.o.Retry + time.Duration(h.Sum64()%uint64(c.o.Retry))
}

// expire writes that a channel goes on from another place than was asked for.
func (c *codec) expire(r *chat.Reply, emit func([]byte)) {
	x := r.Err.Expired
	c.json.Write(func(object []byte) { c.tell("expired", 0, object, emit) }, func(w *frame.Writer) {
		w.Begin("expired")
		if s, ok := r.Command.(chat.Subscribe); ok {
			w.String("channelId", s.Channel)
		}
		w.String("code", string(r.Err.Code))
		w.String("message", r.Err.Message)
		w.String("reason", x.Reason)
		w.String("oldest", x.Oldest.String())
		w.String("head", x.Head.String())
		w.Close()
	})
}

// pause is when to come back after what is told; 0: as was said before. It is
// never at once: for a while there may be nobody to come back to.
func (c *codec) pause(d *chat.Delivery) time.Duration {
	switch n := d.Notice.(type) {
	case *chat.GoingAway:
		return c.retry() + n.RetryAfter
	case nil:
		if d.Reply != nil && d.Reply.Err.Retryable() {
			return c.retry() + d.Reply.Err.RetryAfter
		}
	}
	return 0
}

// nameOf is the event's name: the type of its object, but of messages none.
func nameOf(d *chat.Delivery, object []byte) string {
	if d.Event != nil && d.Event.Kind == chat.KindMessage {
		return ""
	}
	return typeOf(object)
}

// typeOf is an object's type, which is its first member, in plain letters.
func typeOf(object []byte) string {
	rest, ok := strings.CutPrefix(string(object[:min(len(object), 64)]), `{"type":"`)
	if !ok {
		return ""
	}
	typ, _, _ := strings.Cut(rest, `"`)
	return typ
}

// custom writes a signal of somebody's own. Its data's members stand beside
// `data` too: a client that expects them alone finds them, and who sent them
// besides, which is the server's word.
func (c *codec) custom(s *chat.Signal, object []byte, emit func([]byte)) {
	name := customName(s.Name)
	if !frame.Value(s.Data).Is('{') {
		c.tell(name, 0, object, emit)
		return
	}
	w := c.json.Writer()
	w.Open()
	w.Members(object)
	err := c.json.Members(s.Data, func(member []byte, v frame.Value) {
		if !slices.Contains(ownMembers(), string(member)) {
			w.Pair(member, v)
		}
	})
	w.Close()
	if err != nil {
		c.tell(name, 0, object, emit)
		c.json.Emit(w, func([]byte) {})
		return
	}
	c.json.Emit(w, func(object []byte) { c.tell(name, 0, object, emit) })
}

func ownMembers() []string { return []string{"type", "channelId", "userId", "event", "data"} }

// customName keeps users from making events that only the server makes, or
// that an EventSource raises by itself.
func customName(name string) string {
	switch name {
	case "", "message", "error", "open", "connected", "subscribed", "signal", "call", "call.state",
		"typing", "presence", "delivered", "read",
		"message.update", "message.delete", "reaction", "pin", "state", "member",
		"level", "dropped", "expired", "expiring", "going_away":
		return "signal"
	}
	if strings.ContainsAny(name, "\r\n") || strings.TrimSpace(name) != name {
		return "signal"
	}
	return name
}

// maxKept bounds the buffers that are kept: one huge message must not stay.
const maxKept = 64 << 10

// tell gives emit the lines of one event.
func (c *codec) tell(name string, retry time.Duration, data []byte, emit func([]byte)) {
	buf, _ := c.lines.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	lines := appendEvent((*buf)[:0], name, retry, data)
	emit(lines)
	if *buf = lines; cap(lines) <= maxKept {
		c.lines.Put(buf)
	}
}
