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
	id        messageID // of a message, or of the one that another event names
	parent    messageID // of event.ParentID
	deleteSeq uint64    // a deleted message's: the delete event
	prevEdit  uint64    // an edit's: the edit of the same message before it
	edits     uint64    // an edited message's: how many there were; those before they were counted are not
}

// What a row has beyond the fields of every event.
const (
	hasID = 1 << iota
	hasEdits
	hasDelete
	hasTarget
	hasMember
	hasParent
	hasMentions
	hasExpiry
)

// named reports whether events of the kind have a name and are on or off.
func named(k chat.Kind) bool {
	return k == chat.KindReaction || k == chat.KindPin || k == chat.KindState
}

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

// has is what r has beyond the fields of every event.
func (r *row) has() (has byte) {
	e := r.event
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
	if e.ParentID != "" {
		has |= hasParent
	}
	if len(e.Mentions) > 0 {
		has |= hasMentions
	}
	if !e.ExpiresAt.IsZero() {
		has |= hasExpiry
	}
	return has
}

func appendRow(dst []byte, r *row) []byte {
	e, has := r.event, r.has()
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
	if has&hasParent != 0 {
		dst = append(dst, r.parent[:]...)
	}
	if has&hasMentions != 0 {
		dst = appendTexts(dst, e.Mentions)
	}
	if has&hasExpiry != 0 {
		dst = binary.AppendUvarint(dst, uint64(millis(e.ExpiresAt)))
	}
	if named(e.Kind) {
		dst = appendFlag(appendText(dst, e.Name), e.On)
	}
	if e.Kind == chat.KindCall {
		dst = appendCall(dst, e.Call)
	}
	if e.Kind == chat.KindMessage && has&hasEdits != 0 {
		dst = binary.AppendUvarint(dst, r.edits)
	}
	return dst
}

func appendTexts(dst []byte, all []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for _, s := range all {
		dst = appendText(dst, s)
	}
	return dst
}

func appendFlag(dst []byte, on bool) []byte {
	if on {
		return append(dst, 1)
	}
	return append(dst, 0)
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

// texts reads what appendTexts wrote, nil if that is nothing.
func (r *reader) texts() (all []string) {
	// A damaged count must not cost memory: the bytes end before it does.
	for n := r.number(); n > 0 && !r.bad; n-- {
		all = append(all, r.text())
	}
	return all
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
	r := &row{event: &chat.Event{Channel: ch, Seq: seq}}
	if err := r.read(b); err != nil {
		return nil, err
	}
	return r, nil
}

// read decodes into r, whose event has its place already and nothing else.
func (r *row) read(b []byte) error {
	in, e := openValue(b), r.event
	e.Kind = chat.Kind(in.byte())
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
	if has&hasParent != 0 {
		copy(r.parent[:], in.take(16))
		e.ParentID = r.parent.String()
	}
	if has&hasMentions != 0 {
		e.Mentions = in.texts()
	}
	if has&hasExpiry != 0 {
		e.ExpiresAt = in.instant()
	}
	if named(e.Kind) {
		e.Name, e.On = in.text(), in.byte() == 1
	}
	if e.Kind == chat.KindCall {
		e.Call = in.call(e.Channel)
	}
	if e.Kind == chat.KindMessage && has&hasEdits != 0 && len(in.b) > 0 {
		r.edits = in.number()
	}
	if in.bad {
		return errRow
	}
	return nil
}
