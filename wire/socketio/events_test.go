package socketio_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/socketio"
)

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
