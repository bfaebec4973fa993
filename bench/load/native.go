package load

import (
	"strconv"

	"github.com/parley-chat/parley/bench/fields"
	"github.com/parley-chat/parley/bench/frame"
)

// native is Parley's own protocol.
type native struct{}

func (native) upgrade() (query, header string) {
	return "", "Sec-WebSocket-Protocol: parley.v1.json\r\n"
}

func (native) upgraded(s *Swarm, c *Conn) error {
	if c.channel == "" {
		s.level(c)
		return nil
	}
	var room [256]byte
	p := append(append(room[:0], `{"type":"subscribe","ref":1,"channelId":"`...), c.channel...)
	if c.epoch != "" {
		p = append(append(append(p, `","position":"`...), c.epoch...), ':')
		p = strconv.AppendUint(p, c.last, 10)
	}
	return c.send(frame.Text, append(p, `"}`...))
}

func (n native) told(s *Swarm, c *Conn, payload []byte, now int64) error {
	var kind, seq, text, ref, position []byte
	walk := fields.Of(payload)
	for name, value, ok := walk.Next(); ok; name, value, ok = walk.Next() {
		switch string(name) {
		case "type":
			kind = fields.Text(value)
		case "seq":
			seq = value
		case "text":
			text = fields.Text(value)
		case "ref":
			ref = value
		case "position":
			position = fields.Text(value)
		}
		if seq != nil && text != nil && kind != nil {
			break
		}
	}
	switch string(kind) {
	case "message":
		s.message(c, seq, text, now)
	case "ack":
		s.acknowledged(ref, now)
	case "subscribed":
		n.subscribed(s, c, position)
	case "level":
		s.level(c)
	case "error", "expired":
		s.tally.Errors++
		s.tally.fail(string(payload))
	default:
		s.tally.Unread++
	}
	return nil
}

// subscribed takes the place in the channel at which c begins.
func (native) subscribed(s *Swarm, c *Conn, position []byte) {
	for i := len(position) - 1; i >= 0; i-- {
		if position[i] != ':' {
			continue
		}
		seq, ok := fields.Number(position[i+1:])
		if !ok {
			break
		}
		if c.epoch == "" {
			c.epoch, c.last = string(position[:i]), seq
		}
		return
	}
	s.tally.Errors++
	s.tally.fail("subscribed without a position")
}

func (native) publish(w *writer, ref uint64, channel string, due int64) []byte {
	b := append(w.buffer[:0], `{"type":"publish","ref":`...)
	b = strconv.AppendUint(b, ref, 10)
	b = append(append(b, `,"channelId":"`...), channel...)
	b = append(stamp(append(b, `","text":"`...), due), w.filler...)
	b = append(append(append(b, `","nonce":"`...), w.run...), '-')
	b = append(strconv.AppendUint(b, ref, 10), `"}`...)
	w.buffer = b
	return b
}
