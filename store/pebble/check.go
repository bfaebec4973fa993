package pebble

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/parley-chat/parley/chat"
)

// maxProject bounds a project's name, in bytes.
const maxProject = 128

// checkDraft reports what is wrong with d whatever the log holds.
func checkDraft(d *chat.Draft) error {
	switch {
	case len(d.Sender) > chat.MaxUserID:
		return chat.E(chat.CodeInvalid, "the sender is longer than %d bytes", chat.MaxUserID)
	case len(d.SenderName) > chat.MaxUserName:
		return chat.E(chat.CodeInvalid, "the sender's name is longer than %d bytes", chat.MaxUserName)
	case len(d.Nonce) > chat.MaxNonce:
		return chat.E(chat.CodeInvalid, "the nonce is longer than %d bytes", chat.MaxNonce)
	case len(d.Body) > chat.MaxBody:
		return chat.E(chat.CodeTooLarge, "the body is larger than %d bytes", chat.MaxBody)
	case len(d.Meta) > chat.MaxMeta:
		return chat.E(chat.CodeTooLarge, "the meta object is larger than %d bytes", chat.MaxMeta)
	case d.TTL < 0:
		return chat.E(chat.CodeInvalid, "the time to live is negative")
	}
	switch d.Kind {
	case chat.KindMessage:
		return checkMessage(d)
	case chat.KindEdit:
		return checkBody(d)
	case chat.KindDelete, chat.KindPin:
	case chat.KindMember:
		if d.Member == nil {
			return chat.E(chat.CodeInvalid, "a member event names no member")
		}
		return chat.CheckUserID(d.Member.User)
	case chat.KindReaction:
		return checkName("reaction", d.Name, chat.MaxReaction)
	case chat.KindState:
		return checkState(d)
	case chat.KindCall:
		return checkCall(d)
	default:
		return chat.E(chat.CodeInvalid, "there are no events of kind %d", d.Kind)
	}
	return nil
}

func checkBody(d *chat.Draft) error {
	if len(d.Body) == 0 {
		return chat.E(chat.CodeInvalid, "there is no body")
	}
	return nil
}

func checkMessage(d *chat.Draft) error {
	if len(d.Mentions) > chat.MaxMentions {
		return chat.E(chat.CodeTooMany, "at most %d users are mentioned in a message", chat.MaxMentions)
	}
	for _, user := range d.Mentions {
		if err := chat.CheckUserID(user); err != nil {
			return err
		}
	}
	return checkBody(d)
}

func checkState(d *chat.Draft) error {
	switch {
	case len(d.Body) > chat.MaxState:
		return chat.E(chat.CodeTooLarge, "the value is larger than %d bytes", chat.MaxState)
	case d.Body != nil && len(d.Body) == 0:
		return chat.E(chat.CodeInvalid, "the value is empty")
	case d.Body != nil && d.Add != nil:
		return chat.E(chat.CodeInvalid, "a key is set or added to, not both")
	}
	return checkName("key", d.Name, chat.MaxStateKey)
}

// Emoji are put together with these, which are no printable characters.
const (
	joiner   = '\u200d'
	firstTag = '\U000e0020'
	lastTag  = '\U000e007f'
)

// checkName allows any printable text, emoji of several characters included.
func checkName(what, name string, most int) error {
	switch {
	case name == "":
		return chat.E(chat.CodeInvalid, "the %s is empty", what)
	case len(name) > most:
		return chat.E(chat.CodeInvalid, "the %s is longer than %d bytes", what, most)
	case !utf8.ValidString(name):
		return chat.E(chat.CodeInvalid, "the %s is not UTF-8", what)
	}
	hidden := func(r rune) bool {
		return !unicode.IsPrint(r) && r != joiner && (r < firstTag || r > lastTag)
	}
	if strings.ContainsFunc(name, hidden) {
		return chat.E(chat.CodeInvalid, "the %s holds an unprintable character", what)
	}
	return nil
}

// content is a hash of what a nonce stands for. It is stored: what a draft
// does not have must not change it.
func content(d *chat.Draft) uint64 {
	var x xxhash.Digest
	x.Reset()
	part := func(b []byte) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(b)))
		_, _ = x.Write(n[:])
		_, _ = x.Write(b)
	}
	part([]byte{byte(d.Kind)})
	part([]byte(d.ID))
	part(d.Body)
	part(d.Meta)
	if d.Member != nil {
		m := *d.Member
		m.Since = time.Time{}
		part(appendMember([]byte(m.User), &m))
	}
	number := func(name string, n uint64) { part(binary.LittleEndian.AppendUint64([]byte(name), n)) }
	if d.ParentID != "" {
		part([]byte("parent" + d.ParentID))
	}
	for _, user := range d.Mentions {
		part([]byte("mention" + user))
	}
	if d.TTL != 0 {
		number("ttl", uint64(d.TTL))
	}
	if d.Name != "" {
		part([]byte("name" + d.Name))
	}
	if d.On {
		part([]byte("on"))
	}
	if d.If != nil {
		number("if", *d.If)
	}
	if d.Add != nil {
		number("add", uint64(*d.Add))
	}
	if d.Call != nil {
		part(appendCall([]byte("call"), d.Call))
	}
	return x.Sum64()
}
