package socketio_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/native"
	"github.com/parley-chat/parley/wire/socketio"
)

// client is a codec as its session and its peer see it.
type client struct {
	t      *testing.T
	codec  *socketio.Codec
	reader socketio.Reader
	asked  []chat.Request
	sid    string
}

// come is a client of user ada's that was let in.
func come(t *testing.T, d *socketio.Dialect) *client {
	t.Helper()
	c := &client{t: t, sid: socketio.NewID("ada")}
	o := &socketio.Opening{Session: "s", Device: c.sid}
	c.codec = d.New(o)
	if got, want := c.reply(chat.Reply{Ref: o.Request().Ref}), `0`+namespace(d)+`{"sid":"`+c.sid+`"}`; got != want {
		t.Fatalf("let in by %s, want %s", got, want)
	}
	return c
}

func namespace(d *socketio.Dialect) string {
	if d.Namespace == "/" {
		return ""
	}
	return d.Namespace + ","
}

// say gives the codec messages of one packet, and returns the code of its error.
func (c *client) say(messages ...wire.Message) chat.Code {
	c.t.Helper()
	c.asked = nil
	for _, m := range messages {
		p, err := c.reader.Read(m)
		if err == nil && p != nil {
			err = c.codec.Decode(p, func(r chat.Request) { c.asked = append(c.asked, r) })
		}
		if err != nil {
			if len(c.asked) > 0 {
				c.t.Errorf("%q was refused, and asked for %+v", m.Data, c.asked)
			}
			return chat.CodeOf(err)
		}
	}
	return ""
}

// tell is what a delivery becomes, messages by spaces, binary ones in hex.
func (c *client) tell(d *chat.Delivery) string {
	var out []string
	c.codec.Encode(d, func(m wire.Message) {
		if m.Binary {
			out = append(out, fmt.Sprintf("%x", m.Data))
			return
		}
		out = append(out, string(m.Data))
		at := strings.IndexAny(string(m.Data), "[{")
		if !json.Valid(m.Data[at:]) {
			c.t.Errorf("%s is no JSON", m.Data[at:])
		}
	})
	return strings.Join(out, " ")
}

// reply answers the last request.
func (c *client) reply(r chat.Reply) string {
	if r.Ref == nil && len(c.asked) > 0 {
		r.Ref, r.Command = c.asked[0].Ref, c.asked[0].Command
	}
	return c.tell(&chat.Delivery{Reply: &r})
}

func at() time.Time { return time.UnixMilli(1769860801000) }

func general() chat.ChannelID { return chat.ChannelID{Project: "default", Name: "general"} }

func message(body string) *chat.Event {
	return &chat.Event{Channel: general(), Seq: 3, Kind: chat.KindMessage, At: at(), Sender: "ada", ID: "m1", Body: []byte(body)}
}

func TestC8_EventsBecomeCommands(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	meta := `{"socketio":{"sid":"` + c.sid + `"}}`
	for _, row := range []struct {
		say  string
		want chat.Command
	}{
		{`2["join-room","general"]`, chat.Subscribe{Channel: "general", Presence: true}},
		{`2["join-room","general"]`, chat.Ping{}},
		{`20["join-room","hall"]`, chat.Subscribe{Channel: "hall", Presence: true}},
		{`2["message",{"text":"hi", "x":[1]},"more"]`, chat.Post{Channel: "general", Body: []byte(`{"text":"hi", "x":[1]}`), Meta: []byte(meta)}},
		{`2["message","hi\u0021"]`, chat.Post{Channel: "general", Body: []byte(`"hi\u0021"`), Meta: []byte(meta)}},
		{`2["typing",true]`, chat.Typing{Channel: "general", On: true}},
		{`2["typing",false]`, chat.Typing{Channel: "general"}},
		{`2["leave-room","general"]`, chat.Unsubscribe{Channel: "general"}},
		{`2["typing",true]`, chat.Typing{Channel: "hall", On: true}},
		{`2["join-room","general"]`, chat.Subscribe{Channel: "general", Presence: true}},
		{`2["message",null]`, chat.Post{Channel: "hall", Body: []byte(`null`), Meta: []byte(meta)}},
		{`2["leave-room"]`, chat.Unsubscribe{Channel: "hall"}},
		{`2["message",1]`, chat.Post{Channel: "general", Body: []byte(`1`), Meta: []byte(meta)}},
	} {
		if code := c.say(text(row.say)); code != "" {
			t.Fatalf("%s: %s", row.say, code)
		}
		if diff := cmp.Diff([]chat.Command{row.want}, commands(c.asked)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.say, diff)
		}
	}
}

