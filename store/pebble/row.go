package pebble

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Every value begins with its version and the id of the key that its contents
// are sealed with; 0: they are not.
const (
	valueVersion = 1
	plainKey     = 0
)

var errRow = errors.New("a stored value cannot be read")

// row is an event with what the store alone needs to know of it. Once made it
// is never changed.
type row struct {
	event     *chat.Event
	id        messageID // of a message, or of the one that an edit or delete names
	deleteSeq uint64    // a deleted message's: the delete event
	prevEdit  uint64    // an edit's: the edit of the same message before it
}

// What a row has beyond the fields of every event.
const (
	hasID = 1 << iota
	hasEdits
	hasDelete
	hasTarget
	hasMember
)

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant is the time of ms; 0 is the zero time.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func appendRow(dst []byte, r *row) []byte {
	e := r.event
	var has byte
	if e.ID != "" {
		has |= hasID
	}
	if e.EditSeq != 0 {
		has |= hasEdits
	}
	if e.Deleted() {
		has |= hasDelete
	}
	if e.Kind != chat.KindMessage && e.ID != "" {
		has |= hasTarget
	}
	if e.Member != nil {
		has |= hasMember
	}
	dst = append(dst, valueVersion, plainKey, byte(e.Kind), has)
	dst = binary.AppendUvarint(dst, uint64(millis(e.At)))
	dst = appendText(dst, e.Sender)
	dst = appendText(dst, e.SenderName)
	dst = appendText(dst, e.Nonce)
	if has&hasID != 0 {
		dst = append(dst, r.id[:]...)
		dst = binary.AppendUvarint(dst, e.Sequence)
	}
	dst = appendBytes(dst, e.Body)
	dst = appendBytes(dst, e.Meta)
	if has&hasEdits != 0 {
		dst = binary.AppendUvarint(dst, e.EditSeq)
		dst = binary.AppendUvarint(dst, uint64(millis(e.EditedAt)))
	}
	if has&hasDelete != 0 {
		dst = binary.AppendUvarint(dst, r.deleteSeq)
		dst = binary.AppendUvarint(dst, uint64(millis(e.DeletedAt)))
	}
	if has&hasTarget != 0 {
		dst = binary.AppendUvarint(dst, e.TargetSeq)
		dst = binary.AppendUvarint(dst, r.prevEdit)
	}
	if has&hasMember != 0 {
		dst = appendMemberFields(appendText(dst, e.Member.User), e.Member)
	}
	return dst
}

func appendMemberFields(dst []byte, m *chat.Member) []byte {
	dst = appendText(dst, string(m.Role))
	var flags byte
	if m.Muted {
		flags |= 1
	}
	if m.Banned {
		flags |= 2
	}
	return binary.AppendUvarint(append(dst, flags), uint64(millis(m.Since)))
}

// reader takes fields off a value; after the first that is not there, all are
// empty and bad is set.
type reader struct {
	b   []byte
	bad bool
}

