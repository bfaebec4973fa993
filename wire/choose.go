package wire

import (
	"slices"
	"sync/atomic"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// ByFirstFrame is a door for clients of several dialects: the type of the
// first frame that can be read decides, by table, and the connection keeps
// that dialect. Any other frame is an error and decides nothing; until then
// errors are the only answers.
func ByFirstFrame(name string, table map[string]Dialect) Dialect {
	pool := new(frame.Pool)
	return Dialect{Name: name, New: func(session string) Codec {
		return &chooser{name: name, session: session, table: table, pool: pool}
	}}
}

type chooser struct {
	name    string
	session string
	table   map[string]Dialect
	pool    *frame.Pool
	chosen  atomic.Pointer[choice]

	// Encode's alone: who the session is and what calls it has under way was told
	// before there was anybody to understand it, and is told again to the dialect
	// that was chosen.
	connected  *chat.Delivery
	calls      []*chat.Delivery
	introduced bool
}

// maxHeld bounds the calls that are held back: the last ones count.
const maxHeld = 32

type choice struct {
	dialect Dialect
	codec   Codec
}

func (c *chooser) Decode(data []byte, do func(chat.Request)) error {
	if ch := c.chosen.Load(); ch != nil {
		return ch.codec.Decode(data, do)
	}
	name, err := ReadTyped(c.pool, data, func([]byte, frame.Value) {})
	if err != nil {
		return err
	}
	dialect, ok := c.table[name]
	if !ok {
		return chat.E(chat.CodeUnknownType, "no conversation begins with a frame of this type")
	}
	ch := &choice{dialect: dialect, codec: dialect.New(c.session)}
	// The choice is made before the first request is, whose answer may be
	// encoded before Decode returns.
	return ch.codec.Decode(data, func(r chat.Request) {
		c.chosen.CompareAndSwap(nil, ch)
		do(r)
	})
}

func (c *chooser) Encode(d *chat.Delivery, emit func([]byte)) {
	ch := c.chosen.Load()
	if ch == nil {
		c.encodeUndecided(d, emit)
		return
	}
	if !c.introduced {
		c.introduced = true
		if c.connected != nil {
			ch.codec.Encode(c.connected, emit)
		}
		for _, call := range c.calls {
			ch.codec.Encode(call, emit)
		}
		c.connected, c.calls = nil, nil
	}
	ch.codec.Encode(d, emit)
}

func (c *chooser) encodeUndecided(d *chat.Delivery, emit func([]byte)) {
	var fault *chat.Error
	switch {
	case d.Reply != nil && d.Reply.Connected != nil:
		c.connected = d
	case d.Reply != nil:
		fault = d.Reply.Err
	case d.Signal != nil && d.Signal.Kind == chat.SignalCall:
		if len(c.calls) == maxHeld {
			c.calls = slices.Delete(c.calls, 0, 1)
		}
		c.calls = append(c.calls, d)
	case d.Notice != nil:
		if n, ok := d.Notice.(*chat.Expiring); ok {
			fault = n.Err
		}
	}
	if fault == nil {
		return
	}
	w := c.pool.Writer()
	AppendError(w, fault)
	w.Close()
	c.pool.Emit(w, emit)
}

// Shared is what the chosen dialect's codec says, once that knows who the
// session is.
func (c *chooser) Shared(d *chat.Delivery) bool {
	ch := c.chosen.Load()
	return ch != nil && c.introduced && ch.codec.Shared(d)
}

// Speech implements Speaker: it is the chosen dialect's.
func (c *chooser) Speech() chat.Speech {
	if ch := c.chosen.Load(); ch != nil {
		return ch.dialect.Speech()
	}
	return chat.Speech{Dialect: c.name}
}
