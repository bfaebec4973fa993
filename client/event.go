package client

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-chat/parley/chat"
)

// Event is what a subscription's handler gets: one of the pointers to the
// types of this file and [CallEnd]. Logged ones are entries of the channel's log.
type Event interface{ event() }

// Logged is an Event with a place in the channel's log: *Message, *Update,
// *Deletion, *Reaction, *Pin, *KeyChange, *Member, *CallEnd or *Other.
type Logged interface {
	Event
	// Place is the event's seq.
	Place() uint64
}

type (
	// Message is a message in its state at the time it was read: with its last
	// text if it was edited, without any if it was deleted.
	Message struct {
		ID          string         `json:"id"`
		ChannelID   string         `json:"channelId"`
		SenderID    string         `json:"senderId"`
		SenderName  string         `json:"senderName"`
		Text        string         `json:"text"`
		Body        jsontext.Value `json:"body"` // nil: the text
		Meta        jsontext.Value `json:"meta"`
		CreatedAt   time.Time      `json:"createdAt"`
		Seq         uint64         `json:"seq"`
		Sequence    uint64         `json:"sequence"`
		Nonce       string         `json:"nonce"`
		EditedAt    time.Time      `json:"editedAt"` // zero: never
		EditSeq     uint64         `json:"editSeq"`
		DeletedAt   time.Time      `json:"deletedAt"` // zero: it is not
		Redelivered bool           `json:"redelivered"`

		ParentID  string    `json:"parentId"`  // the first message of its thread; "": it is in none
		Mentions  []string  `json:"mentions"`  // the users it calls
		ExpiresAt time.Time `json:"expiresAt"` // when it is deleted by itself; zero: never

		// NotesSeq is the seq of the last event that the rest has taken in: an
		// event that is not after it changes nothing of them. 0: none yet.
		NotesSeq  uint64  `json:"notesSeq"`
		Reactions []Tally `json:"reactions"`
		Thread    *Thread `json:"thread"` // nil: nobody has answered
		Pinned    *Pinned `json:"pinned"` // nil: it is not
	}

	// Update says that the message ID has another text. It counts if Seq is
	// greater than the message's EditSeq.
	Update struct {
		ID        string         `json:"id"`
		ChannelID string         `json:"channelId"`
		UserID    string         `json:"userId"`
		Seq       uint64         `json:"seq"`
		TargetSeq uint64         `json:"targetSeq"`
		NewText   *string        `json:"newText"` // nil: the message was deleted since
		Body      jsontext.Value `json:"body"`    // nil: the text
		EditedAt  time.Time      `json:"editedAt"`
	}

	// Deletion says that the message ID is no more.
	Deletion struct {
		ID        string    `json:"id"`
		ChannelID string    `json:"channelId"`
		UserID    string    `json:"userId"` // "": its time was over
		Seq       uint64    `json:"seq"`
		TargetSeq uint64    `json:"targetSeq"`
		ParentID  string    `json:"parentId"` // the message's, see Message
		DeletedAt time.Time `json:"deletedAt"`
	}

	// Reaction says that a user reacted to the message ID or, without On, took
	// that back. It counts if Seq is greater than the message's NotesSeq.
	Reaction struct {
		ID        string    `json:"id"`
		ChannelID string    `json:"channelId"`
		UserID    string    `json:"userId"`
		UserName  string    `json:"userName"`
		Seq       uint64    `json:"seq"`
		TargetSeq uint64    `json:"targetSeq"`
		Reaction  string    `json:"reaction"`
		On        bool      `json:"on"`
		At        time.Time `json:"at"`
	}

	// Pin says that a user pinned the message ID or, without On, took the pin
	// away. It counts if Seq is greater than the message's NotesSeq.
	Pin struct {
		ID        string    `json:"id"`
		ChannelID string    `json:"channelId"`
		UserID    string    `json:"userId"`
		UserName  string    `json:"userName"`
		Seq       uint64    `json:"seq"`
		TargetSeq uint64    `json:"targetSeq"`
		On        bool      `json:"on"`
		At        time.Time `json:"at"`
	}

	// KeyChange says that a key of the channel's shared state has another value,
	// or none any more. Seq is the key's version from here on.
	KeyChange struct {
		ChannelID string         `json:"channelId"`
		Seq       uint64         `json:"seq"`
		Key       string         `json:"key"`
		Value     jsontext.Value `json:"value"`
		Deleted   bool           `json:"deleted"`
		UserID    string         `json:"userId"` // "": its time was over
		At        time.Time      `json:"at"`
		ExpiresAt time.Time      `json:"expiresAt"` // zero: never
	}

	// Member says how a user stands in the channel from here on.
	Member struct {
		ChannelID string    `json:"channelId"`
		UserID    string    `json:"userId"`
		Seq       uint64    `json:"seq"`
		Role      chat.Role `json:"role"`
		Muted     bool      `json:"muted"`
		Banned    bool      `json:"banned"`
		By        string    `json:"by"`
		At        time.Time `json:"at"`
	}

	// Other is an event of a kind that this package does not know yet.
	Other struct {
		Type string
		Seq  uint64
		Raw  jsontext.Value
	}
)