func commands(list []chat.Request) []chat.Command {
	var all []chat.Command
	for _, r := range list {
		all = append(all, r.Command)
	}
	return all
}

func TestC8_HostileEventsAreErrors(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
	for _, row := range []struct {
		code chat.Code
		say  string
	}{
		{chat.CodeMalformed, `[]`},
		{chat.CodeMalformed, `[1]`},
		{chat.CodeMalformed, `[null]`},
		{chat.CodeMalformed, `["message",`},
		{chat.CodeMalformed, `["message",{"a":1,"a":2}]`},
		{chat.CodeMalformed, `["message","` + "\xff" + `"]`},
		{chat.CodeMalformed, `["message","\ud800"]`},
		{chat.CodeMalformed, `["message",` + deep + `]`},
		{chat.CodeMalformed, `["message",1] x`},
		{chat.CodeInvalid, `["connect"]`},
		{chat.CodeInvalid, `["disconnecting","x"]`},
		{chat.CodeInvalid, `["newListener"]`},
		{chat.CodeUnknownType, `["__proto__"]`},
		{chat.CodeUnknownType, `["constructor",1]`},
		{chat.CodeUnknownType, `["user-joined",{}]`},
		{chat.CodeUnknownType, `[""]`},
		{chat.CodeInvalid, `["message"]`},
		{chat.CodeInvalid, `["message",{"__proto__":{"admin":true}}]`},
		{chat.CodeInvalid, `["message",{"a":[{"\u005f_proto__":1}]}]`},
		{chat.CodeInvalid, `["join-room"]`},
		{chat.CodeInvalid, `["join-room",5]`},
		{chat.CodeInvalid, `["join-room",""]`},
		{chat.CodeInvalid, `["join-room",{"toString":1}]`},
		{chat.CodeInvalid, `["leave-room",null]`},
		{chat.CodeInvalid, `["typing"]`},
		{chat.CodeInvalid, `["typing","true"]`},
	} {
		c := come(t, socketio.Events())
		c.say(text(`2["join-room","general"]`))
		if code := c.say(text(`2` + row.say)); code != row.code {
			t.Errorf("%.60s: %q, want %q", row.say, code, row.code)
		}
		if code := c.say(text(`2["typing",true]`)); code != "" {
			t.Errorf("after %.60s: %s", row.say, code)
		}
	}
	c := come(t, socketio.Events())
	for _, say := range []string{`2["message","x"]`, `2["typing",true]`, `2["leave-room"]`} {
		if code := c.say(text(say)); code != chat.CodeNotSubscribed {
			t.Errorf("%s in no room: %q", say, code)
		}
	}
}

func TestC8_EveryCallIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	limited := chat.E(chat.CodeRateLimited, "slow down")
	limited.RetryAfter = time.Second
	for _, row := range []struct {
		say   string
		reply chat.Reply
		want  string
	}{
		{`27["join-room","general"]`, chat.Reply{Subscribed: &chat.Subscribed{Channel: "general"}}, `37[{"ok":true}]`},
		{`2["join-room","general"]`, chat.Reply{Subscribed: &chat.Subscribed{Channel: "general"}}, ``},
		{`20["message","x"]`, chat.Reply{Committed: &chat.Committed{Event: message(`"x"`)}}, `30[{"id":"m1","seq":3}]`},
		{`2["message","x"]`, chat.Reply{Committed: &chat.Committed{Event: message(`"x"`)}}, ``},
		{`28["typing",true]`, chat.Reply{}, `38[{"ok":true}]`},
		{`28["message","x"]`, chat.Reply{Err: limited}, `38[{"error":"slow down","code":"rate_limited","retryAfter":1000}]`},
		{`2["message","x"]`, chat.Reply{Err: limited}, `2["error",{"code":"rate_limited","message":"slow down","retryAfter":1000}]`},
	} {
		c := come(t, socketio.Events())
		c.say(text(`2["join-room","lobby"]`))
		c.say(text(row.say))
		if got := c.reply(row.reply); got != row.want {
			t.Errorf("%s: answered %s, want %s", row.say, got, row.want)
		}
	}
}

