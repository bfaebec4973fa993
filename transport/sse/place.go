package sse

import (
	"github.com/parley-chat/parley/chat"
)

// maxRestarts bounds how often a place is begun again: retention may overtake
// the oldest event while it is asked for.
const maxRestarts = 8

// place is where the stream stands in one of its channels.
type place struct {
	index    int
	channel  string
	begun    bool        // its subscription stands
	refused  *chat.Error // it does not, and why
	restarts int
}

// places are those of all the stream's channels.
type places struct {
	list  []place
	named map[string]*place
	at    chat.Positions // as the next id tells them
	open  int            // subscriptions that stand
}

// newPlaces puts each channel where the client has come.
func newPlaces(q *request) *places {
	p := &places{
		list:  make([]place, len(q.channels)),
		named: make(map[string]*place, len(q.channels)),
		at:    chat.Positions{Seqs: make([]uint64, len(q.channels))},
	}
	for i, name := range q.channels {
		p.list[i] = place{index: i, channel: name}
		p.named[name] = &p.list[i]
		p.at.Seqs[i] = nowhere
	}
	if len(q.from.Seqs) > 0 {
		p.at.Epoch = q.from.Epoch
		copy(p.at.Seqs, q.from.Seqs)
	}
	return p
}

// subscribe is the request for a channel's events, from where it stands.
func (p *places) subscribe(pl *place, presence bool) chat.Request {
	c := chat.Subscribe{Channel: pl.channel, Presence: presence}
	if seq := p.at.Seqs[pl.index]; seq != nowhere {
		c.From = &chat.Position{Epoch: p.at.Epoch, Seq: seq}
	}
	return chat.Request{Command: c, Ref: pl}
}

// restart is the request for what is left of a channel.
func (p *places) restart(pl *place, oldest chat.Position, presence bool) chat.Request {
	return chat.Request{Command: chat.Subscribe{Channel: pl.channel, Presence: presence, From: &oldest}, Ref: pl}
}

// begin notes where a subscription begins.
func (p *places) begin(pl *place, from chat.Position) {
	p.move(from.Epoch)
	pl.begun = true
	p.open++
	p.at.Seqs[pl.index] = from.Seq
}

// move is into another epoch. What the client knew of the one before counts
// for nothing: a channel that it is not let into is wanted from its beginning.
func (p *places) move(epoch string) {
	if p.at.Epoch == epoch {
		return
	}
	if p.at.Epoch != "" {
		for i, seq := range p.at.Seqs {
			if !p.list[i].begun && seq != nowhere {
				p.at.Seqs[i] = 0
			}
		}
	}
	p.at.Epoch = epoch
}

// end notes that a subscription stands no more; its place stays.
func (p *places) end(channel string) {
	if pl := p.named[channel]; pl != nil && pl.begun {
		pl.begun = false
		p.open--
	}
}

// pass notes an event that the client has got, or that there is nothing to say of.
func (p *places) pass(channel string, seq uint64) {
	if pl := p.named[channel]; pl != nil && pl.begun {
		p.at.Seqs[pl.index] = max(p.at.Seqs[pl.index], seq)
	}
}

// refusal is why the stream has none of its channels; nil: it has some, or was
// asked for none.
func (p *places) refusal() *chat.Error {
	if len(p.list) == 0 || p.open > 0 {
		return nil
	}
	return p.list[0].refused
}

// appendID writes the places as an event's id.
func (p *places) appendID(b []byte) []byte {
	if len(p.list) == 0 {
		return b
	}
	b = append(b, "id: "...)
	return append(p.at.Append(b), '\n')
}
