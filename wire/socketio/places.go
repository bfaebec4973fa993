package socketio

import (
	"slices"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// offsetEvent tells how far a client is where no other event does.
const offsetEvent = "offset"

// places are how far a client came in the channels of its ticket, in their
// order there: what it comes back with.
type places struct {
	from     []uint64 // what it came with
	channels []string
	at       chat.Positions
}

// begin is told the channels of a ticket that goes on.
func (p *places) begin(channels []string) {
	p.channels = slices.Clone(channels)
	p.at.Seqs = make([]uint64, len(channels))
	copy(p.at.Seqs, p.from)
	p.from = nil
}

// note takes in what d says of a channel.
func (p *places) note(d *chat.Delivery) {
	switch {
	case d.Event != nil:
		if i := slices.Index(p.channels, d.Event.Channel.Name); i >= 0 {
			p.at.Seqs[i] = max(p.at.Seqs[i], d.Event.Seq)
		}
	case d.Reply != nil && d.Reply.Err == nil:
		if d.Reply.Subscribed != nil {
			p.subscribed(d.Reply.Subscribed)
		} else if cmd, ok := d.Reply.Command.(chat.Unsubscribe); ok {
			p.end(cmd.Channel)
		}
	case d.Notice != nil:
		switch n := d.Notice.(type) {
		case *chat.Opened:
			p.subscribed(n.Subscribed)
		case *chat.Dropped:
			p.end(n.Channel)
		}
	}
}

func (p *places) subscribed(s *chat.Subscribed) {
	p.at.Epoch = s.From.Epoch
	for len(p.channels) <= s.Place {
		p.channels = append(p.channels, "")
		p.at.Seqs = append(p.at.Seqs, 0)
	}
	p.channels[s.Place], p.at.Seqs[s.Place] = s.Channel, s.From.Seq
}

// end keeps the place, so that the others stay where they are.
func (p *places) end(channel string) {
	if i := slices.Index(p.channels, channel); i >= 0 {
		p.channels[i] = ""
	}
}

// withOffset appends the offset to the event that is emitted.
func (c *Codec) withOffset(emit func(wire.Message)) func(wire.Message) {
	return func(m wire.Message) {
		if !m.Binary {
			offset := c.places.at.String()
			text := make([]byte, 0, len(m.Data)+len(offset)+3)
			text = append(text, m.Data[:len(m.Data)-1]...)
			text = append(append(append(text, `,"`...), offset...), `"]`...)
			m.Data = text
		}
		emit(m)
	}
}

func (c *Codec) tellOffset(emit func(wire.Message)) {
	w := c.dialect.pool.Writer()
	c.event(w, offsetEvent, 0, nil)
	w.Element([]byte(`"` + c.places.at.String() + `"`))
	w.End()
	c.emit(w, emit)
}
