package socketio_test

import (
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/socketio"
)

// telling is what deliveries become, by what they are.
type telling map[string]struct {
	d    *chat.Delivery
	want string
}

func (rows telling) run(c *client) {
	c.t.Helper()
	for name, row := range rows {
		if got := c.tell(row.d); got != row.want {
			c.t.Errorf("%s:\ngot  %s\nwant %s", name, got, row.want)
		}
	}
}

// byAda is how an event ends that ada sent by another door.
const byAda = `,"userId":"ada","user":"ada","timestamp":1769860801000`

// own is the meta of a message by this socket, and how its event ends.
func (c *client) own() (meta, tail string) {
	return `{"socketio":{"sid":"` + c.sid + `"}}`, `,"userId":"` + c.sid + `","user":"ada","timestamp":1769860801000,"id":"m1"}]`
}

// posted is a message.
func posted(body, meta string) *chat.Delivery {
	e := message(body)
	if meta != "" {
		e.Meta = []byte(meta)
	}
	return &chat.Delivery{Event: e}
}

func TestC8_MessagesBecomeEvents(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	mine, tail := c.own()
	foreign := `{"socketio":{"sid":"` + socketio.NewID("bob") + `"}}`
	telling{
		"an object":        {posted(`{"text":"hi", "x":{"y":[1]}}`, mine), `2["message",{"text":"hi","x":{"y":[1]}` + tail},
		"a text":           {posted(`"hi"`, mine), `2["message",{"text":"hi"` + tail},
		"a number":         {posted(`1.50`, mine), `2["message",{"text":"1.50","data":1.50` + tail},
		"an array":         {posted(`[1, "a"]`, mine), `2["message",{"text":"[1,\"a\"]","data":[1, "a"]` + tail},
		"nothing":          {posted(`{}`, mine), `2["message",{"userId"` + strings.TrimPrefix(tail, `,"userId"`)},
		"another's socket": {posted(`{"text":"hi"}`, foreign), `2["message",{"text":"hi"` + byAda + `,"id":"m1"}]`},
		"another door's object": {
			posted(`{"a":1}`, ""), `2["message",{"a":1,"text":"{\"a\":1}"` + byAda + `,"id":"m1"}]`,
		},
		"a file": {
			posted(`{"type":"file","url":"/files/1","fileName":"a.txt"}`, ""),
			`2["message",{"type":"file","url":"/files/1","fileName":"a.txt","text":"a.txt /files/1"` + byAda + `,"id":"m1"}]`,
		},
		"what the server answers for": {
			posted(`{"userId":"bob","user":"bob","timestamp":5,"messageId":"z","id":"mine","text":"hi"}`, mine),
			`2["message",{"id":"mine","text":"hi"` + strings.Replace(tail, `"id"`, `"messageId"`, 1),
		},
	}.run(c)
}

func TestC8_BinaryOfMessagesBecomesAttachments(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	mine, tail := c.own()
	telling{
		"binary": {
			posted(`{"text":"hi","a":{"_binary":"AQID"},"b":[{"_binary":""}]}`, mine),
			`52-["message",{"text":"hi","a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}]` + tail + ` 010203 `,
		},
		"binary alone": {posted(`{"_binary":"AQID"}`, mine), `51-["message",{"data":{"_placeholder":true,"num":0}` + tail + ` 010203`},
		"what only looks like binary": {
			posted(`{"a":{"_binary":"?"},"b":{"_binary":1},"c":{"_binary":"AQID","d":1}}`, mine),
			`2["message",{"a":{"_binary":"?"},"b":{"_binary":1},"c":{"_binary":"AQID","d":1}` + tail,
		},
		"a place that nobody has an attachment for": {
			posted(`{"a":{"_binary":"AQID"},"b":{"\u005fplaceholder":true,"num":9}}`, mine),
			`2["message",{"a":{"_binary":"AQID"},"b":{"\u005fplaceholder":true,"num":9}` + tail,
		},
	}.run(c)
}

