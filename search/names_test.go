package search_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

// namesakes are two channels that would have the same number.
func namesakes(t *testing.T) (a, b string) {
	t.Helper()
	names := map[uint32]string{}
	for i := range 1_000_000 {
		name := fmt.Sprint("c", i)
		number := search.Numbered(chat.ChannelID{Project: chat.DefaultProject, Name: name})
		if other, taken := names[number]; taken {
			return other, name
		}
		names[number] = name
	}
	t.Fatal("a million names have as many numbers")
	return "", ""
}

func TestNames_TwoThatWouldHaveOneNumberAreKeptApart(t *testing.T) {
	t.Parallel()
	a, b := namesakes(t)
	for _, order := range [][]string{{a, b}, {b, a}} {
		w := setup(t)
		ada := user("ada")
		for i, name := range order {
			w.post(ada, name, fmt.Sprint("word of ", i))
			if i == 0 {
				w.level() // else they may come the other way round
			}
		}
		for range 2 {
			w.level()
			for i, name := range order {
				want := []string{fmt.Sprint("word of ", i)}
				if got := w.texts(ada, "word in:"+name); !slices.Equal(got, want) {
					t.Errorf("in %s %q is found, not %q", name, got, want)
				}
			}
			hits := w.ask(ada, search.Ask{Query: "word", Limit: 10}).Hits
			if len(hits) != 2 || hits[0].Message.Channel.Name != order[1] || hits[1].Message.Channel.Name != order[0] {
				t.Errorf("in both %d are found: %+v", len(hits), hits)
			}
			w.close()
			w.open()
		}
		for _, name := range order { // by an index that has read its rows
			w.post(ada, name, "word again")
		}
		w.level()
		for i, name := range order {
			want := []string{"word again", fmt.Sprint("word of ", i)}
			if got := w.texts(ada, "word in:"+name); !slices.Equal(got, want) {
				t.Errorf("in %s %q is found, not %q", name, got, want)
			}
		}
		w.end()
	}
}

// What was forgotten is read again as it was left, also in the middle of a batch.
func TestBatch_ForgetsChannelsAndNotHowFarTheyAreRead(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.close()
	o := search.Options{Dir: w.dir, Bus: w.bus.Join()}
	o.KeepPlaces(8)
	w.index = w.opened(o)
	ada := user("ada")
	for i := range 400 {
		w.post(ada, fmt.Sprint("c", i*7%20), fmt.Sprintf("said%d once", i))
	}
	w.level()
	for i := range 400 {
		if got := len(w.texts(ada, fmt.Sprintf("said%d ", i))); got != 1 {
			t.Fatalf("said%d is found %d times", i, got)
		}
	}
	if s := w.index.Stats(); s.Documents != 400 {
		t.Errorf("%+v", s)
	}
}
