package chat

import "time"

// Command is what a frame asks of its session. The types below are all there are.
type Command interface{ command() }

// Request is a command with what its dialect needs to answer it.
type Request struct {
	Ref     any    // given back in the Reply; dialects put what they like
	User    string // the user whom the frame claims to be from; "" if it does not say
	Name    string // the name that the frame claims for User
	Token   string // credentials that the frame carries; "" if it has none. They must be the session's user's, or name it
	Command Command
	Fault   error // why Command, of which some could be read, is not carried out but refused; nil: it is
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
		To       string // in place of Channel: the direct channel of the session's user and this one
		Body     []byte // a JSON value
		Meta     []byte // a JSON object, or nil
		Nonce    string
		NonceTTL time.Duration
		ParentID string        // the message that it answers
		Mentions []string      // users
		TTL      time.Duration // deleted by itself after so long; 0: never
		Batch    *Batch        // the list that it came in; nil: it came alone
	}
	Edit struct {
		Channel, ID string
		Body        []byte
		Nonce       string
	}
	Delete struct{ Channel, ID, Nonce string }

	// React adds a reaction of one's own to a message, or takes it away.
	React struct {
		Channel, ID, Name string
		On                bool
		Nonce             string
	}
	// Pin pins a message in its channel, or takes the pin away.
	Pin struct {
		Channel, ID string
		On          bool
		Nonce       string
	}

	// SetState writes one key of the channel's shared state.
	SetState struct {
		Channel, Key string
		Value        []byte        // a JSON value; nil without Add: the key goes
		Add          *int64        // in place of Value: see Draft.Add
		If           *uint64       // see Draft.If
		TTL          time.Duration // deleted by itself after so long; 0: never
		Nonce        string
	}
	// GetState asks for the channel's shared state, keys after After.
	GetState struct {
		Channel string
		After   string
		Limit   int
	}
	// Pins asks for the channel's pinned messages.
	Pins struct{ Channel string }

	// Channels asks for the user's channels, those with the newest events first.
	Channels struct {
		After string // where the last page ended: its Next
		Limit int
	}
	// PutChannel makes a channel, or changes what it is.
	PutChannel struct{ Settings Channel }
	// DeleteChannel deletes a channel with all that is kept of it.
	DeleteChannel struct{ Channel string }
	// PutMember sets a user's standing; without a user the session's own. With
	// that and the role member it joins an open channel, with no role it leaves.
	PutMember struct {
		Channel string
		Member  Member
	}
	// PutProfile changes what others see of the session's user.
	PutProfile struct{ Profile Profile }
	// Block wants, or no longer wants, nothing of another user.
	Block struct {
		User string
		On   bool
	}

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

	// Send sends a custom signal to a channel's level subscriptions, to every
	// device of a user, to one session, or to all of a dialect's sessions.
	Send struct {
		Channel, To string // at most one
		Name        string
		Data        []byte // a JSON value, or nil
		Only        string // the id of a session: it alone; with Channel if it is subscribed
		Except      string // the id of a session that is left out
		Kin         bool   // only sessions that speak the sender's dialect; without Channel and To: all of the project's
		Echo        bool   // the sending session is not left out
	}

	// StartCall rings every device of another user.
	StartCall struct {
		To      string
		Channel string // where the call's event goes; "": the direct channel of the two
		Data    []byte // a JSON value for the other side, or nil
	}
	// AnswerCall moves a call on: Accepted, Declined or Busy by the callee,
	// Ended by either.
	AnswerCall struct {
		ID    string
		Peer  string // in place of ID: the call with this user; if there is none, nothing happens
		State CallState
	}

	// SetDevice names the session's device as its dialect shows it to others.
	SetDevice struct{ ID string }
	// Keep has what the session subscribes to noted, durably and before it is
	// acknowledged, for a client that comes back; see Ticket. With Recovery it
	// is the first request; see Speech.Keeps.
	Keep struct {
		Ticket   string // the new ticket's id, which nobody can guess
		Device   string // see SetDevice
		Recovery *Recovery
	}

	Ping struct{}
)

