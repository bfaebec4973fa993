package chat

import "time"

// Command is what a frame asks of its session. The types below are all there are.
type Command interface{ command() }

// Request is a command with what its dialect needs to answer it.
type Request struct {
	Ref     any    // given back in the Reply; dialects put what they like
	User    string // the user whom the frame claims to be from; "" if it does not say
	Name    string // the name that the frame claims for User
	Command Command
}

type (
	// Authenticate names the session's user, or renews the credentials of a
	// live session, which must then be of the same user.
	Authenticate struct{ Token string }

	// Subscribe begins, or begins again, a place in a channel's log.
	Subscribe struct {
		Channel      string
		From         *Position // nil: from the head on
		FromSequence *uint64   // in place of From: the first message wanted, by sequence
		Presence     bool      // be seen in the channel, and see who is there
		Acks         bool      // the client acknowledges; what it does not is sent again
	}
	Unsubscribe struct{ Channel string }

	Post struct {
		Channel  string
		Body     []byte // a JSON value
		Meta     []byte // a JSON object, or nil
		Nonce    string
		NonceTTL time.Duration
	}
	Edit struct {
		Channel, ID string
		Body        []byte
		Nonce       string
	}
	Delete struct{ Channel, ID, Nonce string }

	// History asks for a page of messages, Changes for events after a seq.
	History struct {
		Channel string // "": the one channel subscribed to
		Page    Page
	}
	Changes struct {
		Channel string // "": the one channel subscribed to
		After   uint64
		Since   time.Time // in place of After, if not zero
		Limit   int
	}

	Typing struct {
		Channel string
		On      bool
	}
	SetPresence struct {
		Status Status
		Custom *string // nil: leave as it is
	}

	// Delivered acknowledges every event up to Seq, for this device.
	Delivered struct {
		Channel string
		Seq     uint64
	}
	// Read moves the user's read cursor to a seq, or to a message by ID. With
	// an ID, Channel may be "": the subscribed channel that holds the message.
	Read struct {
		Channel string
		Seq     uint64
		ID      string
	}

	// Send sends a custom signal to a channel, or to every device of a user.
	Send struct {
		Channel, To string // exactly one
		Name        string
		Data        []byte // a JSON value, or nil
	}

	Ping struct{}
)

func (Authenticate) command() {}
func (Subscribe) command()    {}
func (Unsubscribe) command()  {}
func (Post) command()         {}
func (Edit) command()         {}
func (Delete) command()       {}
func (History) command()      {}
func (Changes) command()      {}
func (Typing) command()       {}
func (SetPresence) command()  {}
func (Delivered) command()    {}
func (Read) command()         {}
func (Send) command()         {}
func (Ping) command()         {}

// Reply answers one Request: with Err, or with what the command yields.
type Reply struct {
	Ref     any
	Command Command // nil if the frame could not be read
	Err     *Error

	Connected  *Connected  // Authenticate
	Subscribed *Subscribed // Subscribe
	Committed  *Committed  // Post, Edit, Delete
	Messages   []*Event    // History: a page, oldest first
	Events     []*Event    // Changes
	Head       Head        // History, Changes, Subscribed
	Epoch      string      // History, Changes, Subscribed: Head's
	Cursor     *Cursor     // Read
}

// Connected says who the session is.
type Connected struct {
	Session string
	User    string
	Name    string
	Guest   bool
	Expires time.Time
}

// Subscribed says where a subscription begins. Events after From follow.
type Subscribed struct {
	Channel string
	From    Position
	Head    Head // when the subscription was made
	Role    Role
	Cursor  Cursor // the user's own
}

// Notice is what a session is told without having asked.
type Notice interface{ notice() }

type (
	// Level says that a subscription has everything up to Position and is live
	// from here on. The rest is given to subscriptions with Presence.
	Level struct {
		Channel  string
		Position Position
		Present  []Presence // the session's own user included
		Typing   []Presence
		Cursors  []Cursor // of those present
	}

	// Dropped says that the server ended a subscription, and why.
	Dropped struct {
		Channel string
		Err     *Error
	}

	// GoingAway says that the server stops: come back in RetryAfter.
	GoingAway struct{ RetryAfter time.Duration }

	// Expiring says that the session's credentials are no longer good; the
	// connection is closed after it.
	Expiring struct{ Err *Error }
)

func (*Level) notice()     {}
func (*Dropped) notice()   {}
func (*GoingAway) notice() {}
func (*Expiring) notice()  {}