func TestC8_WhatCannotBeReadIsAnsweredWhereItAsksFor(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	for say, want := range map[string]string{
		`25["typing",1]`: `35[{"error":"typing is true or false","code":"invalid"}]`,
		`2["typing",1]`:  `2["error",{"code":"invalid","message":"typing is true or false"}]`,
	} {
		p, err := c.reader.Read(text(say))
		if err != nil {
			t.Fatal(err)
		}
		err = c.codec.Decode(p, func(chat.Request) {})
		if got := c.tell(&chat.Delivery{Reply: &chat.Reply{Err: chat.AsError(err)}}); got != want {
			t.Errorf("%s: answered %s, want %s", say, got, want)
		}
	}
}

// A room whose join is refused is none that messages go to.
func TestC8_ARefusedJoinIsNoRoom(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	c.say(text(`2["join-room","secret"]`))
	c.reply(chat.Reply{Err: chat.E(chat.CodeForbidden, "no")})
	if code := c.say(text(`2["message","x"]`)); code != chat.CodeNotSubscribed {
		t.Errorf("a message went on: %q", code)
	}
}

func TestC8_DeliveriesBecomeEvents(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	meta := []byte(`{"socketio":{"sid":"` + c.sid + `"}}`)
	foreign := []byte(`{"socketio":{"sid":"` + socketio.NewID("bob") + `"}}`)
	tail := `,"userId":"` + c.sid + `","user":"ada","timestamp":1769860801000,"id":"m1"}]`
	user := `,"userId":"ada","user":"ada","timestamp":1769860801000`
	with := func(e *chat.Event, meta []byte) *chat.Delivery { e.Meta = meta; return &chat.Delivery{Event: e} }
	event := func(change func(*chat.Event)) *chat.Delivery {
		e := message(`"x"`)
		change(e)
		return &chat.Delivery{Event: e}
	}
	signal := func(s chat.Signal) *chat.Delivery {
		s.At, s.Channel = at(), general()
		return &chat.Delivery{Signal: &s}
	}
	for name, row := range map[string]struct {
		d    *chat.Delivery
		want string
	}{
		"an object": {with(message(`{"text":"hi", "x":{"y":[1]}}`), meta), `2["message",{"text":"hi","x":{"y":[1]}` + tail},
		"a text":    {with(message(`"hi"`), meta), `2["message",{"text":"hi"` + tail},
		"a number":  {with(message(`1.50`), meta), `2["message",{"text":"1.50","data":1.50` + tail},
		"an array":  {with(message(`[1, "a"]`), meta), `2["message",{"text":"[1,\"a\"]","data":[1, "a"]` + tail},
		"nothing":   {with(message(`{}`), meta), `2["message",{"userId"` + strings.TrimPrefix(tail, `,"userId"`)},
		"another's socket": {
			with(message(`{"text":"hi"}`), foreign), `2["message",{"text":"hi"` + user + `,"id":"m1"}]`,
		},
		"another door's object": {
			with(message(`{"a":1}`), nil), `2["message",{"a":1,"text":"{\"a\":1}"` + user + `,"id":"m1"}]`,
		},
		"a file": {
			with(message(`{"type":"file","url":"/files/1","fileName":"a.txt"}`), nil),
			`2["message",{"type":"file","url":"/files/1","fileName":"a.txt","text":"a.txt /files/1"` + user + `,"id":"m1"}]`,
		},
		"what the server answers for": {
			with(message(`{"userId":"bob","user":"bob","timestamp":5,"messageId":"z","id":"mine","text":"hi"}`), meta),
			`2["message",{"id":"mine","text":"hi"` + strings.Replace(tail, `"id"`, `"messageId"`, 1),
		},
		"binary": {
			with(message(`{"text":"hi","a":{"_binary":"AQID"},"b":[{"_binary":""}]}`), meta),
			`52-["message",{"text":"hi","a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}]` + tail + ` 010203 `,
		},
		"binary alone": {with(message(`{"_binary":"AQID"}`), meta), `51-["message",{"data":{"_placeholder":true,"num":0}` + tail + ` 010203`},
		"what only looks like binary": {
			with(message(`{"a":{"_binary":"?"},"b":{"_binary":1},"c":{"_binary":"AQID","d":1}}`), meta),
			`2["message",{"a":{"_binary":"?"},"b":{"_binary":1},"c":{"_binary":"AQID","d":1}` + tail,
		},
		"a place that nobody has an attachment for": {
			with(message(`{"a":{"_binary":"AQID"},"b":{"\u005fplaceholder":true,"num":9}}`), meta),
			`2["message",{"a":{"_binary":"AQID"},"b":{"\u005fplaceholder":true,"num":9}` + tail,
		},
		"a tombstone": {event(func(e *chat.Event) { e.Body, e.DeletedAt = nil, at() }), ``},
		"an edit":     {event(func(e *chat.Event) { e.Kind = chat.KindEdit }), `2["edited",{"id":"m1","text":"x"` + user + `}]`},
		"a delete":    {event(func(e *chat.Event) { e.Kind = chat.KindDelete }), `2["deleted",{"id":"m1"` + user + `}]`},
		"an end":      {event(func(e *chat.Event) { e.Kind, e.Sender = chat.KindDelete, "" }), `2["deleted",{"id":"m1","timestamp":1769860801000}]`},
		"a reaction":  {event(func(e *chat.Event) { e.Kind = chat.KindReaction }), ``},
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
		"a ban": {
			&chat.Delivery{Notice: &chat.Dropped{Channel: "general", Err: chat.E(chat.CodeBanned, "banned")}},
			`2["error",{"code":"banned","message":"banned","room":"general"}]`,
		},
		"a level":   {&chat.Delivery{Notice: &chat.Level{Channel: "general"}}, ``},
		"going":     {&chat.Delivery{Notice: &chat.GoingAway{}}, ``},
		"the token": {&chat.Delivery{Notice: &chat.Expiring{Err: chat.E(chat.CodeTokenExpired, "over")}}, `2["error",{"code":"token_expired","message":"over"}]`},
	} {
		if got := c.tell(row.d); got != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, row.want)
		}
	}
}

