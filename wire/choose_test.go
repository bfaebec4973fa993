package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/conversations"
	"github.com/parley-chat/parley/wire/rooms"
	"github.com/parley-chat/parley/wire/wiretest"
)

func bare() wire.Dialect {
	return wire.ByFirstFrame("bare", map[string]wire.Dialect{
		"join":      rooms.Dialect(rooms.Options{}),
		"subscribe": conversations.Dialect(),
	})
}

func TestByFirstFrame(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, bare(), "testdata/*.txt")
}

func FuzzByFirstFrame(f *testing.F) { wiretest.Fuzz(f, bare(), "testdata/*.txt") }

// Connections of one door may have chosen differently, and a transport keeps
// frames by door: what one dialect made must not reach the other's clients.
func TestByFirstFrame_SharesOnlyWhatAllOfItsConnectionsSpeak(t *testing.T) {
	t.Parallel()
	event := &chat.Delivery{Event: &chat.Event{Kind: chat.KindMessage, Body: []byte(`"x"`)}}
	one := wire.ByFirstFrame("bare", map[string]wire.Dialect{"join": rooms.Dialect(rooms.Options{})})
	for _, door := range []struct {
		dialect wire.Dialect
		want    []bool // undecided, decided, spoken to
	}{{one, []bool{false, false, true}}, {bare(), []bool{false, false, false}}} {
		c := door.dialect.New("session")
		got := []bool{c.Shared(event)}
		if err := c.Decode([]byte(`{"type":"join","userId":"ada"}`), func(chat.Request) {}); err != nil {
			t.Fatal(err)
		}
		got = append(got, c.Shared(event))
		c.Encode(event, func([]byte) {})
		if diff := cmp.Diff(door.want, append(got, c.Shared(event))); diff != "" {
			t.Error(diff)
		}
	}
}
