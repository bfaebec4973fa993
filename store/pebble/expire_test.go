package pebble

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// Of channels whose settings are plain the head says whether there is something
// to look at, also after something has gone.
func TestExpire_LooksAtHeadsWhereTheySayEnough(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var clock atomic.Int64 // ms
	clock.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	now := func() time.Time { return time.UnixMilli(clock.Load()) }
	opts := small(vfs.NewMem())
	opts.Now = now
	s := open(t, "data", opts)
	say := func(name string) {
		t.Helper()
		d := draftOf("")
		d.Channel.Name = name
		if _, err := appendWait(s, d); err != nil {
			t.Fatal(err)
		}
	}
	looked := func() (names []string) {
		t.Helper()
		some, _, err := s.mayExpire(ctx, []byte{spaceHead}, now())
		if err != nil {
			t.Fatal(err)
		}
		for _, ch := range some {
			names = append(names, ch.Name)
		}
		return names
	}
	for _, name := range []string{"plain", "told", "still"} {
		say(name)
	}
	told := &chat.Channel{ID: chat.ChannelID{Project: draftOf("").Channel.Project, Name: "told"}, Kind: chat.Open, Retention: 2 * chat.DefaultRetention}
	if err := s.PutChannel(ctx, told); err != nil {
		t.Fatal(err)
	}
	if got := looked(); len(got) != 1 || got[0] != "told" {
		t.Errorf("at first %q are looked at", got)
	}
	clock.Add(chat.DefaultRetention.Milliseconds() / 2)
	say("plain")
	clock.Add(chat.DefaultRetention.Milliseconds()/2 + 1000)
	if got := looked(); len(got) != 3 {
		t.Errorf("when the first are too old %q are looked at", got)
	}
	if n, err := s.Expire(ctx, now()); err != nil || n != 2 {
		t.Fatalf("%d have gone, %v", n, err)
	}
	if got := looked(); len(got) != 1 || got[0] != "told" {
		t.Errorf("when they have gone %q are looked at", got)
	}
	say("still")
	clock.Add(chat.DefaultRetention.Milliseconds() + 1000)
	if n, err := s.Expire(ctx, now()); err != nil || n != 3 {
		t.Errorf("in the end %d have gone, %v", n, err)
	}
	if got := looked(); len(got) != 0 {
		t.Errorf("of channels without events %q are looked at", got)
	}
}
