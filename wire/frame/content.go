package frame

import "github.com/parley-chat/parley/chat"

// Content is a message's body, which is given as a text or as any JSON value:
// the value as received, so that 64 KiB means the same to both sides and at
// every door.
func (f *Fields) Content(text, body Value) []byte {
	switch {
	case text != nil && body != nil:
		f.Refuse(chat.E(chat.CodeInvalid, "a message has a text or a body, not both"))
	case body != nil:
		return body.Copy()
	case text == nil:
		f.Refuse(chat.E(chat.CodeInvalid, "text is missing"))
	case !text.Is('"'):
		f.Refuse(chat.E(chat.CodeInvalid, "text must be a string; body may be any JSON value"))
	}
	return text.Copy()
}