// More than clients take would cut them off; so they get it as text.
func TestC8_TooManyAttachmentsStayText(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	body := `{"a":[` + strings.TrimSuffix(strings.Repeat(`{"_binary":"AQID"},`, socketio.MaxAttachments+1), ",") + `]}`
	if got := c.tell(&chat.Delivery{Event: message(body)}); !strings.HasPrefix(got, `2["message",{"a":[{"_binary":"AQID"}`) {
		t.Errorf("told %s", got)
	}
}

func TestC8_AttachmentsAreKeptInTheMessage(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	c.say(text(`2["join-room","general"]`))
	place := func(n int) string { return fmt.Sprintf(`{"_placeholder":true,"num":%d}`, n) }
	if code := c.say(text(`52-["message",{"text":"hi","b":`+place(1)+`,"a":[`+place(0)+`]}]`), binary(1, 2, 3), binary(0xff)); code != "" {
		t.Fatal(code)
	}
	want := `{"text":"hi","b":{"_binary":"/w=="},"a":[{"_binary":"AQID"}]}`
	if got := string(c.asked[0].Command.(chat.Post).Body); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	for _, args := range []string{
		`1`, place(0), `[` + place(0) + `,` + place(0) + `]`, `[` + place(0) + `,` + place(2) + `]`,
		`[` + place(0) + `,{"_placeholder":true,"num":-1}]`, `[` + place(0) + `,{"_placeholder":true}]`,
		`[` + place(0) + `,{"_placeholder":true,"num":"1"}]`, `[` + place(0) + `,{"_placeholder":true,"num":1,"x":1}]`,
		`[` + place(0) + `,{"_placeholder":1,"num":1}]`,
	} {
		if code := c.say(text(`52-["message",`+args+`]`), binary(1), binary(2)); code != chat.CodeInvalid {
			t.Errorf("%s: %q", args, code)
		}
	}
}

func TestID_IsOfItsUserAlone(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		id := socketio.NewID("ada")
		if seen[id] || len(id) < 26 {
			t.Fatalf("the id %s", id)
		}
		seen[id] = true
	}
}

