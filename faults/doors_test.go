package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
	"github.com/parley-chat/parley/internal/plain"
)

// place is where somebody stands in a channel, in the words of their door.
type place struct {
	channel, user, token string

	position string // epoch:seq
	pid      string // Socket.IO: what names the client that comes back
	offset   string // Socket.IO: how far it came
	joined   bool   // Socket.IO: the room was
}

// ear is how a door is followed over many connections: what it is told is one
// run, for it goes on from where it stands.
type ear struct {
	door      string
	numbering history.Numbering
	open      func(ctx context.Context, l *load, at *place) (plain.Line, error)
	// read takes a frame in; logged: it is an entry of the log.
	read func(ctx context.Context, line plain.Line, frame []byte, at *place) (entry history.Entry, logged bool, err error)
}

func ears() []ear {
	return []ear{
		{"native", history.BySeq, openNative, readNative},
		{"poll", history.BySeq, openPoll, readNative},
		{"sse", history.BySeq, openStream, readStream},
		{"parley", history.BySeq, openParley, readParley},
		{"rooms", history.ByID, openWith("/rooms", `{"type":"join","userId":%q,"username":%[1]q,"roomId":%q,"position":%s}`), readDialect},
		{"threads", history.ByID, openWith("/threads", `{"type":"join_thread","userId":%q,"threadId":%q,"position":%s}`), readDialect},
		{"conversations", history.ByID, openWith("/chat", `{"type":"subscribe","userId":%q,"conversationId":%q,"position":%s}`), readDialect},
		{"socketio", history.ByID, openIO, readIO},
	}
}

// hearAtDoors has somebody follow the channel at each door.
func (l *load) hearAtDoors(n int, channel string) {
	for _, ear := range ears() {
		name := fmt.Sprint(ear.door, "-follower-", n)
		l.listen(name, channel, l.follow(ear, &place{channel: channel, user: name, token: l.token(name)}))
	}
}

// follow is a call for each connection. Everybody begins where the log does.
func (l *load) follow(ear ear, at *place) func(context.Context, *listener) bool {
	return func(ctx context.Context, e *listener) bool {
		if at.position == "" {
			if at.position = l.beginning(ctx, at.channel); at.position == "" {
				return true
			}
		}
		line, err := ear.open(ctx, l, at)
		if err != nil {
			return true
		}
		defer line.Close()
		if e.run == nil {
			e.run = l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: ear.numbering})
		}
		for {
			frame, err := line.Next(ctx)
			if err != nil {
				return true
			}
			entry, logged, err := ear.read(ctx, line, frame, at)
			if err != nil {
				l.complain(e.channel, "%s at %+v: %v", e.name, *at, err)
				return false
			}
			e.joined.Store(ear.door != "socketio" || at.joined)
			if logged && !e.saw(entry) {
				return false
			}
		}
	}
}

