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

	ParentID string   `json:"parentId,omitempty" doc:"The message that it answers"`
	Mentions []string `json:"mentions,omitempty" maxItems:"50" nullable:"false" doc:"The users that it calls"`
	TTL      int64    `json:"ttl,omitempty" minimum:"1" doc:"Milliseconds after which it is deleted by itself"`
}

// NewMessages is a batch.
type NewMessages struct {
	Messages []NewMessage `json:"messages" minItems:"1" maxItems:"100" nullable:"false"`
}

// Results say what became of a batch, in its order.
type Results struct {
	Results []Result `json:"results" nullable:"false"`
}

// Result is what became of one message: the message, or why there is none.
type Result struct {
	Message *Message `json:"message,omitempty"`
	Error   *Problem `json:"error,omitempty"`
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
	ParentID   string         `json:"parentId,omitempty" doc:"The first message of its thread"`
	Nonce      string         `json:"nonce,omitempty"`
	Meta       map[string]any `json:"meta,omitempty"`
	Mentions   []string       `json:"mentions,omitempty" nullable:"false"`
	ExpiresAt  *time.Time     `json:"expiresAt,omitempty" doc:"When it is deleted by itself"`
	EditedAt   *time.Time     `json:"editedAt,omitempty"`
	EditSeq    uint64         `json:"editSeq,omitempty"`
	DeletedAt  *time.Time     `json:"deletedAt,omitempty"`
	NotesSeq   uint64         `json:"notesSeq,omitempty" doc:"The last event that reactions, thread and pinned have taken in"`
	Reactions  []Reaction     `json:"reactions,omitempty" nullable:"false"`
	Thread     *Thread        `json:"thread,omitempty"`
	Pinned     *Pinned        `json:"pinned,omitempty"`
}

// Reaction is one reaction to a message.
type Reaction struct {
	Reaction string   `json:"reaction"`
	Count    int      `json:"count"`
	UserIDs  []string `json:"userIds,omitempty" nullable:"false" doc:"Who, in the order they came; at most 32 are named"`
}

// Thread is what was answered to a message.
type Thread struct {
	Replies int        `json:"replies" doc:"Deleted ones not counted"`
	LastAt  *time.Time `json:"lastAt,omitempty"`
	UserIDs []string   `json:"userIds,omitempty" nullable:"false" doc:"Who took part, in the order of their first reply; at most 32 are named"`
}

// Pinned says who pinned a message, and when.
type Pinned struct {
	UserID string    `json:"userId"`
	At     time.Time `json:"at"`
}

// Pins are a channel's pinned messages.
type Pins struct {
	Messages []Message `json:"messages" nullable:"false"`
}

// MessagePage is a page of messages, oldest first.
type MessagePage struct {
	Messages []Message `json:"messages" nullable:"false"`
	Head     string    `json:"head" doc:"The end of the log when the page was read, epoch:seq: subscribe from it to go on without a gap"`
	Position string    `json:"position" doc:"The place of the page's last message; of an empty page, the head"`
	Next     uint64    `json:"next,omitempty" doc:"There may be more: ask with it as before, or as after if this page came after a seq"`
}

// EventPage is a part of the log.
type EventPage struct {
	Events   []map[string]any `json:"events" nullable:"false" doc:"As in the native protocol: message, message.update, message.delete, member, reaction, pin, state"`
	Head     string           `json:"head" doc:"The end of the log when the page was read"`
	Position string           `json:"position" doc:"The place of the page's last event, epoch:seq: go on after it"`
	Next     uint64           `json:"next,omitempty" doc:"There is more: ask with it as after"`
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
	Head      string    `json:"head,omitempty" doc:"epoch:seq; not in lists by name"`

	LastAt    *time.Time `json:"lastAt,omitempty" doc:"With order=activity: when its last event was; left out: there was none"`
	Messages  *uint64    `json:"messages,omitempty" doc:"With order=activity: how many it keeps, deleted ones too"`
	Followers *int       `json:"followers,omitempty" doc:"With order=activity: how many sessions of this node are subscribed to it"`
}

// ListedChannel is a channel in its user's list.
type ListedChannel struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"open,private,direct"`
	Public    bool      `json:"public"`
	Title     string    `json:"title,omitempty"`
	Retention int64     `json:"retention" doc:"Seconds; -1: for ever"`
	CreatedAt time.Time `json:"createdAt"`
	Head      string    `json:"head" doc:"epoch:seq"`
	Role      string    `json:"role" enum:"owner,moderator,member,reader,"`
	Delivered uint64    `json:"delivered" doc:"The user's cursor, a seq"`
	Read      uint64    `json:"read" doc:"The user's cursor, a seq"`
	Unread    uint64    `json:"unread" doc:"Messages after the read cursor"`
	Mentions  int       `json:"mentions" doc:"Of them those that mention the user; at most 100 are counted"`
	Last      *Message  `json:"last,omitempty" doc:"The newest message that is kept"`
}

// ListedPage is a page of a user's channels.
type ListedPage struct {
	Channels []ListedChannel `json:"channels" nullable:"false"`
	Next     string          `json:"next,omitempty" doc:"There is more: ask for what comes after it"`
}

// ChannelPage is a page of channels.
type ChannelPage struct {
	Channels []Channel `json:"channels" nullable:"false"`
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
	Members []Member `json:"members" nullable:"false"`
	Next    string   `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// Cursor is how far a user has come.