func TestC8_ChangesOfMessagesBecomeEvents(t *testing.T) {
	t.Parallel()
	event := func(change func(*chat.Event)) *chat.Delivery {
		e := message(`"x"`)
		change(e)
		return &chat.Delivery{Event: e}
	}
	telling{
		"a tombstone": {event(func(e *chat.Event) { e.Body, e.DeletedAt = nil, at() }), ``},
		"an edit":     {event(func(e *chat.Event) { e.Kind = chat.KindEdit }), `2["edited",{"id":"m1","text":"x"` + byAda + `}]`},
		"a delete":    {event(func(e *chat.Event) { e.Kind = chat.KindDelete }), `2["deleted",{"id":"m1"` + byAda + `}]`},
		"an end":      {event(func(e *chat.Event) { e.Kind, e.Sender = chat.KindDelete, "" }), `2["deleted",{"id":"m1","timestamp":1769860801000}]`},
		"a reaction":  {event(func(e *chat.Event) { e.Kind = chat.KindReaction }), ``},
	}.run(come(t, socketio.Events()))
}

func TestC8_SignalsBecomeEvents(t *testing.T) {
	t.Parallel()
	signal := func(s chat.Signal) *chat.Delivery {
		s.At, s.Channel = at(), general()
		return &chat.Delivery{Signal: &s}
	}
	telling{
		"typing": {
			signal(chat.Signal{Kind: chat.SignalTyping, User: "bob", Device: "sock", Typing: true}),
			`2["user-typing",{"userId":"sock","user":"bob","timestamp":1769860801000,"isTyping":true}]`,
		},
		"typing elsewhere": {
			signal(chat.Signal{Kind: chat.SignalTyping, User: "bob"}),
			`2["user-typing",{"userId":"bob","user":"bob","timestamp":1769860801000,"isTyping":false}]`,
		},
		"presence": {
			signal(chat.Signal{
				Kind: chat.SignalPresence, Joined: []chat.Presence{{User: "bob"}, {User: "cy", Device: "sock"}},
				Left: []chat.Presence{{User: "di", Device: "other"}},
			}),
			`2["user-joined",{"userId":"bob","user":"bob","timestamp":1769860801000,"room":"general"}] ` +
				`2["user-left",{"userId":"other","user":"di","timestamp":1769860801000,"room":"general"}]`,
		},
		"a socket that joined": {
			signal(chat.Signal{Kind: chat.SignalCustom, Name: "user-joined", Dialect: "socketio", User: "bob", Device: "sock"}),
			`2["user-joined",{"userId":"sock","user":"bob","timestamp":1769860801000,"room":"general"}]`,
		},
		"who only says so": {
			signal(chat.Signal{Kind: chat.SignalCustom, Name: "user-joined", Dialect: "native", User: "bob", Data: []byte(`{"userId":"ada"}`)}),
			`2["signal",{"event":"user-joined","data":{"userId":"ada"},"userId":"bob","user":"bob","timestamp":1769860801000,"room":"general"}]`,
		},
		"a receipt": {signal(chat.Signal{Kind: chat.SignalRead, User: "bob"}), ``},
	}.run(come(t, socketio.Events()))
}

func TestC8_NoticesBecomeErrorsOrNothing(t *testing.T) {
	t.Parallel()
	telling{
		"a ban": {
			&chat.Delivery{Notice: &chat.Dropped{Channel: "general", Err: chat.E(chat.CodeBanned, "banned")}},
			`2["error",{"code":"banned","message":"banned","room":"general"}]`,
		},
		"a level": {&chat.Delivery{Notice: &chat.Level{Channel: "general"}}, ``},
		"going":   {&chat.Delivery{Notice: &chat.GoingAway{}}, ``},
		"the token": {
			&chat.Delivery{Notice: &chat.Expiring{Err: chat.E(chat.CodeTokenExpired, "over")}},
			`2["error",{"code":"token_expired","message":"over"}]`,
		},
	}.run(come(t, socketio.Events()))
}
