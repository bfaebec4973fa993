package chat

import "time"

// Ticket is what a session was, kept for its client to come back to: it names
// the user, the device and the channels. It is good for as long as a log is
// kept by default, counted from its last use.
type Ticket struct {
	Project  string
	ID       string
	User     string
	Device   string
	Channels []string // in the order of their subscriptions; "" where one was ended, so that places stay
	At       time.Time
}

// Recovery says how far a returning client had come.
type Recovery struct {
	Ticket string
	Epoch  string
	Seqs   []uint64 // by the places of Ticket.Channels
}
