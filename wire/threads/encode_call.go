package threads

import (
	"slices"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// appendCustom writes the signals that this dialect has words for, from
// whatever door they come.
func (c *codec) appendCustom(w *frame.Writer, s *chat.Signal) {
	switch s.Name {
	case connected:
		w.Begin(connected)
		w.String("userId", s.User)
		c.appendData(w, s.Data, func(name string) bool { return name == "userId" })
	case offer, answer, candidate:
		w.Begin(s.Name)
		w.String("senderId", s.User)
		addressed := false
		c.appendData(w, s.Data, func(name string) bool {
			addressed = addressed || name == "recipientId"
			return false
		})
		if !addressed {
			w.Maybe("recipientId", c.self)
		}
	default:
		return
	}
	w.Close()
}

// appendCall tells of a call's new state: that it rings to the other side, how
// it goes on to both. The frame is from whoever brought it there; of what the
// clock did, from the caller.
func (c *codec) appendCall(w *frame.Writer, s *chat.Signal) {
	call := s.Call
	if c.self == call.Callee && call.Over() && !slices.Contains(c.calls, call.ID) {
		return // it never rang: who talks to somebody else is busy at once
	}
	c.learn(call.ID)
	from, to := call.Caller, call.Callee
	if call.By == call.Callee {
		from, to = to, from
	}
	typ := "call_" + string(call.State)
	if call.State == chat.Ringing {
		if c.self == call.Caller || s.Session == c.session {
			return
		}
		typ = "call_initiated"
	}
	w.Begin(typ)
	w.String("callId", call.ID)
	w.String("senderId", from)
	w.String("recipientId", to)
	w.String("threadId", call.Channel.Name)
	if call.State == chat.Ringing {
		c.appendData(w, call.Data, func(name string) bool {
			return name == "callId" || name == "recipientId" || name == "threadId"
		})
	}
	w.Close()
}

// learn notes that the client knows of a call.
func (c *codec) learn(call string) {
	if slices.Contains(c.calls, call) {
		return
	}
	if len(c.calls) == maxCalls {
		c.calls = slices.Delete(c.calls, 0, 1)
	}
	c.calls = append(c.calls, call)
}

// appendData writes the members of what a client sent along, save for those
// that are withheld or taken; a value that is no object is the member data.
func (c *codec) appendData(w *frame.Writer, data []byte, taken func(name string) bool) {
	switch {
	case data == nil:
	case !frame.Value(data).Is('{'):
		w.Raw("data", data)
	default:
		_ = c.pool.Members(data, func(name []byte, v frame.Value) { // it was valid when it was accepted
			if !withheld(name) && !taken(string(name)) {
				w.Pair(name, v)
			}
		})
	}
}
