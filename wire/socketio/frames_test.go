package socketio_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/native"
	"github.com/parley-chat/parley/wire/socketio"
)

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

// A list has an answer for each of its messages, and a callback is called once.
func TestFrames_AListIsAnsweredByEvents(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Frames("/parley", native.Dialect()))
	const list = `["publish",{"channelId":"general","messages":[{"nonce":"n1","text":"one"},{"nonce":"n2","text":"two"}]}]`
	if code := c.say(text(`2/parley,7` + list)); code != chat.CodeInvalid {
		t.Errorf("with a callback: %q", code)
	}
	if code := c.say(text(`2/parley,` + list)); code != "" || len(c.asked) != 2 {
		t.Fatalf("%d requests, %q", len(c.asked), code)
	}
	for i, want := range []string{
		`2/parley,["error",{"nonce":"n1","channelId":"general","code":"forbidden","message":"no","retry":false}]`,
		`2/parley,["error",{"nonce":"n2","channelId":"general","code":"forbidden","message":"no","retry":false}]`,
	} {
		r := c.asked[i]
		if got := c.tell(&chat.Delivery{Reply: &chat.Reply{Ref: r.Ref, Command: r.Command, Err: chat.E(chat.CodeForbidden, "no")}}); got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	}
	if code := c.say(text(`2/parley,7["publish",{"channelId":"general","messages":[{"nonce":"n1","text":"one"}]}]`)); code != "" || len(c.asked) != 1 {
		t.Errorf("a list of one, with a callback: %q", code)
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
