package wire

import (
	"sync/atomic"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// AppendError writes the error that every dialect of other systems' clients
// has in common: {"type":"error","code","message"}, and retryAfter in
// milliseconds where it says something. The object is left open.
func AppendError(w *frame.Writer, e *chat.Error) {
	w.Begin("error")
	w.String("code", string(e.Code))
	w.String("message", e.Message)
	if e.RetryAfter > 0 {
		w.Duration("retryAfter", e.RetryAfter)
	}
}

// ByFirstFrame is a door for clients of several dialects: the type of the
// first frame that can be read decides, by table, and the connection keeps
// that dialect. Any other frame is an error and decides nothing; until then
// errors are the only answers.
func ByFirstFrame(name string, table map[string]Dialect) Dialect {
	pool := new(frame.Pool)
	one := true
	for _, a := range table {
		for _, b := range table {
			one = one && a.Name == b.Name
		}
	}
	return Dialect{Name: name, New: func(session string) Codec {
		return &chooser{session: session, table: table, one: one, pool: pool}
	}}
}

type chooser struct {
	session string
	table   map[string]Dialect
	one     bool // whatever is chosen, it is the same dialect
	pool    *frame.Pool
	chosen  atomic.Pointer[choice]

	// Encode's alone: who the session is was told before there was anybody to
	// understand it, and is told again to the dialect that was chosen.
	connected  *chat.Delivery
	introduced bool
}

type choice struct {
	name  string
	codec Codec
}

func (c *chooser) Decode(data []byte, do func(chat.Request)) error {
	if ch := c.chosen.Load(); ch != nil {
		return ch.codec.Decode(data, do)
	}
	var typ frame.Value
	err := c.pool.Object(data, func(name []byte, v frame.Value) {
		if string(name) == "type" {
			typ = v
		}
	})
	if err != nil {
		return err
	}
	name, ok := typ.Text()
	if !ok {
		return chat.E(chat.CodeMalformed, "a frame has a string named type")
	}
	dialect, ok := c.table[name]
	if !ok {
		return chat.E(chat.CodeUnknownType, "no conversation begins with a frame of this type")
	}
	ch := &choice{name: dialect.Name, codec: dialect.New(c.session)}
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

// Shared is false where connections of this door may have chosen differently:
// a transport keeps frames by door, and would give one dialect's to another.
func (c *chooser) Shared(d *chat.Delivery) bool {
	ch := c.chosen.Load()
	return c.one && ch != nil && c.introduced && ch.codec.Shared(d)
}
