// Package frame reads and writes WebSocket frames (RFC 6455, section 5.2) in
// byte slices, for the bench's two ends. It neither reads from nor writes to
// connections.
package frame

import "encoding/binary"

// Opcodes that the bench uses.
const (
	Text  = 0x1
	Close = 0x8
	Ping  = 0x9
	Pong  = 0xA
)

// MaxHeader is the longest header of a frame, in bytes.
const MaxHeader = 14

// Header is the beginning of a frame.
type Header struct {
	Opcode byte
	Final  bool
	Masked bool
	Mask   [4]byte
	Size   int // of the header itself, in bytes
	Length int // of the payload, in bytes
}

// Parse reads the header that b begins with. It reports false while b is too
// short to tell.
func Parse(b []byte) (Header, bool) {
	if len(b) < 2 {
		return Header{}, false
	}
	h := Header{
		Opcode: b[0] & 0x0f, Final: b[0]&0x80 != 0, Masked: b[1]&0x80 != 0,
		Size: 2, Length: int(b[1] & 0x7f),
	}
	switch h.Length {
	case 126:
		if h.Size = 4; len(b) < h.Size {
			return Header{}, false
		}
		h.Length = int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if h.Size = 10; len(b) < h.Size {
			return Header{}, false
		}
		h.Length = int(binary.BigEndian.Uint64(b[2:]) & (1<<31 - 1))
	}
	if h.Masked {
		if len(b) < h.Size+4 {
			return Header{}, false
		}
		copy(h.Mask[:], b[h.Size:])
		h.Size += 4
	}
	return h, true
}

// Append appends a final frame of the payload to b, unmasked, as servers send.
func Append(b []byte, opcode byte, payload []byte) []byte {
	return append(header(b, opcode, 0, len(payload)), payload...)
}

// AppendMasked appends a final frame of the payload to b, masked by key, as
// clients send.
func AppendMasked(b []byte, opcode byte, payload []byte, key uint32) []byte {
	b = header(b, opcode, 0x80, len(payload))
	b = binary.LittleEndian.AppendUint32(b, key)
	start := len(b)
	b = append(b, payload...)
	mask := [4]byte(b[start-4 : start])
	Unmask(b[start:], mask)
	return b
}

func header(b []byte, opcode, masked byte, length int) []byte {
	b = append(b, 0x80|opcode)
	switch {
	case length < 126:
		return append(b, masked|byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, masked|126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(b, masked|127), uint64(length))
}

// Unmask applies a mask to a payload, in place. Masking is the same.
func Unmask(payload []byte, mask [4]byte) {
	word := uint64(binary.LittleEndian.Uint32(mask[:]))
	word |= word << 32
	for len(payload) >= 8 {
		binary.LittleEndian.PutUint64(payload, binary.LittleEndian.Uint64(payload)^word)
		payload = payload[8:]
	}
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
}
