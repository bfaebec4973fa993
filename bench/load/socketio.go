package load

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/parley-chat/parley/bench/fields"
	"github.com/parley-chat/parley/bench/frame"
)

// socketIO is Socket.IO 5 in Engine.IO 4 packets, as clients of chat rooms use
// it: join-room, then message with an acknowledgement. Its messages have no
// number of the server's, so that the sender puts one into each: its place
// among all that are sent to the room. Where several connections send to one
// room at almost the same time the server may order them otherwise, which would
// be counted as a fault: scenarios leave some milliseconds between them.
type socketIO struct {
	numbers map[string]uint64 // of the last message sent to each room; the publisher's
}

// Packets: Engine.IO's type, then, of a message, Socket.IO's.
const (
	engineOpen    = '0'
	enginePing    = '2'
	engineMessage = '4'
	socketConnect = '0'
	socketEvent   = '2'
	socketAck     = '3'
	socketRefused = '4'
)

// joinRef is the acknowledgement's number of the one join.
const joinRef = "1"

func (*socketIO) upgrade() (query, header string) { return "&EIO=4&transport=websocket", "" }

func (*socketIO) upgraded(*Swarm, *Conn) error { return nil } // the server speaks first

func (p *socketIO) told(s *Swarm, c *Conn, payload []byte, now int64) error {
	if len(payload) == 0 {
		return fmt.Errorf("an empty packet")
	}
	switch payload[0] {
	case engineOpen:
		return c.send(frame.Text, []byte("40"))
	case enginePing:
		return c.send(frame.Text, []byte("3"))
	case engineMessage:
		if len(payload) > 1 {
			return p.packet(s, c, payload[1:], now)
		}
	}
	s.tally.Unread++
	return nil
}

func (p *socketIO) packet(s *Swarm, c *Conn, packet []byte, now int64) error {
	switch packet[0] {
	case socketConnect:
		if c.channel == "" {
			s.level(c)
			return nil
		}
		return c.send(frame.Text, []byte("42"+joinRef+`["join-room","`+c.channel+`"]`))
	case socketEvent:
		p.event(s, c, packet[1:], now)
	case socketAck:
		p.acknowledged(s, c, packet[1:], now)
	case socketRefused:
		return fmt.Errorf("refused: %s", packet)
	default:
		s.tally.Unread++
	}
	return nil
}

func (*socketIO) event(s *Swarm, c *Conn, data []byte, now int64) {
	object, ok := bytes.CutPrefix(data, []byte(`["message",`))
	if !ok {
		s.tally.Unread++ // user-joined, for one
		return
	}
	var number, text []byte
	walk := fields.Of(object)
	for name, value, ok := walk.Next(); ok && (number == nil || text == nil); name, value, ok = walk.Next() {
		switch string(name) {
		case "n":
			number = value
		case "text":
			text = fields.Text(value)
		}
	}
	s.message(c, number, text, now)
}

func (*socketIO) acknowledged(s *Swarm, c *Conn, data []byte, now int64) {
	ref, answer, _ := bytes.Cut(data, []byte("["))
	if bytes.Contains(answer, []byte(`"error":`)) {
		s.tally.Errors++
		s.tally.fail(string(data))
		return
	}
	if string(ref) == joinRef {
		s.level(c)
		return
	}
	s.acknowledged(ref, now)
}

func (p *socketIO) publish(w *writer, ref uint64, channel string, due int64) []byte {
	p.numbers[channel]++
	b := strconv.AppendUint(append(w.buffer[:0], "42"...), ref, 10)
	b = append(b, `["message",{"n":`...)
	b = strconv.AppendUint(b, p.numbers[channel], 10)
	b = append(stamp(append(b, `,"text":"`...), due), w.filler...)
	b = append(b, `"}]`...)
	w.buffer = b
	return b
}
