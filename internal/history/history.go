// Package history records what clients of a server asked and were told, and
// checks it against the log that is there in the end.
//
// A recorder stands with the clients, outside the server and its data, so that
// what a crash takes from the server it does not take from the history. Every
// check is a function of a whole History and the Final logs; none knows how
// the server works.
package history

import (
	"time"

	"github.com/parley-chat/parley/chat"
)

// Kind is what an operation asks for.
type Kind string

// The operations that a history is made of.
const (
	Post     Kind = "post"
	Edit     Kind = "edit"
	Delete   Kind = "delete"
	ReadFrom Kind = "read-from" // events after a seq
	MarkRead Kind = "mark-read" // move a read cursor
)

// Outcome is how an operation ended.
type Outcome string

const (
	Unknown Outcome = ""     // no answer: it may have taken effect, or may yet
	OK      Outcome = "ok"   // it surely took effect, between its call and its return
	Failed  Outcome = "fail" // it surely did not, and never will
)

// Op is one operation. A client that retries with the same nonce until it is
// answered makes one Op of all its attempts.
type Op struct {
	ID      int    `json:"id"`
	Client  string `json:"client"` // which client, for a person who reads this
	User    string `json:"user"`
	Kind    Kind   `json:"kind"`
	Channel string `json:"channel"`

	Nonce  string `json:"nonce,omitempty"`
	Text   string `json:"text,omitempty"`   // post, edit; of posts no two the same
	Target string `json:"target,omitempty"` // edit, delete: the message's id
	Seq    uint64 `json:"seq,omitempty"`    // read-from: after it; mark-read: up to it
	Limit  int    `json:"limit,omitempty"`  // read-from

	Invoked  time.Duration `json:"invoked"` // since the history began, by a monotonic clock
	Returned time.Duration `json:"returned,omitempty"`
	Outcome  Outcome       `json:"outcome,omitempty"`
	Code     chat.Code     `json:"code,omitempty"` // why it failed
	Answer   Answer        `json:"answer,omitzero"`
}

// Answer is what an operation that is OK was told. A zero field was not told:
// some dialects know ids only.
type Answer struct {
	Seq     uint64  `json:"seq,omitempty"` // the event's; mark-read: where the cursor stands
	ID      string  `json:"id,omitempty"`  // the message's
	Entries []Entry `json:"entries,omitempty"`
}

// Entry is one event of a channel's log as a client was given it.
type Entry struct {
	Seq      uint64    `json:"seq,omitempty"`      // 0: the dialect does not tell
	Sequence uint64    `json:"sequence,omitempty"` // of messages
	Kind     chat.Kind `json:"kind"`
	ID       string    `json:"id,omitempty"` // the message's that it is, or names
	Sender   string    `json:"sender,omitempty"`
	Nonce    string    `json:"nonce,omitempty"`
	Text     string    `json:"text,omitempty"` // "": there was none
	EditSeq  uint64    `json:"editSeq,omitempty"`
	Deleted  bool      `json:"deleted,omitempty"` // a message's
}

// Numbering is what a subscriber's dialect tells of an event's place.
type Numbering string

const (
	BySeq      Numbering = "seq"      // of every event
	BySequence Numbering = "sequence" // of messages; others are not recorded
	ByID       Numbering = "id"       // messages in order, without tombstones
)

// Run is what one subscription delivered, from its begin to its end.
type Run struct {
	ID         int       `json:"id"`
	Subscriber string    `json:"subscriber"`
	Channel    string    `json:"channel"`
	Numbering  Numbering `json:"numbering"`

	// Begun is a time at which nothing had been asked yet.
	Begun time.Duration `json:"begun"`
	// From is what came last before the run; the run begins with the next. Of
	// BySequence it is the first sequence wanted. ByID does not say.
	From    uint64  `json:"from"`
	Entries []Entry `json:"-"`

	Refused string `json:"refused,omitempty"` // why the server would not go on from From
	Whole   bool   `json:"whole,omitempty"`   // it must reach to the end of the final log
}

// History is everything that was recorded.
type History struct {
	Ops  []Op
	Runs []Run
}

// Final are the logs after everything, by channel: what was read when the last
// fault was over and every client had its answers.
type Final map[string][]Entry
