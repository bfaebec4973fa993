package pebble

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// The writer takes a head that Open has read only where nothing can have come
// between: seqs go on by one however channels are opened, written and forgotten.
func TestOpenings_AHeadThatHasMovedIsNotTaken(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem())) // it remembers two channels
	ctx := context.Background()
	seqs := map[chat.ChannelID]uint64{}
	channel := func(i int) chat.ChannelID { return chat.ChannelID{Project: "p", Name: fmt.Sprint("c", i)} }
	say := func(ch chat.ChannelID) {
		t.Helper()
		d := draftOf("")
		d.Channel = ch
		c, err := appendWait(s, d)
		if err != nil {
			t.Fatal(err)
		}
		if seqs[ch]++; c.Event.Seq != seqs[ch] {
			t.Fatalf("%s has seq %d, not %d", ch.Name, c.Event.Seq, seqs[ch])
		}
	}
	look := func(ch chat.ChannelID) {
		t.Helper()
		if o, err := s.Open(ctx, ch); err != nil || o.Head.Seq != seqs[ch] {
			t.Fatalf("%s: %+v, %v; want seq %d", ch.Name, o.Head, err, seqs[ch])
		}
	}
	for i := range 6 {
		say(channel(i))
	}
	for range 50 {
		look(channel(0)) // while it is known, perhaps
		say(channel(0))
		say(channel(0))
		for i := range 5 { // so that it is forgotten
			look(channel(1 + i))
			say(channel(1 + i))
		}
		say(channel(0))
	}
	look(channel(0))
	if h, there := s.openings.take(channel(0), s.applied.Load()); !there || h.seq != seqs[channel(0)] {
		t.Errorf("for the writer there is %+v, %t", h, there)
	}
}

func TestOpenings_AreBounded(t *testing.T) {
	t.Parallel()
	var o openings
	for i := range 3 * mostOpenings {
		o.put(chat.ChannelID{Name: fmt.Sprint(i)}, head{seq: uint64(i)}, 1)
	}
	if len(o.heads) != mostOpenings {
		t.Errorf("%d are kept", len(o.heads))
	}
	last := chat.ChannelID{Name: fmt.Sprint(3*mostOpenings - 1)}
	if _, there := o.take(last, 2); there {
		t.Error("a batch may have changed it, and it is given")
	}
	o.put(last, head{seq: 7}, 2)
	if h, there := o.take(last, 2); !there || h.seq != 7 {
		t.Errorf("%+v, %t", h, there)
	}
	if _, there := o.take(last, 2); there {
		t.Error("it is given twice")
	}
}
