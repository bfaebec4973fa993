package socketio_test

import (
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/socketio"
)

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
