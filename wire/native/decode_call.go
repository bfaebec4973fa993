package native

import "github.com/parley-chat/parley/chat"

// calling makes the commands about calls.
func (e *envelope) calling(typ, channel string) chat.Command {
	switch typ {
	case "call":
		e.Need("userId", e.user)
		return chat.StartCall{To: e.String("userId", e.user), Channel: channel, Data: e.data.Copy()}
	case "call.accept":
		return e.answer(chat.Accepted)
	case "call.decline":
		return e.answer(chat.Declined)
	case "call.busy":
		return e.answer(chat.Busy)
	case "call.end":
		return e.answer(chat.Ended)
	}
	return nil
}

func (e *envelope) answer(state chat.CallState) chat.AnswerCall {
	e.Need("callId", e.call)
	return chat.AnswerCall{ID: e.String("callId", e.call), State: state}
}
