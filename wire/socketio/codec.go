package socketio

import (
	"errors"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Dialect is what is spoken in a namespace.
type Dialect struct {
	Namespace string
	Speech    chat.Speech
	Format    *chat.Format // under which frames that are shared are kept; see Pack

	pool  *frame.Pool
	speak func(c *Codec, session string) speech
}

// speech is what differs between dialects. decode and encode are called as
// those of a wire.Codec are.
type speech interface {
	// decode reads an event's arguments, which are copied where they are kept.
	decode(name []byte, args []frame.Value, in *inward, c *call, do func(chat.Request)) error
	// acked is an acknowledgement by the client.
	acked(id uint64, do func(chat.Request))
	encode(d *chat.Delivery, emit func(wire.Message))
	shared(d *chat.Delivery) bool
	// opened is told who the socket is, before anything else is encoded.
	opened(device string, rooms []string)
}

// call is an event of the client's, to which an answer goes.
type call struct {
	id     uint64
	wanted bool
	silent bool   // it was not the client's: nobody is told
	join   string // the room that it joins
	inner  any    // what the speech put into the request
}

// refusal carries the call of an event that cannot become a request, as the
// cause of its error.
type refusal struct{ call *call }

func (refusal) Error() string { return "the event wants an answer" }

// callOf is the call that r answers, or nil.
func callOf(r *chat.Reply) *call {
	if c, ok := r.Ref.(*call); ok {
		return c
	}
	var of refusal
	if r.Err != nil && errors.As(r.Err.Cause, &of) {
		return of.call
	}
	return nil
}

// Codec is one client's in one namespace. Decode is called from where packets
// are read, the rest from where they are sent, each one call at a time.
type Codec struct {
	dialect *Dialect
	speech  speech
	device  string  // the socket's id; encode's alone
	places  *places // nil: recovery is not offered

	open    bool
	refused bool
	early   []*chat.Delivery // told before there was anybody to be told
}

// New is the codec of a client that comes in so.
func (d *Dialect) New(o *Opening) *Codec {
	c := &Codec{dialect: d, device: o.Device}
	if o.Recover {
		c.places = &places{}
		if o.From != nil {
			c.places.from = o.From.Seqs
		}
	}
	c.speech = d.speak(c, o.Session)
	return c
}

// Decode reads one event, or an acknowledgement, and calls do for each thing
// that it asks.
func (c *Codec) Decode(p *Packet, do func(chat.Request)) error {
	if p.Type == Ack {
		c.speech.acked(p.ID, do)
		return nil
	}
	call := &call{id: p.ID, wanted: p.Wanted}
	if err := c.decode(p, call, do); err != nil {
		return call.refused(err)
	}
	return nil
}

// Refusal is err as it must be failed with, so that who wants an answer to p
// gets it.
func Refusal(p *Packet, err error) error {
	return (&call{id: p.ID, wanted: p.Wanted && p.Type == Event}).refused(err)
}

func (c *call) refused(err error) error {
	told := *chat.AsError(err)
	told.Cause = errors.Join(refusal{c}, told.Cause)
	return &told
}

func (c *Codec) decode(p *Packet, call *call, do func(chat.Request)) error {
	var args []frame.Value
	if err := c.dialect.pool.Array(p.Data, func(v frame.Value) { args = append(args, v) }); err != nil {
		return err
	}
	if len(args) == 0 {
		return chat.E(chat.CodeMalformed, "an event has a name")
	}
	name, ok := args[0].Name()
	if !ok {
		return chat.E(chat.CodeMalformed, "an event's name is a string")
	}
	if reserved(name) {
		return chat.E(chat.CodeInvalid, "this name is Socket.IO's own")
	}
	in := &inward{pool: c.dialect.pool, attachments: p.Attachments}
	return c.speech.decode(name, args[1:], in, call, do)
}

// reserved names mean something else to clients.
func reserved(name []byte) bool {
	switch string(name) {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}

// Encode calls emit for each message that d becomes, maybe never. The data is
// not valid after emit returns, except that of binary messages.
func (c *Codec) Encode(d *chat.Delivery, emit func(wire.Message)) {
	if !c.open {
		c.encodeOpening(d, emit)
		return
	}
	if c.places == nil {
		c.speech.encode(d, emit)
		return
	}
	c.places.note(d)
	switch {
	case d.Event != nil:
		c.speech.encode(d, c.withOffset(emit))
	case d.Reply != nil && d.Reply.Subscribed != nil:
		// Before the answer: whoever knows of the room can come back to it.
		c.tellOffset(emit)
		c.speech.encode(d, emit)
	default:
		c.speech.encode(d, emit)
	}
}

// Refused reports that the client may not connect, which it was told.
func (c *Codec) Refused() bool { return c.refused }

// Shared reports that d becomes the same messages for every client that says so.
func (c *Codec) Shared(d *chat.Delivery) bool {
	return c.open && (c.places == nil || d.Event == nil) && c.speech.shared(d)
}

// Then is what is to be asked of the session once d was told, if anything is.
func (c *Codec) Then(d *chat.Delivery) (r chat.Request, ok bool) {
	if d.Reply == nil || d.Reply.Subscribed == nil {
		return r, false
	}
	f, ok := c.speech.(interface {
		follow(*chat.Reply) (chat.Request, bool)
	})
	if !ok {
		return r, false
	}
	return f.follow(d.Reply)
}

func (c *Codec) encodeOpening(d *chat.Delivery, emit func(wire.Message)) {
	r := d.Reply
	if r == nil || r.Ref != (opening{}) {
		c.early = append(c.early, d)
		return
	}
	if r.Err != nil {
		c.refused, c.early = true, nil
		text := AppendRefusal(nil, c.dialect.Namespace, RefusalMessage(r.Err), r.Err)
		emit(wire.Message{Data: text})
		return
	}
	var rooms []string
	if t := r.Ticket; t != nil {
		c.device = t.Device
		if r.Recovered {
			rooms = t.Channels
		}
	}
	c.open = true
	c.speech.opened(c.device, rooms)
	c.accept(r, emit)
	if c.places != nil {
		c.places.begin(rooms)
	}
	early := c.early
	c.early = nil
	for _, d := range early {
		c.Encode(d, emit)
	}
}

func (c *Codec) accept(r *chat.Reply, emit func(wire.Message)) {
	w := c.dialect.pool.Writer()
	begin(w, Connect, 0, c.dialect.Namespace, nil)
	w.Verbatim("{")
	w.String("sid", c.device)
	if r.Ticket != nil {
		w.String("pid", r.Ticket.ID)
	}
	w.Close()
	c.emit(w, emit)
}

func (c *Codec) emit(w *frame.Writer, emit func(wire.Message)) {
	c.dialect.pool.Emit(w, func(text []byte) { emit(wire.Message{Data: text}) })
}

// RefusalMessage is what programs compare: that of the middleware which chat
// servers of this kind have, if it is about who is asking.
func RefusalMessage(e *chat.Error) string {
	switch e.Code {
	case chat.CodeUnauthorized, chat.CodeTokenExpired, chat.CodeTokenRevoked, chat.CodeForeignSender, chat.CodeForbidden:
		return "Authentication error"
	}
	return e.Message
}

// answer writes an acknowledgement's or an event's head: what was called gets
// an answer if it wants one, else an event of this name. The argument follows,
// then end.
func (c *Codec) answer(w *frame.Writer, to *call, name string) {
	if to != nil && to.wanted {
		begin(w, Ack, 0, c.dialect.Namespace, &to.id)
		w.Verbatim("[")
		return
	}
	c.event(w, name, 0, nil)
}

func (c *Codec) event(w *frame.Writer, name string, attachments int, id *uint64) {
	begin(w, Event, attachments, c.dialect.Namespace, id)
	w.Verbatim(`["`)
	w.Verbatim(name)
	w.Verbatim(`"`)
}