// open checks a value's first two bytes.
func openValue(b []byte) reader {
	if len(b) < 2 || b[0] != valueVersion || b[1] != plainKey {
		return reader{bad: true}
	}
	return reader{b: b[2:]}
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte      { return r.take(r.number()) }
func (r *reader) text() string       { return string(r.bytes()) }
func (r *reader) instant() time.Time { return instant(int64(r.number())) }

// copied is a copy of the next bytes, nil if there are none.
func (r *reader) copied() []byte {
	if b := r.bytes(); len(b) > 0 {
		return append([]byte(nil), b...)
	}
	return nil
}

func (r *reader) member(user string) *chat.Member {
	m := &chat.Member{User: user, Role: chat.Role(r.text())}
	flags := r.byte()
	m.Muted, m.Banned = flags&1 != 0, flags&2 != 0
	m.Since = r.instant()
	return m
}

// readRow decodes what appendRow wrote. It keeps nothing of b.
func readRow(ch chat.ChannelID, seq uint64, b []byte) (*row, error) {
	in := openValue(b)
	e := &chat.Event{Channel: ch, Seq: seq, Kind: chat.Kind(in.byte())}
	r := &row{event: e}
	has := in.byte()
	e.At = instant(int64(in.number()))
	sender, name, nonce := in.bytes(), in.bytes(), in.bytes()
	var room [4*chat.MaxUserID + 36]byte
	short := append(append(append(room[:0], sender...), name...), nonce...)
	if has&hasID != 0 {
		copy(r.id[:], in.take(16))
		e.Sequence = in.number()
		short = r.id.appendText(short)
	}
	all := string(short) // one allocation for all four
	e.Sender, all = all[:len(sender)], all[len(sender):]
	e.SenderName, all = all[:len(name)], all[len(name):]
	e.Nonce, e.ID = all[:len(nonce)], all[len(nonce):]
	e.Body, e.Meta = in.copied(), in.copied()
	if has&hasEdits != 0 {
		e.EditSeq, e.EditedAt = in.number(), in.instant()
	}
	if has&hasDelete != 0 {
		r.deleteSeq, e.DeletedAt = in.number(), in.instant()
	}
	if has&hasTarget != 0 {
		e.TargetSeq, r.prevEdit = in.number(), in.number()
	}
	if has&hasMember != 0 {
		e.Member = in.member(in.text())
	}
	if in.bad {
		return nil, errRow
	}
	return r, nil
}

// head is a channel's head as stored.
type head struct {
	seq, next, horizon, first uint64
	last                      int64 // ms
}

func (h head) public() chat.Head {
	return chat.Head{Seq: h.seq, Next: h.next, Horizon: h.horizon, First: h.first, LastTime: instant(h.last)}
}

func appendHead(dst []byte, h head) []byte {
	dst = append(dst, valueVersion, plainKey)
	for _, v := range [...]uint64{h.seq, h.next, h.horizon, h.first, uint64(h.last)} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func readHead(b []byte) (head, error) {
	in := openValue(b)
	h := head{seq: in.number(), next: in.number(), horizon: in.number(), first: in.number(), last: int64(in.number())}
	if in.bad {
		return head{}, errRow
	}
	return h, nil
}

// use is what a nonce was used for.
type use struct {
	seq     uint64
	kind    chat.Kind
	at      int64 // ms
	content uint64
}

func appendUse(dst []byte, u use) []byte {
	dst = append(dst, valueVersion, plainKey, byte(u.kind))
	dst = binary.AppendUvarint(dst, u.seq)
	dst = binary.AppendUvarint(dst, uint64(u.at))
	return binary.BigEndian.AppendUint64(dst, u.content)
}

func readUse(b []byte) (use, error) {
	in := openValue(b)
	u := use{kind: chat.Kind(in.byte()), seq: in.number(), at: int64(in.number())}
	if sum := in.take(8); sum != nil {
		u.content = binary.BigEndian.Uint64(sum)
	}
	if in.bad {
		return use{}, errRow
	}
	return u, nil
}

func appendChannel(dst []byte, c *chat.Channel) []byte {
	dst = append(dst, valueVersion, plainKey)
	dst = appendText(dst, string(c.Kind))
	public := byte(0)
	if c.Public {
		public = 1
	}
	dst = appendText(append(dst, public), c.Title)
	dst = binary.AppendVarint(dst, int64(c.Retention))
	return binary.AppendUvarint(dst, uint64(millis(c.CreatedAt)))
}

func readChannel(id chat.ChannelID, b []byte) (*chat.Channel, error) {
	in := openValue(b)
	c := &chat.Channel{ID: id, Kind: chat.ChannelKind(in.text()), Public: in.byte() == 1, Title: in.text()}
	zigzag := in.number()
	c.Retention = time.Duration(int64(zigzag>>1) ^ -int64(zigzag&1))
	c.CreatedAt = in.instant()
	if in.bad {
		return nil, errRow
	}
	return c, nil
}

func appendMember(dst []byte, m *chat.Member) []byte {
	return appendMemberFields(append(dst, valueVersion, plainKey), m)
}

func readMember(user string, b []byte) (*chat.Member, error) {
	in := openValue(b)
	m := in.member(user)
	if in.bad {
		return nil, errRow
	}
	return m, nil
}

func appendUser(dst []byte, u *chat.User) []byte {
	dst = append(dst, valueVersion, plainKey)
	dst = appendText(appendText(dst, u.Name), u.Status)
	return binary.AppendUvarint(dst, uint64(millis(u.LastSeen)))
}

func readUser(project, id string, b []byte) (*chat.User, error) {
	in := openValue(b)
	u := &chat.User{Project: project, ID: id, Name: in.text(), Status: in.text(), LastSeen: in.instant()}
	if in.bad {
		return nil, errRow
	}
	return u, nil
}

func appendCursor(dst []byte, c chat.Cursor) []byte {
	dst = append(dst, valueVersion, plainKey)
	for _, v := range [...]uint64{c.Delivered, c.Read, c.ReadNext, uint64(millis(c.ReadAt))} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func readCursor(ch chat.ChannelID, user string, b []byte) (chat.Cursor, error) {
	in := openValue(b)
	c := chat.Cursor{Channel: ch, User: user, Delivered: in.number(), Read: in.number(), ReadNext: in.number()}
	c.ReadAt = in.instant()
	if in.bad {
		return chat.Cursor{}, errRow
	}
	return c, nil
}
