package threads

import "github.com/parley-chat/parley/chat"

// signal passes on what sets a call's media up: to every connection of the
// recipient, as it came.
func (f *reading) signal(name string) {
	f.Need("recipientId", f.recipient)
	if name == answer {
		f.ask(f.move(chat.Accepted), asked{quiet: true})
	}
	f.ask(chat.Send{To: f.to, Name: name, Data: f.codec.relay(f.data, "")}, asked{})
}

// calling reads the frames of a call's life; false: it is none of them.
func (f *reading) calling(typ string) bool {
	if typ == "call_initiated" {
		f.Need("recipientId", f.recipient)
		f.ask(chat.StartCall{To: f.to, Channel: f.channel, Data: f.codec.relay(f.data, "callId")}, asked{})
		return true
	}
	for _, state := range []chat.CallState{chat.Accepted, chat.Declined, chat.Busy, chat.Ended} {
		if typ == "call_"+string(state) {
			if !f.call.Given() && !f.recipient.Given() {
				f.Refuse(chat.E(chat.CodeInvalid, "callId or recipientId is missing"))
			}
			f.ask(f.move(state), asked{})
			return true
		}
	}
	return false
}

// move brings the call that the frame names, or the one with its recipient,
// into another state.
func (f *reading) move(state chat.CallState) chat.AnswerCall {
	if id := f.String("callId", f.call); id != "" {
		return chat.AnswerCall{ID: id, State: state}
	}
	return chat.AnswerCall{Peer: f.to, State: state}
}