type Cursor struct {
	UserID    string     `json:"userId"`
	Delivered uint64     `json:"delivered" doc:"A seq"`
	Read      uint64     `json:"read" doc:"A seq"`
	ReadAt    *time.Time `json:"readAt,omitempty"`
	Unread    uint64     `json:"unread" doc:"Messages after Read, tombstones and one's own too"`
}

// CursorPage is a page of cursors.
type CursorPage struct {
	Cursors []Cursor `json:"cursors" nullable:"false"`
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

	ExceptID string `json:"exceptId,omitempty" doc:"The id of a connection that is left out"`
}

// ChannelSignal is a signal to those who are in a channel.
type ChannelSignal struct {
	Type string `json:"type" maxLength:"128"`
	Data any    `json:"data,omitempty" doc:"At most 16,384 bytes"`

	ClientID string `json:"clientId,omitempty" doc:"The id of the one connection that it is for, if that is in the channel"`
	ExceptID string `json:"exceptId,omitempty" doc:"The id of a connection that is left out"`
}

// ClientSignal is a signal to one connection or one user.
type ClientSignal struct {
	Type string `json:"type" maxLength:"128"`
	Data any    `json:"data,omitempty" doc:"At most 16,384 bytes"`

	ClientID string `json:"clientId,omitempty" doc:"The id of the one connection that it is for"`
	UserID   string `json:"userId,omitempty" doc:"In its place: the user whose connections it is for"`
	ExceptID string `json:"exceptId,omitempty" doc:"The id of a connection that is left out"`
}

// NewState is what a key is to be.
type NewState struct {
	Value any    `json:"value" doc:"Any JSON value of at most 16,384 bytes"`
	TTL   int64  `json:"ttl,omitempty" minimum:"1" doc:"Milliseconds after which it is deleted by itself"`
	Nonce string `json:"nonce,omitempty" maxLength:"128"`
}

// Addition is what a counter is to grow by.
type Addition struct {
	Add   int64  `json:"add" doc:"May be negative"`
	TTL   int64  `json:"ttl,omitempty" minimum:"1" doc:"Milliseconds after which it is deleted by itself"`
	Nonce string `json:"nonce,omitempty" maxLength:"128"`
}

// StateKey is one key of a channel's shared state.
type StateKey struct {
	Key       string     `json:"key"`
	Value     any        `json:"value"`
	Version   uint64     `json:"version" doc:"The seq of the event that set it"`
	UserID    string     `json:"userId,omitempty" doc:"Who set it"`
	At        time.Time  `json:"at"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

// StatePage is a part of a channel's shared state.
type StatePage struct {
	Keys     []StateKey `json:"keys" nullable:"false"`
	Position string     `json:"position" doc:"epoch:seq: what changes later follows it in the log"`
	Next     string     `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// NewProfile is what others are to see of a user.
type NewProfile struct {
	UserName string         `json:"userName,omitempty" maxLength:"128"`
	Avatar   string         `json:"avatar,omitempty" maxLength:"2048" doc:"An https URL"`
	Meta     map[string]any `json:"meta,omitempty" doc:"At most 16,384 bytes"`
}

// User is what others may know of a user.
type User struct {
	UserID   string         `json:"userId"`
	UserName string         `json:"userName,omitempty"`
	Avatar   string         `json:"avatar,omitempty"`
	Meta     map[string]any `json:"meta,omitempty"`
	Status   string         `json:"status,omitempty" enum:"online,away,offline" doc:"Not in lists"`
	Custom   string         `json:"custom,omitempty"`
	LastSeen *time.Time     `json:"lastSeen,omitempty"`
}

// UserPage is a page of users.
type UserPage struct {
	Users []User `json:"users" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// Blocked is a user of whom another wants nothing.
type Blocked struct {
	UserID string `json:"userId"`
}

// BlockPage is a page of them.
type BlockPage struct {
	Blocks []Blocked `json:"blocks" nullable:"false"`
	Next   string    `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}

// Session is a connection.
type Session struct {
	ID       string    `json:"id"`
	UserID   string    `json:"userId,omitempty"`
	UserName string    `json:"userName,omitempty"`
	Key      string    `json:"key,omitempty" doc:"The project key that vouches for it"`
	Guest    bool      `json:"guest"`
	Away     bool      `json:"away"`
	Since    time.Time `json:"since"`

	Door          string   `json:"door,omitempty" doc:"The path by which it came"`
	Dialect       string   `json:"dialect,omitempty" doc:"The wire language that it speaks"`
	Device        string   `json:"device,omitempty" doc:"What its client calls the device"`
	Address       string   `json:"address,omitempty" doc:"Where it came from, behind proxies that are trusted"`
	UserAgent     string   `json:"userAgent,omitempty" doc:"What it says of itself, at most 200 bytes"`
	Subscriptions int      `json:"subscriptions"`
	CatchingUp    int      `json:"catchingUp" doc:"Of them those that are behind their channel"`
	QueueBytes    int      `json:"queueBytes" doc:"That wait to be sent to it"`
	Channels      []string `json:"channels,omitempty" nullable:"false" doc:"Subscribed to"`
}

// SessionPage is a page of connections, in the order of their ids.
type SessionPage struct {
	Sessions []Session `json:"sessions" nullable:"false"`
	Next     string    `json:"next,omitempty" doc:"There may be more: ask for what comes after it"`
}
