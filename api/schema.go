package api

import "time"

// The types of this file are what the document says of requests and answers.
// Nothing is decoded into them or encoded from them: bodies count as they were
// received, and pages are written as they are read. A test holds each answer
// against its type.

// NewMessage is a message to be posted: with a text or a body.
type NewMessage struct {
	Text  string         `json:"text,omitempty" doc:"At most 65,536 bytes as sent, with its quotes and escapes"`
	Body  any            `json:"body,omitempty" doc:"Any JSON value, in place of a text; the same bound"`
	Nonce string         `json:"nonce,omitempty" maxLength:"128" doc:"Your own key for this message: the same one is the same message, so that a retry is harmless"`
	Meta  map[string]any `json:"meta,omitempty" doc:"At most 16,384 bytes; kept and given back"`
}

// Revision is what a message is to become.
type Revision struct {
	Text  string `json:"text,omitempty"`
	Body  any    `json:"body,omitempty"`
	Nonce string `json:"nonce,omitempty" maxLength:"128"`
}

// Message is a message in its present state, as in the native protocol.
type Message struct {
	Type       string         `json:"type" enum:"message"`
	ID         string         `json:"id" format:"uuid"`
	ChannelID  string         `json:"channelId"`
	SenderID   string         `json:"senderId"`
	SenderName string         `json:"senderName,omitempty"`
	Text       string         `json:"text,omitempty" doc:"What a person reads of it; left out once deleted"`
	Body       any            `json:"body,omitempty" doc:"Left out where it is the text"`
	CreatedAt  time.Time      `json:"createdAt"`
	Seq        uint64         `json:"seq" doc:"Its place among the channel's events, from 1"`
	Sequence   uint64         `json:"sequence" doc:"Its place among the channel's messages, from 0"`
	Nonce      string         `json:"nonce,omitempty"`
	Meta       map[string]any `json:"meta,omitempty"`
	EditedAt   *time.Time     `json:"editedAt,omitempty"`
	EditSeq    uint64         `json:"editSeq,omitempty"`
	DeletedAt  *time.Time     `json:"deletedAt,omitempty"`
}

// MessagePage is a page of messages, oldest first.
type MessagePage struct {
	Messages []Message `json:"messages"`
	Head     string    `json:"head" doc:"The end of the log when the page was read, epoch:seq: subscribe from it to go on without a gap"`
	Position string    `json:"position" doc:"The place of the page's last message; of an empty page, the head"`
}

// EventPage is a part of the log.
type EventPage struct {
	Events   []map[string]any `json:"events" doc:"As in the native protocol: message, message.update, message.delete, member"`
	Head     string           `json:"head" doc:"The end of the log when the page was read"`
	Position string           `json:"position" doc:"The place of the page's last event, epoch:seq: go on after it"`
}

// ChannelSettings is what a channel is to be.
type ChannelSettings struct {
	Kind      string `json:"kind,omitempty" enum:"open,private,direct" doc:"Default: what the name demands, or open"`
	Public    bool   `json:"public,omitempty" doc:"Readable without credentials"`
	Title     string `json:"title,omitempty" maxLength:"128"`
	Retention int64  `json:"retention,omitempty" doc:"Seconds for which events are kept; 0: 30 days; -1: for ever"`
}

// Channel is what a channel is.
type Channel struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"open,private,direct"`
	Public    bool      `json:"public"`
	Title     string    `json:"title,omitempty"`
	Retention int64     `json:"retention" doc:"Seconds; -1: for ever"`
	CreatedAt time.Time `json:"createdAt"`
	Head      string    `json:"head,omitempty" doc:"epoch:seq; not in lists"`
}

// ChannelPage is a page of channels.
type ChannelPage struct {
	Channels []Channel `json:"channels"`
	Next     string    `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// Standing is what a user is to be in a channel.
type Standing struct {
	Role   string `json:"role" enum:"owner,moderator,member,reader," doc:"Empty: no member"`
	Muted  bool   `json:"muted,omitempty"`
	Banned bool   `json:"banned,omitempty"`
}

// Member is a user's standing in a channel.
type Member struct {
	UserID string    `json:"userId"`
	Role   string    `json:"role"`
	Muted  bool      `json:"muted"`
	Banned bool      `json:"banned"`
	Since  time.Time `json:"since"`
}

// MemberEvent is the entry in the log that a change of standing makes.
type MemberEvent struct {
	Type      string    `json:"type" enum:"member"`
	ChannelID string    `json:"channelId"`
	Seq       uint64    `json:"seq"`
	UserID    string    `json:"userId"`
	Role      string    `json:"role"`
	Muted     bool      `json:"muted"`
	Banned    bool      `json:"banned"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

// MemberPage is a page of members.
type MemberPage struct {
	Members []Member `json:"members"`
	Next    string   `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// Cursor is how far a user has come.
type Cursor struct {
	UserID    string     `json:"userId"`
	Delivered uint64     `json:"delivered" doc:"A seq"`
	Read      uint64     `json:"read" doc:"A seq"`
	ReadAt    *time.Time `json:"readAt,omitempty"`
}

// CursorPage is a page of cursors.
type CursorPage struct {
	Cursors []Cursor `json:"cursors"`
	Next    string   `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// CursorMove says up to where everything was read.
type CursorMove struct {
	Read any `json:"read" doc:"A seq, or a message's id"`
}

// Signal is an event that is passed on and not stored.
type Signal struct {
	Type string `json:"type" maxLength:"128"`
	Data any    `json:"data,omitempty" doc:"At most 16,384 bytes"`
}

// User is what others may know of a user.
type User struct {
	UserID   string     `json:"userId"`
	UserName string     `json:"userName,omitempty"`
	Status   string     `json:"status" enum:"online,away,offline"`
	Custom   string     `json:"custom,omitempty"`
	LastSeen *time.Time `json:"lastSeen,omitempty"`
}

// TokenRequest says for whom tokens are.
type TokenRequest struct {
	UserID   string   `json:"userId"`
	Name     string   `json:"name,omitempty"`
	Scopes   []string `json:"scopes,omitempty" doc:"Default: chat:send and chat:read"`
	Channels []string `json:"channels,omitempty" doc:"Names, or a prefix and *; default: all"`
}

// TokenPair is one token for this server and one for the application's own.
type TokenPair struct {
	Token    string `json:"tsToken"`
	AppToken string `json:"appJwt" doc:"Holds userId, signed with the project's app secret; lives one hour"`
}
