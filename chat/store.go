package chat

import (
	"context"
	"time"
)

// Log keeps the channels' events. What it returns is durable: no method lets
// anything be seen that a crash or a power cut could take back.
type Log interface {
	// Append queues d for the next group commit and returns; it may wait for
	// room in the queue. done is called exactly once, from a goroutine of the
	// store's, after the commit is on stable storage or was refused; of one
	// channel in seq order. done must not block and must not call Append.
	//
	// Append assigns seq, sequence, id and time; makes an open channel on
	// first use; resolves Draft.ID (CodeNotFound, CodeDeleted); answers a
	// known nonce with the first event, or CodeConflict if the content
	// differs; applies edits, deletes and members to their rows in the same
	// commit. An edit of a deleted message is CodeDeleted; a second delete is
	// the first, Repeated.
	Append(d *Draft, done func(Committed, error))

	// Head is the channel's durable head; the zero Head if there is no log.
	Head(ctx context.Context, ch ChannelID) (Head, error)

	// Events are at most limit events after seq, in order, without a hole.
	// Messages come in their present state at their original seq. Below the
	// horizon it is CodeExpired. An edit whose message is gone carries it
	// whole; one whose message was deleted has no body.
	Events(ctx context.Context, ch ChannelID, after uint64, limit int) ([]*Event, error)

	// Messages are a page of messages, oldest first, tombstones included.
	Messages(ctx context.Context, ch ChannelID, page Page) ([]*Event, error)

	// Message is one message in its present state, or CodeNotFound.
	Message(ctx context.Context, ch ChannelID, id string) (*Event, error)
}

// Page selects messages of a channel. With Before it is the last Limit
// messages below that seq, with After the first Limit above it, with both the
// first between them; with neither the last Limit. BySequence makes both
// bounds count messages instead of events: Before and After are then
// sequences, and After is meant inclusively (sequences begin at 0).
type Page struct {
	Before     uint64 // 0: no bound
	After      uint64 // 0: no bound, unless Forward
	Forward    bool   // oldest first from After, even where After is 0
	BySequence bool
	Limit      int // 1 to 1000
}

// Directory keeps what channels, members and users are.
type Directory interface {
	// Channel is CodeNotFound if it was never made.
	Channel(ctx context.Context, ch ChannelID) (*Channel, error)
	// PutChannel makes or replaces a channel's settings. It never touches its log.
	PutChannel(ctx context.Context, c *Channel) error
	// Channels of a project in name order, names after the given one.
	Channels(ctx context.Context, project, after string, limit int) ([]*Channel, error)

	// Member is CodeNotFound if the user has no standing in the channel.
	Member(ctx context.Context, ch ChannelID, user string) (*Member, error)
	// Members in id order, ids after the given one; bans of non-members too.
	Members(ctx context.Context, ch ChannelID, after string, limit int) ([]*Member, error)

	// User is CodeNotFound if nothing is kept of the user.
	User(ctx context.Context, project, id string) (*User, error)
	// PutUsers makes or replaces users.
	PutUsers(ctx context.Context, users []*User) error
}

// Cursors keeps how far users have come.
type Cursors interface {
	// Cursor is the zero place if there is none.
	Cursor(ctx context.Context, ch ChannelID, user string) (Cursor, error)
	// Cursors of a channel in user order, users after the given one.
	Cursors(ctx context.Context, ch ChannelID, after string, limit int) ([]Cursor, error)
	// MoveCursors commits, then returns each cursor as it now stands, in the
	// order given: every field is the greater of what was and what is asked,
	// and nothing passes the durable head.
	MoveCursors(ctx context.Context, moves []Cursor) ([]Cursor, error)
}

// Store is everything durable. Implementations pass storetest.Run.
type Store interface {
	Log
	Directory
	Cursors

	// Epoch names this run of the log: it changes when the log may have been
	// rewound (restore, import), never otherwise.
	Epoch() string

	// Expire moves the horizon of every channel past what its retention no
	// longer keeps at now, and removes what lies below. It returns how many
	// events went.
	Expire(ctx context.Context, now time.Time) (int, error)

	// Close waits for what is queued, then releases everything.
	Close() error
}

// Hint tells other nodes that a channel's durable head is at least Seq.
type Hint struct {
	Channel ChannelID
	Seq     uint64
}

// Bus carries hints between nodes. It may lose, delay and double them.
type Bus interface {
	Publish(h Hint)
	// Listen calls f, one call at a time, for what other nodes publish, until
	// stop is called; stop waits for a call under way.
	Listen(f func(Hint)) (stop func())
}
