package chat

import (
	"crypto/rand"
	"fmt"
	"time"
)

// CallState is how far a call has come. Ringing and Accepted are under way,
// the others are its end.
type CallState string

const (
	Ringing  CallState = "ringing"
	Accepted CallState = "accepted"
	Declined CallState = "declined"
	Busy     CallState = "busy"   // the callee talks to somebody else, or says so
	Ended    CallState = "ended"  // somebody hung up, or is gone
	Missed   CallState = "missed" // nobody answered in time
)

// Call is one attempt of a user to talk to another. While it is under way its
// state is told by signals alone; its end is one durable event. Once handed out
// a Call is never changed; a new state is a new Call.
type Call struct {
	ID         string    // a UUID
	Channel    ChannelID // where its event goes
	Caller     string
	CallerName string
	Callee     string
	Data       []byte // what the caller gave for the callee: a JSON value, or nil
	State      CallState
	By         string // who brought it into this state; "" for the clock
	StartedAt  time.Time
	AnsweredAt time.Time // zero: it was not
	EndedAt    time.Time // zero: it is under way
}

// Over reports whether the call has ended.
func (c *Call) Over() bool { return c.State != Ringing && c.State != Accepted }

// in is the call in its next state, into which by brought it at a time.
func (c *Call) in(state CallState, by string, at time.Time) *Call {
	next := *c
	next.State, next.By = state, by
	if state == Accepted {
		next.AnsweredAt = at
	} else {
		next.EndedAt = at
	}
	return &next
}

// allows is nil if the user may bring the call, which is under way, into the
// state.
func (c *Call) allows(user string, state CallState) error {
	switch state {
	case Ended:
		return nil
	case Accepted, Declined, Busy:
	default:
		return E(CodeInvalid, "a call is answered by %q, %q, %q or %q", Accepted, Declined, Busy, Ended)
	}
	switch {
	case user != c.Callee:
		return E(CodeForbidden, "only who is called says %q", state)
	case c.State == Accepted:
		return E(CodeExists, "the call was answered already")
	}
	return nil
}

// newUUID is a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