// beginning is the place before a channel's first event; "": nobody answered.
func (l *load) beginning(ctx context.Context, channel string) string {
	c := l.client("beginning", l.beginner)
	defer c.Close()
	page, err := c.Events(ctx, channel, 0, 1)
	if err != nil {
		return ""
	}
	return page.Head.Epoch + ":0"
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func openNative(ctx context.Context, l *load, at *place) (plain.Line, error) {
	s, err := plain.DialSocket(ctx, l.url()+"/v1/ws", bearer(at.token), "parley.v1.json")
	if err != nil {
		return nil, err
	}
	return s, s.Send(ctx, fmt.Sprintf(`{"type":"subscribe","channelId":%q,"position":%q}`, at.channel, at.position))
}

func openPoll(_ context.Context, l *load, at *place) (plain.Line, error) {
	return plain.NewPoll(l.url(), bearer(at.token), at.channel, at.position), nil
}

func openStream(ctx context.Context, l *load, at *place) (plain.Line, error) {
	return plain.DialStream(ctx, l.url()+"/events?channel="+url.QueryEscape(at.channel), bearer(at.token), at.position)
}

func openParley(ctx context.Context, l *load, at *place) (plain.Line, error) {
	s, err := plain.DialIO(ctx, l.url(), "/parley", fmt.Sprintf(`{"token":%q}`, at.token))
	if err != nil {
		return nil, err
	}
	return s, s.Send(ctx, fmt.Sprintf(`["subscribe",{"channelId":%q,"position":%q}]`, at.channel, at.position))
}

// openWith joins by one frame, which has a place for the user, the channel and
// the position.
func openWith(path, join string) func(context.Context, *load, *place) (plain.Line, error) {
	return func(ctx context.Context, l *load, at *place) (plain.Line, error) {
		s, err := plain.DialSocket(ctx, l.url()+path, bearer(at.token))
		if err != nil {
			return nil, err
		}
		position, err := json.Marshal(at.position)
		if err != nil {
			return nil, err
		}
		return s, s.Send(ctx, fmt.Sprintf(join, at.user, at.channel, position))
	}
}

// openIO asks to go on as the client that it was.
func openIO(ctx context.Context, l *load, at *place) (plain.Line, error) {
	auth, err := json.Marshal(object{"token": at.token, "recovery": true, "pid": at.pid, "offset": at.offset})
	if err != nil {
		return nil, err
	}
	return plain.DialIO(ctx, l.url(), "/", string(auth))
}

// ended is an error that a door told.
func ended(frame []byte) error { return fmt.Errorf("it was told %s", frame) }

func readNative(_ context.Context, _ plain.Line, frame []byte, at *place) (history.Entry, bool, error) {
	return at.native(frame)
}

// native takes in a frame of the native words.
func (at *place) native(data []byte) (history.Entry, bool, error) {
	f := new(frame)
	if err := json.Unmarshal(data, f); err != nil {
		return history.Entry{}, false, err
	}
	if f.Type == "error" || f.Type == "dropped" {
		return history.Entry{}, false, ended(data)
	}
	entry, logged := f.entry()
	if logged {
		epoch, _, _ := strings.Cut(at.position, ":")
		at.position = fmt.Sprint(epoch, ":", f.Seq)
	}
	return entry, logged, nil
}

func readStream(_ context.Context, _ plain.Line, data []byte, at *place) (history.Entry, bool, error) {
	var e struct {
		Event, ID string
		Data      json.RawMessage
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return history.Entry{}, false, err
	}
	before := at.position
	entry, logged, err := at.native(e.Data)
	if e.ID == "" && logged || e.ID != at.position && logged {
		return entry, logged, fmt.Errorf("after %s came %s with the id %q", before, data, e.ID)
	}
	return entry, logged, err
}

// readParley takes an event's argument for a frame without its type.
func readParley(_ context.Context, _ plain.Line, data []byte, at *place) (history.Entry, bool, error) {
	var e []json.RawMessage
	if err := json.Unmarshal(data, &e); err != nil || len(e) < 2 {
		return history.Entry{}, false, ended(data)
	}
	var name string
	if err := json.Unmarshal(e[0], &name); err != nil {
		return history.Entry{}, false, err
	}
	if name == "connect" || name == "ack" {
		return history.Entry{}, false, nil
	}
	return at.native(fmt.Appendf(nil, `{"type":%q,%s`, name, strings.TrimPrefix(string(e[1]), "{")))
}

// spoken is a frame of the dialects of other systems' clients.
type spoken struct {
	Type, ID, UserID, SenderID, Content, Text, Position string
	Message                                             json.RawMessage
	Sequence                                            uint64
	Deleted                                             bool
}

func readDialect(_ context.Context, _ plain.Line, data []byte, at *place) (history.Entry, bool, error) {
	var f spoken
	if err := json.Unmarshal(data, &f); err != nil {
		return history.Entry{}, false, err
	}
	if f.Position != "" {
		at.position = f.Position
	}
	switch f.Type {
	case "error":
		return history.Entry{}, false, ended(data)
	case "message":
		return f.entry()
	}
	return history.Entry{}, false, nil
}

func (f *spoken) entry() (history.Entry, bool, error) {
	e := history.Entry{Kind: chat.KindMessage, ID: f.ID, Sender: f.UserID + f.SenderID, Text: f.Content}
	var inner spoken
	switch {
	case f.Message == nil:
	case json.Unmarshal(f.Message, &e.Text) == nil:
	case json.Unmarshal(f.Message, &inner) == nil:
		e.ID, e.Sender, e.Text, e.Deleted = inner.ID, inner.SenderID, inner.Text, inner.Deleted
	default:
		return e, false, ended(f.Message)
	}
	return e, true, nil
}

// readIO joins the room unless the client goes on in it. The last argument of
// an event says how far the client has come.
func readIO(ctx context.Context, line plain.Line, data []byte, at *place) (history.Entry, bool, error) {
	var e []json.RawMessage
	var name string
	if err := json.Unmarshal(data, &e); err != nil || len(e) < 2 || json.Unmarshal(e[0], &name) != nil {
		return history.Entry{}, false, ended(data)
	}
	switch name {
	case "connect":
		return history.Entry{}, false, at.connected(ctx, line, e[1])
	case "ack":
		at.joined = true
		return history.Entry{}, false, nil
	case "error":
		return history.Entry{}, false, ended(data)
	}
	var offset string
	if json.Unmarshal(e[len(e)-1], &offset) == nil {
		at.offset = offset
	}
	if name != "message" {
		return history.Entry{}, false, nil
	}
	var m struct{ ID, User, Text string }
	if err := json.Unmarshal(e[1], &m); err != nil {
		return history.Entry{}, false, err
	}
	return history.Entry{Kind: chat.KindMessage, ID: m.ID, Sender: m.User, Text: m.Text}, true, nil
}

func (at *place) connected(ctx context.Context, line plain.Line, data []byte) error {
	var c struct{ PID string }
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	recovered := c.PID == at.pid
	at.pid = c.PID
	switch {
	case recovered && at.joined:
		return nil
	case at.joined:
		return fmt.Errorf("it is not who it was: %s", data)
	}
	_ = line.Send(ctx, fmt.Sprintf(`["join-room",%q]`, at.channel)) // a line that has broken says so itself
	return nil
}
