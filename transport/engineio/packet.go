package engineio

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Kinds of packets: the first byte of each, but for binary messages, which are
// bare in a WebSocket.
const (
	kindOpen    = '0'
	kindClose   = '1'
	kindPing    = '2'
	kindPong    = '3'
	kindMessage = '4'
	kindUpgrade = '5'
	kindNoop    = '6'
	kindBinary  = 'b' // base 64, in a payload
)

// separator stands between the packets of a payload.
const separator = 0x1e

const probe = "probe"

// packet is one that came in.
type packet struct {
	kind byte // kindMessage for binary ones too
	wire.Message
}

// eachPacket calls do for the packets of a POST's body, in order, until it
// fails. It changes body.
func eachPacket(body []byte, do func(packet) error) error {
	if !utf8.Valid(body) {
		return malformed("the payload is not UTF-8")
	}
	for {
		one, rest, more := bytes.Cut(body, []byte{separator})
		p, err := parsePacket(one)
		if err != nil {
			return err
		}
		if err := do(p); err != nil || !more {
			return err
		}
		body = rest
	}
}

// parsePacket reads a packet of a payload. Base 64 is decoded in place.
func parsePacket(b []byte) (packet, error) {
	if len(b) == 0 {
		return packet{}, malformed("a packet is empty")
	}
	kind, data := b[0], b[1:]
	switch {
	case kind == kindBinary:
		n, err := base64.StdEncoding.Strict().Decode(data, data)
		if err != nil {
			return packet{}, malformed("a binary packet is not base 64")
		}
		return packet{kindMessage, wire.Message{Data: data[:n], Binary: true}}, nil
	case kind < kindOpen || kind > kindNoop:
		return packet{}, malformed("a packet is of no known kind")
	}
	return packet{kind, wire.Message{Data: data}}, nil
}

func malformed(what string) *chat.Error { return chat.E(chat.CodeMalformed, "%s", what) }

// payload is the answer to a poll, as it grows.
type payload struct {
	body    []byte
	packets int
}

// add appends a packet without binary data.
func (p *payload) add(kind byte, data string) {
	p.begin(kind)
	p.body = append(p.body, data...)
}

// message appends a message. JSON has no bare separator; a text that has one
// must not become two packets.
func (p *payload) message(m wire.Message) {
	if m.Binary {
		p.begin(kindBinary)
		p.body = base64.StdEncoding.AppendEncode(p.body, m.Data)
		return
	}
	p.begin(kindMessage)
	at := len(p.body)
	p.body = append(p.body, m.Data...)
	for text := p.body[at:]; ; {
		i := bytes.IndexByte(text, separator)
		if i < 0 {
			return
		}
		text[i] = ' '
		text = text[i+1:]
	}
}

func (p *payload) begin(kind byte) {
	if p.packets++; p.packets > 1 {
		p.body = append(p.body, separator)
	}
	p.body = append(p.body, kind)
}

// opening is what the open packet says.
func (s *Server) opening(c *Conn, polling bool) string {
	upgrades := "[]"
	if polling && s.o.Upgrade != nil {
		upgrades = `["websocket"]`
	}
	b := append(make([]byte, 0, 160), `{"sid":"`...)
	b = append(append(b, c.id...), `","upgrades":`...)
	b = append(append(b, upgrades...), `,"pingInterval":`...)
	b = strconv.AppendInt(b, s.o.PingInterval.Milliseconds(), 10)
	b = append(b, `,"pingTimeout":`...)
	b = strconv.AppendInt(b, s.o.PingTimeout.Milliseconds(), 10)
	b = append(b, `,"maxPayload":`...)
	b = strconv.AppendInt(b, int64(s.o.MaxPayload), 10)
	return string(append(b, '}'))
}
