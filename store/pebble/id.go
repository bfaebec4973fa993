package pebble

import (
	"encoding/hex"
)

// A message's id is a UUID of version 7 (RFC 9562, 5.7): the milliseconds,
// then, as its section 6.2 allows, a counter, which here is the message's seq,
// and 34 random bits. So an id leads to its row without an index.
//
//	48 time | 4 version | 12 seq, high | 2 variant | 28 seq, low | 34 random
type messageID [16]byte

func newMessageID(ms int64, seq, random uint64) (id messageID) {
	hi := uint64(ms)<<16 | 7<<12 | seq>>28&0xfff
	lo := uint64(2)<<62 | (seq&(1<<28-1))<<34 | random&(1<<34-1)
	for i := range 8 {
		id[i] = byte(hi >> (56 - 8*i))
		id[8+i] = byte(lo >> (56 - 8*i))
	}
	return id
}

// parts are the id's two halves.
func (id messageID) parts() (hi, lo uint64) {
	for i := range 8 {
		hi = hi<<8 | uint64(id[i])
		lo = lo<<8 | uint64(id[8+i])
	}
	return hi, lo
}

func (id messageID) seq() uint64 {
	hi, lo := id.parts()
	return hi&0xfff<<28 | lo>>34&(1<<28-1)
}

func (id messageID) appendText(dst []byte) []byte {
	dst = hex.AppendEncode(dst, id[0:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:16]} {
		dst = hex.AppendEncode(append(dst, '-'), part)
	}
	return dst
}

func (id messageID) String() string { return string(id.appendText(make([]byte, 0, 36))) }

// parseMessageID reads the one form in which ids are given out: lower case,
// with hyphens.
func parseMessageID(s string) (id messageID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return id, false
	}
	return id, id.String() == s && id[6]>>4 == 7
}
