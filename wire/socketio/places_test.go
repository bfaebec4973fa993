package socketio_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/socketio"
)

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
