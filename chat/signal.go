package chat

import "time"

// MaxSignal bounds a custom signal's data, in bytes of JSON.
const MaxSignal = 16384

// SignalKind is what a signal tells.
type SignalKind uint8

const (
	SignalTyping     SignalKind = iota + 1 // User began or ended typing (Typing)
	SignalPresence                         // Joined, Left and Changed since the last one
	SignalDelivered                        // User's delivered cursor is now Seq
	SignalRead                             // User's read cursor is now Seq (ID, if a message was named)
	SignalCustom                           // Name and Data, from User
	SignalCall                             // Call is in a new state; to every device of both users
	SignalMembership                       // User's Role in Channel is this one from here on; to every device of that user
)

// Signal is ephemeral: never stored, without a seq, dropped first under
// pressure. It goes to the level subscriptions of a channel, or to one user.
type Signal struct {
	Kind    SignalKind
	Channel ChannelID // Name is "" for a call, and for a custom signal to a user
	User    string
	Name    string // custom: the event's name
	At      time.Time

	Session string // the session that caused it, of typing that ends by itself too; "" for other things of the clock's and for a request's
	Device  string // that session's; see SetDevice
	Dialect string // that session's; see Speech

	UserName string
	Call     *Call
	Role     Role // membership: NoRole for who is out of the channel
	Typing   bool
	Seq      uint64
	ID       string
	Data     []byte // a JSON value

	Joined, Left, Changed []Presence
}

// Status is what a user's devices say of the user, together.
type Status string

const (
	Online  Status = "online"
	Away    Status = "away"
	Offline Status = "offline"
)

// Presence is one user as others see them.
type Presence struct {
	User     string
	Name     string
	Status   Status
	Custom   string    // the user's own words; may be empty
	LastSeen time.Time // when the last device left; zero while one is there
	Device   string    // of who joins or leaves a channel: the device by which; see SetDevice
}
