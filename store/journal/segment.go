package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

const (
	magic        = "parleyj1"
	headerSize   = 32
	recordHeader = 16
	align        = 8
	suffix       = ".journal"

	maxBehind = 1 << 24 // more records than these no segment has
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Is reports whether a file of that name is a journal's.
func Is(name string) bool { return strings.HasSuffix(name, suffix) }

func nameOf(first uint64) string { return fmt.Sprintf("%016x", first) + suffix }

// firstOf is the number in a segment's name.
func firstOf(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 16, 64)
	return first, err == nil && nameOf(first) == name
}

// header is what a segment begins with.
type header struct{ first, salt uint64 }

func (h header) append(b []byte) []byte {
	start := len(b)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = binary.LittleEndian.AppendUint64(b, h.salt)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	return append(b, 0, 0, 0, 0)
}

func readHeader(b []byte) (h header, ok bool) {
	if len(b) < headerSize {
		return header{}, false
	}
	h = header{binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])}
	return h, bytes.Equal(h.append(nil), b[:headerSize])
}

// appendRecord adds a record to b, whose length is a multiple of align.
func (h header) appendRecord(b []byte, number uint64, data []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = binary.LittleEndian.AppendUint64(b, number)
	b = append(b, data...)
	binary.LittleEndian.PutUint32(b[start:], h.sum(b[start+4:]))
	for len(b)%align != 0 {
		b = append(b, 0)
	}
	return b
}

func (h header) sum(b []byte) uint32 {
	var salt [8]byte
	binary.LittleEndian.PutUint64(salt[:], h.salt)
	return crc32.Update(crc32.Checksum(salt[:], castagnoli), castagnoli, b)
}

// record is the one that b begins with, and how many bytes it takes; false if
// there is none.
func (h header) record(b []byte) (number uint64, data []byte, size int, ok bool) {
	if len(b) < recordHeader {
		return 0, nil, 0, false
	}
	length := uint64(binary.LittleEndian.Uint32(b[4:]))
	if length == 0 || length > uint64(len(b)-recordHeader) {
		return 0, nil, 0, false
	}
	end := recordHeader + int(length)
	if binary.LittleEndian.Uint32(b) != h.sum(b[4:end]) {
		return 0, nil, 0, false
	}
	size = min(end+(align-end%align)%align, len(b))
	return binary.LittleEndian.Uint64(b[8:]), b[recordHeader:end:end], size, true
}

// hides reports whether b, which does not begin with record number, holds one
// that comes after it.
func (h header) hides(b []byte, number uint64) bool {
	b = bytes.TrimRight(b, "\x00")
	for at := 0; at+recordHeader <= len(b); at += align {
		if n := binary.LittleEndian.Uint64(b[at+8:]); n < number || n-number > maxBehind {
			continue
		}
		if _, _, _, ok := h.record(b[at:]); ok {
			return true
		}
	}
	return false
}
