package ws

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

const rsv1 = 0x40 // of the first byte: the message is deflated

// header is a frame's, as a client sends it.
type header struct {
	first  byte // fin, reserved bits, opcode
	masked bool
	mask   [4]byte
	size   int    // of the header itself; 0: not all of it is here
	length uint64 // of the payload
}

func (h *header) fin() bool       { return h.first&0x80 != 0 }
func (h *header) rsv() byte       { return h.first & 0x70 }
func (h *header) op() ws.OpCode   { return ws.OpCode(h.first & 0x0f) }
func (h *header) control() bool   { return h.first&0x08 != 0 }
func (h *header) deflated() bool  { return h.first&rsv1 != 0 }
func (h *header) oversized() bool { return h.length>>63 != 0 }

// readHeader reads what b begins with. Of a header that is not all there it
// fills in what is needed to refuse it: its first two bytes.
func readHeader(b []byte) (h header) {
	if len(b) < 2 {
		return h
	}
	h.first, h.masked = b[0], b[1]&0x80 != 0
	size := 2
	switch l := b[1] & 0x7f; l {
	default:
		h.length = uint64(l)
	case 126:
		size += 2
		if len(b) < size {
			h.length = 126
			return h
		}
		h.length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		size += 8
		if len(b) < size {
			h.length = 126
			return h
		}
		h.length = binary.BigEndian.Uint64(b[2:])
	}
	if h.masked {
		if len(b) < size+4 {
			return h
		}
		copy(h.mask[:], b[size:])
		size += 4
	}
	h.size = size
	return h
}

// appendFrame appends a whole, unmasked frame.
func appendFrame(dst []byte, first byte, payload []byte) []byte {
	return append(appendHeader(dst, first, len(payload)), payload...)
}

// appendHeader appends what comes before a payload of n bytes.
func appendHeader(dst []byte, first byte, n int) []byte {
	switch {
	case n < 126:
		return append(dst, first, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
}

// First bytes of whole frames.
const (
	firstText   = 0x80 | byte(ws.OpText)
	firstBinary = 0x80 | byte(ws.OpBinary)
	firstClose  = 0x80 | byte(ws.OpClose)
	firstPing   = 0x80 | byte(ws.OpPing)
	firstPong   = 0x80 | byte(ws.OpPong)
)
