package pebble

import (
	"encoding/binary"
	"time"

	"github.com/parley-chat/parley/chat"
)

// maxCallID bounds a call's id, in bytes.
const maxCallID = 64

func checkCall(d *chat.Draft) error {
	c := d.Call
	switch {
	case c == nil:
		return chat.E(chat.CodeInvalid, "a call event has no call")
	case c.Channel != d.Channel:
		return chat.E(chat.CodeInvalid, "the call's channel is another")
	case c.ID == "" || len(c.ID) > maxCallID:
		return chat.E(chat.CodeInvalid, "a call's id has 1 to %d bytes", maxCallID)
	case len(c.CallerName) > chat.MaxUserName:
		return chat.E(chat.CodeInvalid, "the caller's name is longer than %d bytes", chat.MaxUserName)
	case len(c.By) > chat.MaxUserID:
		return chat.E(chat.CodeInvalid, "who ended the call has more than %d bytes", chat.MaxUserID)
	case len(c.Data) > chat.MaxBody:
		return chat.E(chat.CodeTooLarge, "the call's data are larger than %d bytes", chat.MaxBody)
	}
	switch c.State {
	case chat.Declined, chat.Busy, chat.Ended, chat.Missed:
	default:
		return chat.E(chat.CodeInvalid, "a call that is %q has not ended", c.State)
	}
	for _, user := range []string{c.Caller, c.Callee} {
		if err := chat.CheckUserID(user); err != nil {
			return err
		}
	}
	return nil
}

// asStored is the call as it will be read.
func asStored(c *chat.Call) *chat.Call {
	kept := *c
	for _, at := range []*time.Time{&kept.StartedAt, &kept.AnsweredAt, &kept.EndedAt} {
		*at = instant(millis(*at))
	}
	return &kept
}

// appendCall writes c without its channel, which is the event's.
func appendCall(dst []byte, c *chat.Call) []byte {
	for _, text := range [...]string{c.ID, c.Caller, c.CallerName, c.Callee, string(c.State), c.By} {
		dst = appendText(dst, text)
	}
	dst = appendBytes(dst, c.Data)
	for _, at := range [...]time.Time{c.StartedAt, c.AnsweredAt, c.EndedAt} {
		dst = binary.AppendUvarint(dst, uint64(millis(at)))
	}
	return dst
}

func (r *reader) call(ch chat.ChannelID) *chat.Call {
	c := &chat.Call{Channel: ch, ID: r.text(), Caller: r.text(), CallerName: r.text(), Callee: r.text()}
	c.State, c.By, c.Data = chat.CallState(r.text()), r.text(), r.copied()
	c.StartedAt, c.AnsweredAt, c.EndedAt = r.instant(), r.instant(), r.instant()
	return c
}
