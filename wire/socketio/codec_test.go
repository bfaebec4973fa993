package socketio_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

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

func commands(list []chat.Request) []chat.Command {
	var all []chat.Command
	for _, r := range list {
		all = append(all, r.Command)
	}
	return all
}

func at() time.Time           { return time.UnixMilli(1769860801000) }
func general() chat.ChannelID { return chat.ChannelID{Project: "default", Name: "general"} }

func message(body string) *chat.Event {
	return &chat.Event{Channel: general(), Seq: 3, Kind: chat.KindMessage, At: at(), Sender: "ada", ID: "m1", Body: []byte(body)}
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