func TestFrames_EventsAreFrames(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Frames("/parley", native.Dialect()))
	if code := c.say(text(`2/parley,5["publish",{"channelId":"general","text":"hi","type":"delete","ref":9}]`)); code != "" {
		t.Fatal(code)
	}
	if diff := cmp.Diff([]chat.Command{chat.Post{Channel: "general", Body: []byte(`"hi"`)}}, commands(c.asked)); diff != "" {
		t.Error(diff)
	}
	want := `3/parley,5[{"type":"ack","id":"m1","channelId":"general","seq":3,"sequence":0,"createdAt":"2026-01-31T12:00:01.000Z"}]`
	if got := c.reply(chat.Reply{Committed: &chat.Committed{Event: message(`"hi"`)}}); got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
	want = `3/parley,5[{"type":"error","channelId":"general","code":"forbidden","message":"no","retry":false}]`
	if got := c.reply(chat.Reply{Err: chat.E(chat.CodeForbidden, "no")}); got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
	c.say(text(`2/parley,["ping"]`))
	if got, want := c.reply(chat.Reply{}), `2/parley,["pong",{}]`; got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
	c.say(text(`2/parley,6["typing",{"channelId":"general","typing":true}]`))
	if got, want := c.reply(chat.Reply{}), `3/parley,6[{"type":"ok"}]`; got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
	c.say(text(`2/parley,["authenticate",{"token":"t"}]`))
	if diff := cmp.Diff([]chat.Command{chat.Authenticate{Token: "t"}}, commands(c.asked)); diff != "" {
		t.Error(diff)
	}
	got := c.tell(&chat.Delivery{Event: message(`"hi"`)})
	if !strings.HasPrefix(got, `2/parley,["message",{"id":"m1","channelId":"general",`) {
		t.Errorf("told %s", got)
	}
	for say, code := range map[string]chat.Code{
		`["publish",5]`: chat.CodeInvalid, `["publish",{"channelId":1}]`: chat.CodeInvalid, `["dance",{}]`: chat.CodeUnknownType,
		`["connect",{}]`: chat.CodeInvalid, `["a\"b",{}]`: chat.CodeUnknownType,
	} {
		if got := c.say(text(`2/parley,` + say)); got != code {
			t.Errorf("%s: %q, want %q", say, got, code)
		}
	}
}

func TestFrames_DeliveriesAreAcknowledgedIfAsked(t *testing.T) {
	t.Parallel()
	d := socketio.Frames("/parley", native.Dialect())
	c := come(t, d)
	c.say(text(`2/parley,1["subscribe",{"channelId":"general","acks":true}]`))
	c.reply(chat.Reply{Subscribed: &chat.Subscribed{Channel: "general"}})
	if c.codec.Shared(&chat.Delivery{Event: message(`"x"`)}) {
		t.Error("what wants an acknowledgement is shared")
	}
	for i := range 2 {
		if got := c.tell(&chat.Delivery{Event: message(`"x"`)}); !strings.HasPrefix(got, fmt.Sprintf(`2/parley,%d["message",`, i)) {
			t.Errorf("told %s", got)
		}
	}
	c.say(text(`3/parley,1[]`))
	if diff := cmp.Diff([]chat.Command{chat.Delivered{Channel: "general", Seq: 3}}, commands(c.asked)); diff != "" {
		t.Error(diff)
	}
	if got := c.reply(chat.Reply{}); got != "" {
		t.Errorf("told %s", got)
	}
	for _, id := range []string{"1", "77"} {
		if c.say(text(`3/parley,` + id + `[]`)); c.asked != nil {
			t.Errorf("acknowledged %s again: %+v", id, c.asked)
		}
	}
}

