package chat

import "time"

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
