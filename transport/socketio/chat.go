package socketio

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/socketio"
)

// Session is what a client carries; *chat.Session, which says what the methods
// mean.
type Session interface {
	ID() string
	Do(ctx context.Context, r chat.Request)
	Fail(err error)
	Ready(ctx context.Context) error
	Next(ctx context.Context, dst []*chat.Delivery) (batch []*chat.Delivery, more bool)
	Close()
}

// Chat is the application of a namespace whose clients have a session each.
type Chat struct {
	Dialect *socketio.Dialect

	// Open makes a session, whose sink is given.
	Open func(id chat.Identity, sink chat.Sink) (Session, error)

	// Identify says who holds the credentials.
	Identify func(ctx context.Context, c Credentials) (chat.Identity, error)

	// Recovery is offered to every client, and not only to those that ask.
	Recovery bool

	turns sync.Pool
}

// Connect implements Namespace.
func (a *Chat) Connect(ctx context.Context, h *Handshake, s Socket) (Client, error) {
	auth, err := socketio.ParseAuth(h.Auth)
	if err != nil {
		return nil, err
	}
	id, err := a.Identify(ctx, h.Credentials.with(&auth))
	if err != nil {
		return nil, err
	}
	o := a.opening(&auth, &id)
	speech := a.Dialect.Speech
	speech.Keeps = o.Recover
	g := &guest{app: a, sink: sink{socket: s, speech: &speech}}
	if g.session, err = a.Open(id, &g.sink); err != nil {
		return nil, err
	}
	o.Session = g.session.ID()
	g.codec = a.Dialect.New(o)
	g.do(ctx, o.Request())
	return g, nil
}

// with are the credentials that a client gives when it connects, in place of
// those of its request.
func (c Credentials) with(a *socketio.Auth) Credentials {
	if a.Token != "" {
		c.Token = a.Token
	}
	if a.User != "" {
		c.User, c.Name = a.User, a.Name
	}
	return c
}

func (a *Chat) opening(auth *socketio.Auth, id *chat.Identity) *socketio.Opening {
	o := &socketio.Opening{User: auth.User, Name: auth.Name, Recover: a.Recovery || auth.Recovery, Device: a.Dialect.NewID(id.User)}
	if !o.Recover {
		return o
	}
	o.Ticket = rand.Text()
	switch at, err := chat.ParsePositions(auth.Offset); {
	case auth.Ticket == "":
	case auth.Offset == "": // it was told nothing yet
		o.From = &chat.Recovery{Ticket: auth.Ticket}
	case err == nil: // else it begins anew
		o.From = &chat.Recovery{Ticket: auth.Ticket, Epoch: at.Epoch, Seqs: at.Seqs}
	}
	return o
}

// guest is a client with its session.
type guest struct {
	app     *Chat
	session Session
	codec   *socketio.Codec

	doing sync.Mutex // held while the session is asked for something
	sink  sink
}

// sink is the Sink of a guest's session.
type sink struct {
	socket Socket
	speech *chat.Speech
}

// Wake implements chat.Sink.
func (s *sink) Wake() { s.socket.Wake() }

// Close implements chat.Sink.
func (s *sink) Close(why *chat.Error) {
	if why == nil {
		why = chat.E(chat.CodeDisconnected, "the session was ended")
	}
	s.socket.End(why)
}

// Speaks implements chat.Speaker.
func (s *sink) Speaks() chat.Speech { return *s.speech }

// Receive implements Client.
func (g *guest) Receive(ctx context.Context, p *socketio.Packet) {
	if err := g.codec.Decode(p, func(r chat.Request) { g.do(ctx, r) }); err != nil {
		g.session.Fail(err)
	}
}

// Fail implements Client.
func (g *guest) Fail(p *socketio.Packet, err error) { g.session.Fail(socketio.Refusal(p, err)) }

// do is for both sides: what follows from an answer is asked from where it is
// sent.
func (g *guest) do(ctx context.Context, r chat.Request) {
	g.doing.Lock()
	defer g.doing.Unlock()
	g.session.Do(ctx, r)
}

// Ready implements Client.
func (g *guest) Ready(ctx context.Context) error { return g.session.Ready(ctx) }

// Next implements Client.
func (g *guest) Next(ctx context.Context, dst []wire.Message) (batch []wire.Message, more bool) {
	turn := g.app.turn()
	defer g.app.turns.Put(turn)
	before := len(dst)
	for {
		turn.deliveries, more = g.session.Next(ctx, turn.deliveries[:0])
		for _, d := range turn.deliveries {
			dst = g.tell(ctx, turn, d, dst)
		}
		clear(turn.deliveries)
		if len(dst) > before || !more {
			return dst, more
		}
	}
}

// tell appends what d becomes, and asks what follows from it.
func (g *guest) tell(ctx context.Context, turn *turn, d *chat.Delivery, dst []wire.Message) []wire.Message {
	if g.codec.Refused() {
		return dst
	}
	if g.codec.Shared(d) {
		return socketio.Unpack(dst, g.kept(turn, d))
	}
	turn.dst = dst
	g.codec.Encode(d, turn.private)
	dst, turn.dst = turn.dst, nil
	if g.codec.Refused() {
		g.sink.socket.End(nil)
	}
	if r, ok := g.codec.Then(d); ok {
		g.do(ctx, r)
	}
	return dst
}

// kept is what a shared delivery becomes, encoded once for all.
func (g *guest) kept(turn *turn, d *chat.Delivery) []byte {
	format := g.app.Dialect.Format
	if packed := d.Frames(format); packed != nil {
		return packed
	}
	turn.packed = []byte{} // not nil: that it becomes no message is kept too
	g.codec.Encode(d, turn.shared)
	d.Keep(format, turn.packed)
	return turn.packed
}

// Close implements Client.
func (g *guest) Close() { g.session.Close() }

// turn is what a call of Next works with; a client that is idle has none.
type turn struct {
	deliveries []*chat.Delivery
	dst        []wire.Message
	packed     []byte
	private    func(wire.Message)
	shared     func(wire.Message)
}

func (a *Chat) turn() *turn {
	if t, ok := a.turns.Get().(*turn); ok {
		return t
	}
	t := &turn{}
	t.private = func(m wire.Message) {
		if !m.Binary {
			m.Data = bytes.Clone(m.Data)
		}
		t.dst = append(t.dst, m)
	}
	t.shared = func(m wire.Message) { t.packed = socketio.Pack(t.packed, m) }
	return t
}
