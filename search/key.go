package search

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/parley-chat/parley/chat"
)

// The keyspaces: the first byte of every key. Projects and channels go by
// numbers of 32 bits, which are derived from their names.
const (
	spaceForward = 'f' // channel's number, seq → time, and what the message is found by
	spaceMeta    = 'm' // what is true of the whole index
	spaceName    = 'n' // number → how far its log was read; project, channel
	spacePosting = 'p' // project's number, field and term, NUL, window → block
)

// The fields: the first byte of what a message is found by. No term holds a NUL.
const (
	fieldAll     = 'a' // every message
	fieldChannel = 'c' // channel's number
	fieldHas     = 'h' // "file", "link"
	fieldSender  = 'u' // user
	fieldWord    = 'w'
)

var (
	keyFormat    = []byte{spaceMeta, 'f'}
	keyEpoch     = []byte{spaceMeta, 'e'}
	keyDocuments = []byte{spaceMeta, 'd'}
)

// format changes with the keys and with what counts as a word: an index of
// another one is made anew.
const format = "3"

// document names a message within its project. Documents sort the newest first:
// time, channel's number, seq.
type document [15]byte

const maxSeq = 1<<40 - 1 // as in a message's id

func newDocument(at time.Time, channel uint32, seq uint64) (d document) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], ^uint64(max(at.UnixMilli(), 0))<<16)
	copy(d[:6], b[:6])
	binary.BigEndian.PutUint32(d[6:10], channel)
	binary.BigEndian.PutUint64(b[:], ^seq)
	copy(d[10:], b[3:])
	return d
}

func (d *document) channel() uint32 { return binary.BigEndian.Uint32(d[6:10]) }

func (d *document) seq() uint64 {
	var b [8]byte
	copy(b[3:], d[10:])
	return ^binary.BigEndian.Uint64(b[:]) & maxSeq
}

// window is what d's block has in its key, rest what it has in the block.
func (d *document) window() (w [windowSize]byte) {
	copy(w[:], d[:])
	w[windowSize-1] &= windowPart
	return w
}

func (d *document) rest() (r [restSize]byte) {
	copy(r[:], d[windowSize-1:])
	r[0] &^= windowPart
	return r
}

func (d *document) compare(other *document) int { return bytes.Compare(d[:], other[:]) }

// next is the document right behind d; false: there is none.
func (d document) next() (document, bool) {
	for i := len(d) - 1; i >= 0; i-- {
		if d[i]++; d[i] != 0 {
			return d, true
		}
	}
	return d, false
}

// cursor names d to clients.
func (d *document) cursor() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

func parseCursor(s string) (d document, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if copy(d[:], b); err != nil || d.cursor() != s { // the decoder passes over line feeds
		return d, chat.E(chat.CodeInvalid, "before must be what a page gave as next")
	}
	return d, nil
}

// postings is the part of the keys that a term's blocks have in common.
func postings(dst []byte, project uint32, field byte, term string) []byte {
	dst = append(dst[:0], spacePosting)
	dst = appendNumber(dst, project)
	dst = append(append(dst, field), term...)
	return append(dst, 0)
}

// blockKey is the key of the term's block that d is in.
func blockKey(dst []byte, project uint32, field byte, term string, d *document) []byte {
	window := d.window()
	return append(postings(dst, project, field, term), window[:]...)
}

// behind is the first key behind every key that begins with prefix, which does
// not end in 0xff.
func behind(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return end
}

func forwardKey(dst []byte, channel uint32, seq uint64) []byte {
	dst = appendNumber(append(dst[:0], spaceForward), channel)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], seq)
	return append(dst, b[3:]...)
}

func forwardSeq(key []byte) uint64 {
	var b [8]byte
	copy(b[3:], key[len(key)-5:])
	return binary.BigEndian.Uint64(b[:])
}

func nameKey(dst []byte, number uint32) []byte {
	return appendNumber(append(dst[:0], spaceName), number)
}

func appendNumber(dst []byte, number uint32) []byte {
	return binary.BigEndian.AppendUint32(dst, number)
}

func readNumber(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// fullName is a channel's; with an empty channel it is its project's.
func fullName(dst []byte, ch chat.ChannelID) []byte {
	return append(append(append(dst, ch.Project...), 0), ch.Name...)
}

func cutFullName(b []byte) chat.ChannelID {
	project, name, _ := bytes.Cut(b, []byte{0})
	return chat.ChannelID{Project: string(project), Name: string(name)}
}

func numberTerm(number uint32) string {
	return string(appendNumber(nil, number))
}

// place is how far a channel's log was read.
type place struct {
	seq   uint64 // of the last event
	swept uint64 // up to which seq what has expired was removed
}

func (p place) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, p.seq), p.swept)
}

// cutPlace reads what append wrote; what follows is the full name.
func cutPlace(b []byte) (p place, full []byte) {
	var n int
	p.seq, n = binary.Uvarint(b)
	b = b[max(n, 0):]
	p.swept, n = binary.Uvarint(b)
	return p, b[max(n, 0):]
}

// appendForward appends the time to what says what a message is found by: its
// terms, each with its field and behind its length, are appended to that. So its
// postings are found again when it is edited or goes.
func appendForward(dst []byte, at time.Time) []byte {
	return binary.AppendVarint(dst, at.UnixMilli())
}

func appendTerm(dst []byte, field byte, term string) []byte {
	dst = binary.AppendUvarint(dst, uint64(1+len(term)))
	return append(append(dst, field), term...)
}

// readForward visits the terms.
func readForward(b []byte, visit func(at time.Time, field byte, term string)) error {
	ms, n := binary.Varint(b)
	if n <= 0 {
		return errUnreadable
	}
	for b = b[n:]; len(b) > 0; {
		size, n := binary.Uvarint(b)
		if n <= 0 || size == 0 || size > uint64(len(b)-n) {
			return errUnreadable
		}
		visit(time.UnixMilli(ms), b[n], string(b[n+1:n+int(size)]))
		b = b[n+int(size):]
	}
	return nil
}

// maxPlaces is how many places of a word in one text are kept: of more it is
// not known where they are.
const maxPlaces = 32

// appendPlaces writes rising places.
func appendPlaces(dst []byte, places []int) []byte {
	before := 0
	for _, p := range places {
		dst = binary.AppendUvarint(dst, uint64(p-before))
		before = p
	}
	return dst
}

// readPlaces appends what appendPlaces wrote.
func readPlaces(dst []int, b []byte) []int {
	at := 0
	for len(b) > 0 {
		step, n := binary.Uvarint(b)
		if n <= 0 {
			return dst[:0]
		}
		at += int(step)
		dst, b = append(dst, at), b[n:]
	}
	return dst
}
