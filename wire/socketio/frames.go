package socketio

import (
	"bytes"
	"strconv"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// maxUnacked bounds the deliveries of one client whose acknowledgement is
// remembered. Older ones need none: who acknowledges one has all before it.
const maxUnacked = 1024

// Frames is the dialect of a namespace in which another dialect, of JSON
// frames with a type, is spoken as events: a frame's type is the event's name,
// and the frame without it the one argument. An event's acknowledgement is the
// frame that answers it; every other frame is an event. Where a client has
// subscribed with `acks`, events of that channel want to be acknowledged.
//
// The frame `connect` is an event named `authenticate`: the other name is
// Socket.IO's own.
func Frames(namespace string, d wire.Dialect) *Dialect {
	pool := new(frame.Pool)
	name := Name + namespace
	return &Dialect{
		Namespace: namespace, Speech: chat.Speech{Dialect: name, Directs: d.Directs}, Format: &chat.Format{Name: name}, pool: pool,
		speak: func(c *Codec, session string) speech { return &frames{codec: c, pool: pool, inner: d.New(session)} },
	}
}

type frames struct {
	codec *Codec
	pool  *frame.Pool
	inner wire.Codec

	acking map[string]bool // channels subscribed to with acks; encode's alone

	mu      sync.Mutex
	next    uint64 // the id of the next delivery that wants an acknowledgement
	unacked map[uint64]chat.Delivered
}

func (f *frames) opened(string, []string) {}

func (f *frames) decode(name []byte, args []frame.Value, in *inward, c *call, do func(chat.Request)) error {
	text, err := f.frame(name, args, in, c)
	if err != nil {
		return err
	}
	var few [1]chat.Request
	requests := few[:0]
	if err := f.inner.Decode(text, func(r chat.Request) { requests = append(requests, r) }); err != nil {
		return err
	}
	if len(requests) > 1 && c.wanted {
		return chat.E(chat.CodeInvalid, "an acknowledgement is one answer, and this has %d: ask for none, and they come as events", len(requests))
	}
	for _, r := range requests {
		c.inner, r.Ref = r.Ref, c
		do(r)
	}
	return nil
}

// frame is the frame that an event stands for.
func (f *frames) frame(name []byte, args []frame.Value, in *inward, c *call) ([]byte, error) {
	if string(name) == "authenticate" {
		name = []byte("connect")
	}
	w := opened(make([]byte, 0, 256), '{')
	w.next()
	w.buf = append(w.buf, `"type":`...)
	w.buf = appendString(w.buf, name)
	if c.wanted {
		w.next()
		w.buf = strconv.AppendUint(append(w.buf, `"ref":`...), c.id, 10)
	}
	if len(args) > 0 && args[0].Given() {
		body, err := in.body(args[0])
		if err != nil {
			return nil, err
		}
		if !frame.Value(body).Is('{') {
			return nil, chat.E(chat.CodeInvalid, "the argument of an event is an object")
		}
		_ = f.pool.Members(body, func(name []byte, v frame.Value) { // it was read before
			if string(name) == "type" || string(name) == "ref" {
				return
			}
			w.next()
			w.buf = append(appendName(w.buf, name), v...)
		})
	}
	return append(w.buf, '}'), nil
}

func appendString(dst, text []byte) []byte {
	named := appendName(dst, text)
	return named[:len(named)-1] // the colon
}

func (f *frames) acked(id uint64, do func(chat.Request)) {
	f.mu.Lock()
	d, ok := f.unacked[id]
	delete(f.unacked, id)
	f.mu.Unlock()
	if ok {
		do(chat.Request{Ref: &call{silent: true}, Command: d})
	}
}

func (f *frames) shared(d *chat.Delivery) bool {
	return f.inner.Shared(d) && (d.Event == nil || !f.acking[d.Event.Channel.Name])
}

func (f *frames) encode(d *chat.Delivery, emit func(wire.Message)) {
	var c *call
	var id *uint64
	switch {
	case d.Reply != nil:
		if c = callOf(d.Reply); c != nil && c.silent {
			return
		}
		f.note(d.Reply)
		if c != nil {
			told := *d.Reply
			told.Ref = c.inner
			d = &chat.Delivery{Reply: &told}
		}
	case d.Event != nil && f.acking[d.Event.Channel.Name]:
		id = f.want(d.Event)
	}
	answered := false
	f.inner.Encode(d, func(text []byte) {
		answered = true
		f.tell(text, c, id, emit)
	})
	if !answered && c != nil && c.wanted {
		f.tell([]byte(`{"type":"ok"}`), c, nil, emit)
	}
}

// note remembers where acknowledgements are wanted.
func (f *frames) note(r *chat.Reply) {
	switch cmd := r.Command.(type) {
	case chat.Subscribe:
		if r.Subscribed == nil {
			return
		}
		if f.acking == nil {
			f.acking = make(map[string]bool)
		}
		if delete(f.acking, r.Subscribed.Channel); cmd.Acks {
			f.acking[r.Subscribed.Channel] = true
		}
	case chat.Unsubscribe:
		delete(f.acking, cmd.Channel)
	}
}

// want is the id under which a delivery is to be acknowledged.
func (f *frames) want(e *chat.Event) *uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.next
	f.next++
	if f.unacked == nil {
		f.unacked = make(map[uint64]chat.Delivered)
	}
	f.unacked[id] = chat.Delivered{Channel: e.Channel.Name, Seq: e.Seq}
	if id >= maxUnacked {
		delete(f.unacked, id-maxUnacked)
	}
	return &id
}

// tell emits a frame: as c's acknowledgement, if it wants one, without the ref
// that it has for it; else as an event, without its type.
func (f *frames) tell(text []byte, c *call, id *uint64, emit func(wire.Message)) {
	const head = `{"type":"`
	name, rest, ok := bytes.Cut(bytes.TrimPrefix(text, []byte(head)), []byte{'"'})
	if !ok {
		return
	}
	w := f.pool.Writer()
	if c != nil && c.wanted {
		f.codec.answer(w, c, "")
		ref := strconv.AppendUint([]byte(`,"ref":`), c.id, 10)
		w.Verbatim(head)
		w.Verbatim(string(name))
		w.Verbatim(`"`)
		w.Verbatim(string(bytes.TrimPrefix(rest, ref)))
	} else {
		f.codec.event(w, string(name), 0, id)
		if rest[0] == ',' {
			rest = rest[1:]
		}
		w.Verbatim(`,{`)
		w.Verbatim(string(rest))
	}
	w.End()
	f.codec.emit(w, emit)
}
