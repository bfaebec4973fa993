package chat

import (
	"strconv"
	"strings"
	"time"
)

// MaxBody is the greatest size of a body's JSON value as received, in bytes:
// this many pass, one more is CodeTooLarge.
const MaxBody = 65536

// MaxMeta bounds the JSON object that a sender may hang on a message, in bytes.
const MaxMeta = 16384

// Kind is what an event is. The numbers are stored; never reuse one.
type Kind uint8

const (
	KindMessage  Kind = 1
	KindEdit     Kind = 2
	KindDelete   Kind = 3
	KindMember   Kind = 4
	KindReaction Kind = 5
	KindPin      Kind = 6
	KindState    Kind = 7
	KindCall     Kind = 8
)

// Bounds on what hangs on messages and channels.
const (
	MaxMentions  = 50    // users that one message mentions
	MaxReaction  = 64    // bytes of a reaction's name
	MaxReactions = 50    // different reactions to one message
	MaxShown     = 32    // users named with a reaction or a thread; the rest are counted
	MaxPins      = 100   // pinned messages of one channel
	MaxStateKey  = 128   // bytes of a key of shared state
	MaxState     = 16384 // bytes of its value
	MaxStateKeys = 1000  // keys of one channel
	MaxEdits     = 2000  // of one message; whoever deletes it has them all scrubbed
)

// Event is one durable entry of a channel's log. A message is an Event with
// KindMessage, and carries its present state: an edited message its last body,
// a deleted one no body and DeletedAt. Once handed out an Event is never
// changed; a new state is a new Event.
type Event struct {
	Channel    ChannelID
	Seq        uint64 // dense from 1 in its channel
	Kind       Kind
	At         time.Time // UTC, whole milliseconds, never before the event that precedes it
	Sender     string    // the user; of a member event, who changed the membership
	SenderName string    // as it was then; may be empty
	Session    string    // the session that posted it, "" when that is unknown; not stored

	// ID is a message's UUID: of a message its own, of an edit, delete, reaction
	// or pin that of the message it names. TargetSeq is that message's seq.
	ID        string
	TargetSeq uint64

	// ParentID is the message whose thread a message belongs to, "" if it
	// belongs to none; of a delete that of the message it names. A thread's
	// first message has no parent itself: threads are flat.
	ParentID string

	Sequence  uint64    // a message's number among messages, from 0
	Body      []byte    // a JSON value as received; nil once deleted. Of a state event the key's value; nil: the key went
	Meta      []byte    // a JSON object, or nil
	Nonce     string    // the sender's own key, or ""
	EditSeq   uint64    // a message's: the seq of the last edit that Body has taken in
	EditedAt  time.Time // zero: never edited
	DeletedAt time.Time // zero: not deleted
	ExpiresAt time.Time // of a message or a state key: when it is deleted by itself; zero: never
	Mentions  []string  // of a message: the users it calls

	Notes *Notes // a message's: what others have hung on it; nil: nothing

	Member *Member // a member event's: the standing from here on

	Name string // of a reaction what it is; of a state event the key
	On   bool   // a reaction or pin: it was added, not taken away

	Call *Call // a call event's: the call, which is over
}

// Notes are what others have hung on a message. They are its present state, as
// its body is: who replays the log applies to them only those events that come
// after Through.
type Notes struct {
	Through   uint64 // the seq of the last event that the rest has taken in
	Reactions []Reaction
	Thread    Thread
	PinnedBy  string
	PinnedAt  time.Time // zero: not pinned
}

// Reaction is one reaction to a message, with how many and who.
type Reaction struct {
	Name  string
	Count int
	Users []string // who, in the order they came; at most MaxShown are named
}

// Thread is what has been answered to a message.
type Thread struct {
	Replies int // deleted ones not counted
	LastAt  time.Time
	Users   []string // who took part, in the order of their first reply; at most MaxShown are named
}

// Deleted reports whether e is a message that was deleted.
func (e *Event) Deleted() bool { return !e.DeletedAt.IsZero() }

