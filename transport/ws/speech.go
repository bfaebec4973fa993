package ws

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Speaks implements chat.Speaker.
func (c *conn) Speaks() chat.Speech {
	if s := c.speaker.Load(); s != nil {
		return (*s).Speech()
	}
	return chat.Speech{}
}

// spokenBy says who knows what the client understands: its codec, if that
// does, or the dialect.
func (c *conn) spokenBy(d *wire.Dialect) {
	s := wire.Speaker(d)
	if own, ok := c.codec.(wire.Speaker); ok {
		s = own
	}
	c.speaker.Store(&s)
}

// format is under which the connection's finished frames are kept: all who
// speak the same share them, whatever door they came by. The writer's.
func (c *conn) format() *chat.Format {
	if c.spoken == nil {
		c.spoken = c.server.dialect(c.Speaks().Dialect, c.dialect.bits).format
	}
	return c.spoken
}
