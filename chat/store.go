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
	// differs; applies every event to the rows that it changes in the same
	// commit. An edit, reaction or pin of a deleted message is CodeDeleted; a
	// second delete is the first, Repeated, as is a reaction or pin that is
	// there already. Taking away a reaction or pin that is not there is
	// CodeNotFound. A state draft whose If, or a member draft whose Was, does
	// not hold is CodeVersion. Of drafts with one Latch those are refused with
	// what it keeps that come after the one refused so; only the store calls it.
	Append(d *Draft, done func(Committed, error))

	// Head is the channel's durable head; the zero Head if there is no log.
	Head(ctx context.Context, ch ChannelID) (Head, error)

	// Heads visits the durable heads of the channels that have a log, in the
	// order of project and name, after the given channel, until visit says no.
	Heads(ctx context.Context, after ChannelID, visit func(ChannelID, Head) bool) error

	// Events are at most limit events after seq, in order, without a hole.
	// Messages come in their present state at their original seq. Below the
	// horizon it is CodeExpired. An edit whose message is gone carries it
	// whole; one whose message was deleted has no body.
	Events(ctx context.Context, ch ChannelID, after uint64, limit int) ([]*Event, error)

	// Messages are a page of messages, oldest first, tombstones included.
	Messages(ctx context.Context, ch ChannelID, page Page) ([]*Event, error)

	// Message is one message in its present state, or CodeNotFound.
	Message(ctx context.Context, ch ChannelID, id string) (*Event, error)

	// Pins are the channel's pinned messages, in the order of their seqs.
	Pins(ctx context.Context, ch ChannelID) ([]*Event, error)
}

// States keeps the channels' shared state: keys with a value each.
type States interface {
	// StateKey is one key, or CodeNotFound; one whose time is over at now is gone.
	StateKey(ctx context.Context, ch ChannelID, key string, now time.Time) (*StateKey, error)

	// State are the channel's keys in key order, keys after the given one, and
	// the head that they were read at: deltas follow from there.
	State(ctx context.Context, ch ChannelID, after string, limit int, now time.Time) ([]*StateKey, Head, error)

	// Due are messages and keys whose time was over at now and that are still
	// there, the longest over first, of all projects.
	Due(ctx context.Context, now time.Time, limit int) ([]Due, error)
}

// StateKey is one key of a channel's shared state.
type StateKey struct {
	Key       string
	Value     []byte // a JSON value
	Version   uint64 // the seq of the event that set it
	By        string
	At        time.Time
	ExpiresAt time.Time // zero: never
}

// Size is about how many bytes k costs in memory and on a wire.
func (k *StateKey) Size() int { return 128 + len(k.Key) + len(k.Value) + len(k.By) }

// Due is something that is to be deleted because its time is over: a message
// by ID, or a key of shared state that still has Version.
type Due struct {
	Channel ChannelID
	ID      string
	Key     string
	Version uint64
}

// Page selects messages of a channel. With Before it is the last Limit
// messages below that seq, with After the first Limit above it, with both the
// first between them; with neither the last Limit. BySequence makes both
// bounds count messages instead of events: Before and After are then
// sequences, and After is meant inclusively (sequences begin at 0). It cannot
// be had together with Thread.
type Page struct {
	Before     uint64 // 0: no bound
	After      uint64 // 0: no bound, unless Forward
	Forward    bool   // oldest first from After, even where After is 0
	BySequence bool
	Thread     string // a message's id: replies to it alone
	Limit      int    // 1 to 1000
}

// Directory keeps what channels, members and users are.
type Directory interface {
	// Channel is CodeNotFound if it was never made.
	Channel(ctx context.Context, ch ChannelID) (*Channel, error)
	// Open is what a room begins with, all of one durable state.
	Open(ctx context.Context, ch ChannelID) (Opening, error)
	// PutChannel makes or replaces a channel's settings. It never touches its log.
	PutChannel(ctx context.Context, c *Channel) error
	// DeleteChannel shuts a channel: its settings are gone, and its horizon is its
	// head. That head, which is the answer, says Deleted, and is one seq further
	// on, so that every position that was given out is below the horizon, and no
	// seq comes twice. Members, cursors and state are not to be shown any more;
	// Purge removes them. Drafts are CodeDeleted from then on, as is a second
	// DeleteChannel, until PutChannel makes the channel again. A direct one is
	// made again by its next draft, once it is purged. It is CodeNotFound if there
	// is no such channel.
	DeleteChannel(ctx context.Context, ch ChannelID) (Head, error)
	// Purge removes what still lies where a deleted channel was. Until that is
	// done PutChannel is CodeUnavailable, as are a direct channel's drafts and
	// another DeleteChannel. Expire does it for every channel.
	Purge(ctx context.Context, ch ChannelID) error
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

// Opening is what is known of a channel as its room is opened.
type Opening struct {
	Settings *Channel // nil: it was never made
	Head     Head
	Members  bool // false: no user has a standing
	Emptying bool // it was deleted, and not purged yet
}

// People keeps what users have to do with channels and with each other.
type People interface {
	// Joined are the names of the channels in which the user has a role, and of
	// the direct channels in which anything was said, in name order after the
	// given one.
	Joined(ctx context.Context, project, user, after string, limit int) ([]string, error)

	// Users of a project that anything is kept of, in id order after the given one.
	Users(ctx context.Context, project, after string, limit int) ([]*User, error)

	// PutBlock notes that the user wants, or no longer wants, nothing of another.
	PutBlock(ctx context.Context, project, user, blocked string, on bool) error
	Blocked(ctx context.Context, project, user, other string) (bool, error)
	Blocks(ctx context.Context, project, user, after string, limit int) ([]string, error)
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

	// Mentions counts the messages after seq that mention the user and were not
	// deleted; it stops at most.
	Mentions(ctx context.Context, ch ChannelID, user string, after uint64, most int) (int, error)
}

// Records keeps small values whose keys and meaning are the business of who
// keeps them.
type Records interface {
	// Records visits the records whose keys begin with prefix, in key order,
	// until visit fails, with its error. What it gives must not be kept.
	Records(ctx context.Context, prefix string, visit func(key string, value []byte) error) error
	// PutRecords writes all of records in one commit; a nil value removes.
	PutRecords(ctx context.Context, records map[string][]byte) error
}

// Store is everything durable. Implementations pass storetest.Run.
type Store interface {
	Log
	States
	Directory
	People
	Cursors
	Records

	// Referenced reports whether a body that is kept names the file; see
	// FilesIn.
	Referenced(ctx context.Context, project, file string) (bool, error)

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
	Member  string // whose standing the event at Seq changed; "": nobody's, or it is not said
	Event   *Event // the event at Seq, where it is told within the process; nil: it is to be read
}

// Bus carries hints between nodes. It may delay and double them.
type Bus interface {
	// Publish may call who listens before it returns: its caller holds no lock.
	Publish(h Hint)
	// Loses reports whether hints may be lost, too: heads are then hinted again.
	Loses() bool
	// Listen calls f, one call at a time, for what other nodes publish, until
	// stop is called; stop waits for a call under way.
	Listen(f func(Hint)) (stop func())
}
