package pebble

import (
	"encoding/binary"
	"time"

	"github.com/parley-chat/parley/chat"
)

// head is a channel's head as stored.
type head struct {
	seq, next, horizon, first uint64
	last                      int64  // ms
	noted                     uint64 // no message after this one has notes
	// plain is when the channel was made, in ms, if its settings are those that
	// its first use gave it; 0: they are to be read.
	plain   int64
	members bool  // some user may have a standing
	oldest  int64 // ms; no event that is kept is older; 0: that is not known
	fate    fate
}

// fate is what became of a channel.
type fate byte

const (
	kept     fate = iota
	emptying      // it was deleted, and what was in it still lies there
	emptied       // there is nothing left of it but its head
)

func (h head) public() chat.Head {
	return chat.Head{Seq: h.seq, Next: h.next, Horizon: h.horizon, First: h.first, LastTime: instant(h.last), Deleted: h.fate != kept}
}

func appendHead(dst []byte, h head) []byte {
	dst = append(dst, valueVersion, plainKey)
	for _, v := range [...]uint64{h.seq, h.next, h.horizon, h.first, uint64(h.last), h.noted, uint64(h.plain)} {
		dst = binary.AppendUvarint(dst, v)
	}
	flags := byte(h.fate) << fateShift
	if h.members {
		flags |= hasMembers
	}
	return binary.AppendUvarint(append(dst, flags), uint64(h.oldest))
}

// A head's flags.
const (
	hasMembers = 1
	fateShift  = 1
)

func readHead(b []byte) (head, error) {
	in := openValue(b)
	h := head{seq: in.number(), next: in.number(), horizon: in.number(), first: in.number(), last: int64(in.number())}
	if h.noted = h.seq; len(in.b) > 0 { // older heads do not say
		h.noted = in.number()
	}
	if h.members = true; len(in.b) > 0 { // older heads do not say
		h.plain = int64(in.number())
		flags := in.byte()
		h.members, h.fate = flags&hasMembers != 0, fate(flags>>fateShift)
		h.oldest = int64(in.number())
	}
	if in.bad || h.fate > emptied {
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
	dst = appendText(appendFlag(dst, c.Public), c.Title)
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
	dst = binary.AppendUvarint(dst, uint64(millis(u.LastSeen)))
	return appendBytes(appendText(dst, u.Avatar), u.Meta)
}

func readUser(project, id string, b []byte) (*chat.User, error) {
	in := openValue(b)
	u := &chat.User{Project: project, ID: id, Name: in.text(), Status: in.text(), LastSeen: in.instant()}
	if len(in.b) > 0 { // the first format ended here
		u.Avatar, u.Meta = in.text(), in.copied()
	}
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
