package native

import "github.com/parley-chat/parley/chat"

// state makes the commands about a channel's shared state.
func (e *envelope) state(typ, channel string) chat.Command {
	switch typ {
	case "state.set":
		return e.setState(channel)
	case "state.delete":
		e.Need("key", e.key)
		return chat.SetState{
			Channel: channel,
			Key:     e.String("key", e.key),
			If:      e.version(),
			Nonce:   e.String("nonce", e.nonce),
		}
	case "state.get":
		return chat.GetState{Channel: channel, After: e.String("after", e.after), Limit: e.count()}
	}
	return nil
}

// setState takes a value that is null for one: it is missing only where the
// member is.
func (e *envelope) setState(channel string) chat.SetState {
	e.Need("key", e.key)
	s := chat.SetState{
		Channel: channel,
		Key:     e.String("key", e.key),
		Value:   e.value.Copy(),
		If:      e.version(),
		TTL:     e.Millis("ttl", e.ttl),
		Nonce:   e.String("nonce", e.nonce),
	}
	if e.add.Given() {
		n := e.Int("add", e.add)
		s.Add = &n
	}
	if (s.Value == nil) == (s.Add == nil) {
		e.Refuse(chat.E(chat.CodeInvalid, "a key is set to a value, or added to with add"))
	}
	return s
}

func (e *envelope) version() *uint64 {
	if !e.cond.Given() {
		return nil
	}
	n := e.Uint("if", e.cond)
	return &n
}
