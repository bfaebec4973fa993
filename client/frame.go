package client

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-chat/parley/chat"
)

// outgoing is every frame that a client sends.
type outgoing struct {
	Type      string         `json:"type"`
	Ref       uint64         `json:"ref,omitzero"`
	Token     string         `json:"token,omitzero"`
	UserID    string         `json:"userId,omitzero"`
	UserName  *string        `json:"userName,omitzero"`
	ChannelID string         `json:"channelId,omitzero"`
	Position  Position       `json:"position,omitzero"`
	Presence  bool           `json:"presence,omitzero"`
	Acks      bool           `json:"acks,omitzero"`
	Text      *string        `json:"text,omitzero"`
	Body      jsontext.Value `json:"body,omitzero"`
	Meta      jsontext.Value `json:"meta,omitzero"`
	Nonce     string         `json:"nonce,omitzero"`
	ParentID  string         `json:"parentId,omitzero"`
	Mentions  []string       `json:"mentions,omitzero"`
	TTL       int64          `json:"ttl,omitzero"` // milliseconds
	ID        string         `json:"id,omitzero"`
	Seq       *uint64        `json:"seq,omitzero"`
	Before    uint64         `json:"before,omitzero"`
	After     any            `json:"after,omitzero"` // a *uint64: a seq; a string: where the last page ended
	Since     string         `json:"since,omitzero"`
	Limit     int            `json:"limit,omitzero"`
	ThreadID  string         `json:"threadId,omitzero"`
	Typing    *bool          `json:"typing,omitzero"`
	Status    string         `json:"status,omitzero"`
	Custom    *string        `json:"custom,omitzero"`
	Event     string         `json:"event,omitzero"`
	Data      jsontext.Value `json:"data,omitzero"`
	Reaction  string         `json:"reaction,omitzero"`
	On        *bool          `json:"on,omitzero"`
	Key       *string        `json:"key,omitzero"`
	Value     jsontext.Value `json:"value,omitzero"`
	Add       *int64         `json:"add,omitzero"`
	If        *uint64        `json:"if,omitzero"`
	Kind      string         `json:"kind,omitzero"`
	Title     string         `json:"title,omitzero"`
	Public    bool           `json:"public,omitzero"`
	Retention int64          `json:"retention,omitzero"` // seconds
	Role      *chat.Role     `json:"role,omitzero"`
	Muted     bool           `json:"muted,omitzero"`
	Banned    bool           `json:"banned,omitzero"`
	Avatar    *string        `json:"avatar,omitzero"`
	SessionID string         `json:"sessionId,omitzero"`
	Except    string         `json:"except,omitzero"`
	Echo      bool           `json:"echo,omitzero"`
	CallID    string         `json:"callId,omitzero"`
}

// incoming is what every frame from the server may have; which type it is
// decides how the rest is read.
type incoming struct {
	Type      string         `json:"type"`
	Ref       jsontext.Value `json:"ref"`
	ChannelID string         `json:"channelId"`
	Seq       uint64         `json:"seq"`
	raw       []byte
}

// maxFrame bounds an outgoing frame, in bytes: eight times what any that the
// server accepts has. The server breaks the connection at a frame over 1 MiB,
// and refuses a poll over 1 MiB (docs/protocol.md, docs/polling.md). A poll also
// says where the client stands in at most 1000 channels, in some 240 bytes each.
const maxFrame = 768 << 10

// encode fails with CodeInvalid or CodeTooLarge at what must not be sent: it
// would come to the same on each connection.
func encode(f *outgoing) ([]byte, error) {
	frame, err := json.Marshal(f)
	switch {
	case err != nil:
		return nil, &chat.Error{Code: chat.CodeInvalid, Message: "the request is no JSON", Cause: err}
	case len(frame) > maxFrame:
		return nil, chat.E(chat.CodeTooLarge, "the request has %d bytes; at most %d are sent", len(frame), maxFrame)
	}
	return frame, nil
}

func decode(data []byte) (*incoming, error) {
	f := &incoming{raw: data}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, err
	}
	return f, nil
}

// as reads the whole frame as a T.
func as[T any](f *incoming) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(f.raw, v); err != nil {
		return nil, err
	}
	return v, nil
}

// logged reads a frame as an entry of a log; nil if its type is none that is
// known.
func (f *incoming) logged() (Logged, error) {
	switch f.Type {
	case "message":
		return as[Message](f)
	case "message.update":
		return as[Update](f)
	case "message.delete":
		return as[Deletion](f)
	case "reaction":
		return as[Reaction](f)
	case "pin":
		return as[Pin](f)
	case "state":
		return as[KeyChange](f)
	case "member":
		return as[Member](f)
	case "call":
		return as[CallEnd](f)
	}
	return nil, nil
}

// told reads a frame as something ephemeral of a channel; nil if it is none.
func (f *incoming) told() (Event, error) {
	switch f.Type {
	case "presence":
		return as[Crowd](f)
	case "typing":
		return as[Typing](f)
	case "signal":
		return as[Signal](f)
	case "delivered", "read":
		r, err := as[Receipt](f)
		if r != nil {
			r.Read = f.Type == "read"
		}
		return r, err
	}
	return nil, nil
}

// Page is a run of messages, oldest first.
type Page struct {
	Messages []*Message `json:"messages"`
	Head     Position   `json:"head"` // the end of the log when the page was read
	More     bool       `json:"more"` // it ended for its limit or its size: there may be more
}

// Log is a run of events, in order. It is the end if the last one's Place is
// Head's.
type Log struct {
	Events []Logged
	Head   Position
}

func readLog(f *incoming) (*Log, error) {
	wire, err := as[struct {
		Events []jsontext.Value `json:"events"`
		Head   Position         `json:"head"`
	}](f)
	if err != nil {
		return nil, err
	}
	log := &Log{Head: wire.Head}
	for _, raw := range wire.Events {
		entry, err := decode(raw)
		if err != nil {
			return nil, err
		}
		e, err := entry.logged()
		if err != nil {
			return nil, err
		}
		if e == nil {
			e = &Other{Type: entry.Type, Seq: entry.Seq, Raw: raw}
		}
		log.Events = append(log.Events, e)
	}
	return log, nil
}