type (
	// Subscribed says where the events that follow begin. It comes again after
	// each reconnection.
	Subscribed struct {
		Direct    bool      `json:"direct"` // the server began it: see Options.OnDirect
		ChannelID string    `json:"channelId"`
		Position  Position  `json:"position"`
		Head      Position  `json:"head"`
		Role      chat.Role `json:"role"`
		Cursor    Cursor    `json:"cursor"`
	}

	// Level says that the subscription has everything up to Position and is
	// live. With presence it tells who is there; what was known before is void.
	Level struct {
		ChannelID string     `json:"channelId"`
		Position  Position   `json:"position"`
		Present   []Presence `json:"present"`
		Typing    []Presence `json:"typing"`
		Cursors   []Cursor   `json:"cursors"`
	}

	// Crowd says who came, left and changed, in a subscription with presence.
	Crowd struct {
		ChannelID string     `json:"channelId"`
		Joined    []Presence `json:"joined"`
		Left      []Presence `json:"left"`
		Changed   []Presence `json:"changed"`
	}

	// Typing says that a user began or stopped typing.
	Typing struct {
		ChannelID string `json:"channelId"`
		UserID    string `json:"userId"`
		UserName  string `json:"userName"`
		Typing    bool   `json:"typing"`
	}

	// Receipt says how far a user's devices got everything (or, with Read, how
	// far the user has read).
	Receipt struct {
		Read      bool   `json:"-"`
		ChannelID string `json:"channelId"`
		UserID    string `json:"userId"`
		Seq       uint64 `json:"seq"`
		ID        string `json:"id"` // the message that was named, or ""
	}

	// Signal is a custom event, to a channel or, without one, to this user or
	// session.
	Signal struct {
		ChannelID string         `json:"channelId"`
		UserID    string         `json:"userId"`
		SessionID string         `json:"sessionId"` // without a channel: where it came from; see Audience
		Event     string         `json:"event"`
		Data      jsontext.Value `json:"data"`
	}

	// Membership says what the user now is in a channel: NoRole, if they left it
	// or were taken out of it.
	Membership struct {
		ChannelID string    `json:"channelId"`
		Role      chat.Role `json:"role"`
	}
)

type (
	// Gap says that the server left out events between After and Got; the
	// subscription is begun again from After, so that they still come.
	Gap struct {
		ChannelID  string
		After, Got uint64
	}

	// Reset says that the log cannot be resumed from Lost: what is held of the
	// channel is void, and the subscription goes on from From.
	Reset struct {
		ChannelID  string
		Reason     string // "horizon", "epoch", "ahead": see the protocol
		Lost, From Position
	}

	// Dropped is the last event of a subscription that the server ended or
	// refused to begin again.
	Dropped struct {
		ChannelID string
		Err       *chat.Error
	}
)

type (
	// Presence is one user as others see them.
	Presence struct {
		UserID   string      `json:"userId"`
		UserName string      `json:"userName"`
		Status   chat.Status `json:"status"`
		Custom   string      `json:"custom"`
		LastSeen time.Time   `json:"lastSeen"`
	}

	// Cursor is how far a user has come, as seqs. Unread is told of one's own.
	Cursor struct {
		UserID    string `json:"userId"`
		Delivered uint64 `json:"delivered"`
		Read      uint64 `json:"read"`
		Unread    uint64 `json:"unread"` // messages after Read
	}

	// Tally is one reaction to a message, with how many and who.
	Tally struct {
		Reaction string   `json:"reaction"`
		Count    int      `json:"count"`
		UserIDs  []string `json:"userIds"` // the first few, in the order they came
	}

	// Thread is what was answered to a message.
	Thread struct {
		Replies int       `json:"replies"` // deleted ones not counted
		LastAt  time.Time `json:"lastAt"`
		UserIDs []string  `json:"userIds"` // the first few who took part
	}

	// Pinned says who pinned a message, and when.
	Pinned struct {
		UserID string    `json:"userId"`
		At     time.Time `json:"at"`
	}
)

// Place is the event's seq.
func (m *Message) Place() uint64 { return m.Seq }

// Place is the event's seq.
func (u *Update) Place() uint64 { return u.Seq }

// Place is the event's seq.
func (d *Deletion) Place() uint64 { return d.Seq }

// Place is the event's seq.
func (r *Reaction) Place() uint64 { return r.Seq }

// Place is the event's seq.
func (p *Pin) Place() uint64 { return p.Seq }

// Place is the event's seq.
func (k *KeyChange) Place() uint64 { return k.Seq }

// Place is the event's seq.
func (m *Member) Place() uint64 { return m.Seq }

// Place is the event's seq.
func (o *Other) Place() uint64 { return o.Seq }

func (*Message) event()    {}
func (*Update) event()     {}
func (*Deletion) event()   {}
func (*Reaction) event()   {}
func (*Pin) event()        {}
func (*KeyChange) event()  {}
func (*Member) event()     {}
func (*Other) event()      {}
func (*Subscribed) event() {}
func (*Level) event()      {}
func (*Crowd) event()      {}
func (*Typing) event()     {}
func (*Receipt) event()    {}
func (*Signal) event()     {}
func (*Gap) event()        {}
func (*Reset) event()      {}
func (*Dropped) event()    {}