func TestRecovery_OffersPlacesOfItsTicket(t *testing.T) {
	t.Parallel()
	o := &socketio.Opening{Device: socketio.NewID("ada"), Recover: true, Ticket: "new", From: &chat.Recovery{Ticket: "old", Epoch: "e", Seqs: []uint64{5}}}
	first := o.Request()
	if diff := cmp.Diff(chat.Keep{Ticket: "new", Device: o.Device, Recovery: o.From}, first.Command); diff != "" {
		t.Fatal(diff)
	}
	c := &client{t: t, codec: socketio.Events().New(o)}
	old := &chat.Ticket{ID: "old", Device: "before", Channels: []string{"general", "hall", ""}}
	if got, want := c.reply(chat.Reply{Ref: first.Ref, Ticket: old, Recovered: true}), `0{"sid":"before","pid":"old"}`; got != want {
		t.Errorf("let in by %s, want %s", got, want)
	}
	if code := c.say(text(`2["typing",true]`)); code != "" || c.asked[0].Command.(chat.Typing).Channel != "general" {
		t.Errorf("it is not where it was: %s, %+v", code, c.asked)
	}
	from := func(channel string, place int, seq uint64) *chat.Subscribed {
		return &chat.Subscribed{Channel: channel, Place: place, From: chat.Position{Epoch: "e", Seq: seq}}
	}
	c.asked = nil
	c.reply(chat.Reply{Subscribed: from("general", 0, 5)})
	c.reply(chat.Reply{Subscribed: from("hall", 1, 0)})
	e := message(`"x"`)
	e.Seq = 6
	if got := c.tell(&chat.Delivery{Event: e}); !strings.HasSuffix(got, `,"id":"m1"},"e:6,0,0"]`) {
		t.Errorf("told %s", got)
	}
	c.say(text(`27["join-room","attic"]`))
	if got, want := c.reply(chat.Reply{Subscribed: from("attic", 3, 9)}), `2["offset","e:6,0,0,9"] 37[{"ok":true}]`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	c.say(text(`2["leave-room","general"]`))
	c.reply(chat.Reply{})
	e.Seq = 7
	if got := c.tell(&chat.Delivery{Event: e}); !strings.HasSuffix(got, `"e:6,0,0,9"]`) {
		t.Errorf("told %s", got)
	}
	if c.codec.Shared(&chat.Delivery{Event: e}) {
		t.Error("an event with an offset is shared")
	}
}

func TestOpening_IsRefusedWithWhatProgramsCompare(t *testing.T) {
	t.Parallel()
	c := &client{t: t}
	o := &socketio.Opening{Device: "d"}
	c.codec = socketio.Events().New(o)
	want := `4{"message":"Authentication error","data":{"code":"foreign_sender","message":"not you"}}`
	if got := c.reply(chat.Reply{Ref: o.Request().Ref, Err: chat.E(chat.CodeForeignSender, "not you")}); got != want || !c.codec.Refused() {
		t.Errorf("told %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`["join-room","general"]`, `["message",{"text":"x","a":{"_placeholder":true,"num":0}}]`, `["typing",true]`,
		`["leave-room"]`, `["publish",{"channelId":"general","text":"x"}]`, `["subscribe",{"channelId":"a","acks":true}]`, `["__proto__",{"__proto__":1}]`,
	} {
		f.Add(s, []byte{1}, true)
	}
	dialects := []*socketio.Dialect{socketio.Events(), socketio.Frames("/parley", native.Dialect())}
	f.Fuzz(func(t *testing.T, data string, attachment []byte, attached bool) {
		for _, d := range dialects {
			c := come(t, d)
			p := &socketio.Packet{Type: socketio.Event, Namespace: d.Namespace, Wanted: true, ID: 4, Data: []byte(data)}
			if attached {
				p.Attachments = [][]byte{append([]byte{}, attachment...)}
			}
			var asked []chat.Request
			err := c.codec.Decode(p, func(r chat.Request) { asked = append(asked, r) })
			if code := chat.CodeOf(err); code == chat.CodeInternal {
				t.Errorf("%q: %v", data, err)
			}
			if err != nil {
				asked = append(asked, chat.Request{})
			}
			for _, r := range asked {
				fault := chat.E(chat.CodeForbidden, "no")
				if err != nil {
					fault = chat.AsError(err)
				}
				answer := c.tell(&chat.Delivery{Reply: &chat.Reply{Ref: r.Ref, Command: r.Command, Err: fault}})
				if !strings.HasPrefix(answer, "3"+namespace(d)+"4[{") {
					t.Errorf("%q: answered %s", data, answer)
				}
				if post, ok := r.Command.(chat.Post); ok {
					c.tell(&chat.Delivery{Event: message(string(post.Body))})
				}
			}
		}
	})
}