// Size is about how many bytes e costs in memory and on a wire.
func (e *Event) Size() int {
	size := 256 + len(e.Body) + len(e.Meta) + len(e.Sender) + len(e.SenderName) + len(e.Channel.Name) + len(e.Nonce) + sizeOfNames(e.Mentions)
	if e.Notes != nil {
		size += e.Notes.size()
	}
	return size
}

// size is about how many bytes n costs in memory and on a wire.
func (n *Notes) size() int {
	size := 64 + sizeOfNames(n.Thread.Users)
	for i := range n.Reactions {
		size += 64 + len(n.Reactions[i].Name) + sizeOfNames(n.Reactions[i].Users)
	}
	return size
}

func sizeOfNames(names []string) (size int) {
	for _, name := range names {
		size += 16 + len(name)
	}
	return size
}

// Draft is an event that has no place in the log yet.
type Draft struct {
	Channel    ChannelID
	Kind       Kind
	Sender     string
	SenderName string
	Session    string // see Event.Session
	Body       []byte // message, edit; state: the value, nil to delete the key
	Meta       []byte // message
	ID         string // edit, delete, reaction, pin: the message they name
	Member     *Member
	Was        *Member // member: only if the standing is still this one, but for Since; nil: whatever it is

	ParentID string        // message: the one that it answers. A reply's stands for the thread's first
	Mentions []string      // message
	TTL      time.Duration // message, state: how long it lives; 0: it does not go by itself
	Name     string        // reaction, state: see Event.Name
	On       bool          // reaction, pin
	Call     *Call         // call
	If       *uint64       // state: only if the key's version is this one; 0: only if there is no such key
	Add      *int64        // state, in place of Body: added to the value, a whole number; 0 where there is no key

	// Nonce makes a retry harmless: the same nonce of the same sender in the
	// same channel is the same event. NonceTTL bounds for how long; 0: for as
	// long as the event is kept.
	Nonce    string
	NonceTTL time.Duration

	// Latch is shared by drafts that keep their order although each is answered
	// for itself: once one of them is refused for now, so are those that were
	// appended after it, with the same error. nil: the draft stands alone.
	Latch *Latch
}

// Committed is what became of a Draft.
type Committed struct {
	Event    *Event
	Repeated bool // the nonce was known: Event is the first one's, in its present state
}

// Head is what is durable of a channel's log. The zero Head is an empty log.
type Head struct {
	Seq      uint64 // the last event's; 0: none yet
	Next     uint64 // the sequence that the next message gets
	Horizon  uint64 // events up to and including this seq are gone
	First    uint64 // the sequence of the oldest message kept; Next if there is none
	LastTime time.Time
	Deleted  bool // the channel was deleted, and was not made again since
}

// unread counts the messages that c has not passed.
func (h Head) unread(c Cursor) uint64 { return h.Next - min(h.Next, max(c.ReadNext, h.First)) }

// Position is a place in a channel's log: everything up to and including Seq
// has been seen. The epoch changes when the log may have been rewound.
type Position struct {
	Epoch string
	Seq   uint64
}

// maxEpoch bounds an epoch's name, in bytes.
const maxEpoch = 64

func (p Position) String() string { return p.Epoch + ":" + strconv.FormatUint(p.Seq, 10) }

// ParsePosition reads "epoch:seq".
func ParsePosition(s string) (Position, error) {
	epoch, num, ok := strings.Cut(s, ":")
	seq, err := strconv.ParseUint(num, 10, 64)
	if !ok || err != nil || epoch == "" || len(epoch) > maxEpoch {
		return Position{}, E(CodeInvalid, "a position reads epoch:seq")
	}
	return Position{Epoch: epoch, Seq: seq}, nil
}

// Cursor is how far a user has come in a channel. Both only move forward.
type Cursor struct {
	Channel   ChannelID
	User      string
	Delivered uint64 // seq
	Read      uint64 // seq
	ReadNext  uint64 // the sequence of the first message after Read
	ReadAt    time.Time
	Unread    uint64 // messages after Read, tombstones and one's own too; the Hub's to say, not stored
}