func (Authenticate) command()  {}
func (Subscribe) command()     {}
func (Unsubscribe) command()   {}
func (Post) command()          {}
func (Edit) command()          {}
func (Delete) command()        {}
func (History) command()       {}
func (Changes) command()       {}
func (Typing) command()        {}
func (SetPresence) command()   {}
func (Delivered) command()     {}
func (Read) command()          {}
func (Send) command()          {}
func (React) command()         {}
func (Pin) command()           {}
func (SetState) command()      {}
func (GetState) command()      {}
func (Pins) command()          {}
func (Channels) command()      {}
func (PutChannel) command()    {}
func (DeleteChannel) command() {}
func (PutMember) command()     {}
func (PutProfile) command()    {}
func (Block) command()         {}
func (StartCall) command()     {}
func (AnswerCall) command()    {}
func (SetDevice) command()     {}
func (Keep) command()          {}
func (Ping) command()          {}

// Reply answers one Request: with Err, or with what the command yields.
type Reply struct {
	Ref     any
	Command Command // nil if the frame could not be read
	Err     *Error

	Connected  *Connected  // Authenticate
	Subscribed *Subscribed // Subscribe
	Committed  *Committed  // Post, Edit, Delete, React, Pin, SetState, PutMember
	Messages   []*Event    // History, Pins: a page, oldest first
	Events     []*Event    // Changes
	Head       Head        // History, Changes, Subscribed
	Epoch      string      // History, Changes, Subscribed, GetState, Channels: Head's
	Cursor     *Cursor     // Read
	State      *StatePage  // GetState
	Channels   *Listing    // Channels
	Channel    *Channel    // PutChannel
	Profile    *User       // PutProfile
	Call       *Call       // StartCall, AnswerCall; nil if there was none
	Ticket     *Ticket     // Keep: the one that is in force
	Recovered  bool        // Keep: the session goes on where the ticket's left off; its subscriptions follow
}

// size is about what the lists take in memory.
func (r *Reply) size() (size int) {
	for _, list := range [][]*Event{r.Messages, r.Events} {
		for _, e := range list {
			size += e.Size()
		}
	}
	if r.State != nil {
		for _, k := range r.State.Keys {
			size += k.Size()
		}
	}
	if r.Channels != nil {
		for i := range r.Channels.Channels {
			size += r.Channels.Channels[i].size()
		}
	}
	return size
}

// size is about what one line of a list takes in memory.
func (l *Listed) size() int {
	size := 256
	if l.Last != nil {
		size += l.Last.Size()
	}
	return size
}

// Listing is a page of a user's channels.
type Listing struct {
	Channels []Listed
	Next     string // what Channels.After must be for the next page; "": this is the last
}

// Listed is a channel as its user sees it in a list.
type Listed struct {
	Channel  *Channel
	Role     Role
	Head     Head
	Cursor   Cursor // the user's own
	Unread   uint64 // messages after the read cursor
	Mentions int    // of them those that mention the user, at most 100 counted
	Last     *Event // the newest message kept, or nil
}

// Profile is what a user may change of oneself; nil leaves a field as it is.
type Profile struct {
	Name   *string
	Avatar *string
	Meta   []byte // a JSON object; "null": none; nil: as it is
}

// Connected says who the session is.
type Connected struct {
	Session string
	User    string
	Name    string
	Guest   bool
	Pass    string // see Identity.Pass
	Expires time.Time
}

// Subscribed says where a subscription begins. Events after From follow.
type Subscribed struct {
	Channel string
	From    Position
	Head    Head // when the subscription was made
	Role    Role
	Cursor  Cursor // the user's own
	Place   int    // in Ticket.Channels, if the session keeps a ticket; a place that was not told yet counts as 0 in Recovery.Seqs
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

	// Opened says that the server subscribed the session to a direct channel
	// of its user's, because something was said there; see Speech.Directs.
	Opened struct{ Subscribed *Subscribed }

	// GoingAway says that the server stops: come back in RetryAfter.
	GoingAway struct{ RetryAfter time.Duration }

	// Expiring says that the session's credentials are no longer good; the
	// connection is closed after it.
	Expiring struct{ Err *Error }
)

func (*Level) notice()     {}
func (*Dropped) notice()   {}
func (*Opened) notice()    {}
func (*GoingAway) notice() {}
func (*Expiring) notice()  {}
