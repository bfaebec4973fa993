package socketio

import (
	"encoding/binary"

	"github.com/parley-chat/parley/wire"
)

// Pack appends a message to those that are kept together: a delivery becomes
// any number of them. Packed messages begin with twice their length, plus one
// if they are binary.
func Pack(kept []byte, m wire.Message) []byte {
	head := uint64(len(m.Data)) << 1
	if m.Binary {
		head |= 1
	}
	kept = binary.AppendUvarint(kept, head)
	return append(kept, m.Data...)
}

// Unpack appends to dst what was packed. Their data is kept's own.
func Unpack(dst []wire.Message, kept []byte) []wire.Message {
	for len(kept) > 0 {
		head, n := binary.Uvarint(kept)
		end := n + int(head>>1)
		dst = append(dst, wire.Message{Data: kept[n:end:end], Binary: head&1 == 1})
		kept = kept[end:]
	}
	return dst
}
