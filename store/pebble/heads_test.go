package pebble

import (
	"slices"
	"testing"

	"github.com/parley-chat/parley/chat"
)

func TestHeads_AreOfAllProjectsAndGoOnBehindAny(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var want []chat.ChannelID
	for _, project := range []string{"a", "b"} {
		for _, name := range []string{"x", "x y", "z"} {
			ch := chat.ChannelID{Project: project, Name: name}
			want = append(want, ch)
			for range len(want) {
				done := make(chan error)
				s.Append(&chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: "ada", Body: []byte(`"x"`)}, func(_ chat.Committed, err error) { done <- err })
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for behind := range len(want) {
		var got []chat.ChannelID
		after := chat.ChannelID{}
		if behind > 0 {
			after = want[behind-1]
		}
		err := s.Heads(t.Context(), after, func(ch chat.ChannelID, h chat.Head) bool {
			if got = append(got, ch); h.Seq != uint64(slices.Index(want, ch)+1) {
				t.Errorf("%s has the head %d", ch, h.Seq)
			}
			return true
		})
		if err != nil || !slices.Equal(got, want[behind:]) {
			t.Errorf("behind %s: %v, %v", after, got, err)
		}
	}
	n := 0
	if err := s.Heads(t.Context(), chat.ChannelID{}, func(chat.ChannelID, chat.Head) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("asked to end after 2: %d, %v", n, err)
	}
}
