package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/conversations"
	"github.com/parley-chat/parley/wire/rooms"
	"github.com/parley-chat/parley/wire/threads"
	"github.com/parley-chat/parley/wire/wiretest"
)

func bare() wire.Dialect {
	threads := threads.Dialect()
	return wire.ByFirstFrame("bare", map[string]wire.Dialect{
		"join":           rooms.Dialect(rooms.Options{}),
		"subscribe":      conversations.Dialect(),
		"user_connected": threads,
		"join_thread":    threads,
		"send_message":   threads,
		"call_initiated": threads,
	})
}

func TestByFirstFrame(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, bare(), "testdata/*.txt")
}

func FuzzByFirstFrame(f *testing.F) { wiretest.Fuzz(f, bare(), "testdata/*.txt") }

// Connections of one door may have chosen differently: what they share goes by
// what they chose, with all who speak the same.
func TestByFirstFrame_SpeaksAndSharesWhatWasChosen(t *testing.T) {
	t.Parallel()
	event := &chat.Delivery{Event: &chat.Event{Kind: chat.KindMessage, Sender: "bob", Body: []byte(`"x"`)}}
	begun := &chat.Delivery{Reply: &chat.Reply{Subscribed: &chat.Subscribed{Channel: "c", From: chat.Position{Epoch: "k3v9"}}}}
	for first, want := range map[string]chat.Speech{
		`{"type":"join","userId":"ada"}`:            {Dialect: "rooms"},
		`{"type":"subscribe","conversationId":"c"}`: {Dialect: "conversations", Directs: true},
		`{"type":"user_connected","userId":"ada"}`:  {Dialect: "threads", Directs: true},
	} {
		c := bare().New("session")
		speech := c.(wire.Speaker).Speech
		shared := []bool{c.Shared(event)}
		if got := speech(); got != (chat.Speech{Dialect: "bare"}) {
			t.Errorf("undecided, it speaks %+v", got)
		}
		asked := chat.Speech{}
		if err := c.Decode([]byte(first), func(chat.Request) { asked = speech() }); err != nil {
			t.Fatal(err)
		}
		if asked != want || speech() != want {
			t.Errorf("after %s it speaks %+v, and while that was carried out %+v", first, speech(), asked)
		}
		shared = append(shared, c.Shared(event))
		c.Encode(begun, func([]byte) {})
		if diff := cmp.Diff([]bool{false, false, true}, append(shared, c.Shared(event))); diff != "" {
			t.Errorf("undecided, decided, spoken to, after %s:\n%s", first, diff)
		}
	}
}
