package ws

import (
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// message is one whose last fragment has not come.
type message struct {
	op       ws.OpCode
	deflated bool
	data     []byte
	valid    int // so much of data is UTF-8
}

// extend takes the next fragment; false: the text is no UTF-8, whatever follows.
func (m *message) extend(payload []byte) bool {
	m.data = append(m.data, payload...)
	if m.op != ws.OpText || m.deflated {
		return true
	}
	n, ok := validPrefix(m.data[m.valid:])
	m.valid += n
	return ok
}

// validPrefix is how much of b is whole runes; false: what follows these is
// not the beginning of one.
func validPrefix(b []byte) (n int, ok bool) {
	n = len(b)
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if at := len(b) - back; utf8.RuneStart(b[at]) {
			if !utf8.FullRune(b[at:]) {
				n = at
			}
			break
		}
	}
	return n, utf8.Valid(b[:n])
}
