package chat_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
)

var operator = chat.Identity{Project: "default", Server: true}

// ranked are all the channels in pages of the given size, as name:messages:followers.
func ranked(t *testing.T, h *chat.Hub, size int) []string {
	t.Helper()
	var all []string
	after := ""
	for {
		page, err := h.Ranking(t.Context(), &operator, after, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			all = append(all, fmt.Sprintf("%s:%d:%d", r.Channel.ID.Name, r.Head.Next-r.Head.First, r.Followers))
			after = r.Place
		}
		if len(page) < size {
			return all
		}
	}
}

func TestRanking_IsByActivityPageByPage(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "c"})
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "b", "a"} {
		at := ada.must(post(name, fmt.Sprint(i), "")).Committed.Event.At
		for !time.Now().After(at.Add(time.Millisecond)) { // events of one millisecond are in the order of names
			runtime.Gosched()
		}
	}
	for _, silent := range []string{"quiet", "bare", "zen"} { // nothing happened there
		if _, err := h.PutChannel(t.Context(), &operator, chat.Channel{ID: chat.ChannelID{Project: "default", Name: silent}, Kind: chat.Open}); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := chat.Identity{Project: "other", Server: true, User: "ada"}
	if _, err := h.PostAll(t.Context(), &elsewhere, "foreign", []chat.Post{post("foreign", "x", "")}); err != nil {
		t.Fatal(err)
	}
	want := strings.Fields("a:2:0 b:2:0 f:1:0 e:1:0 d:1:0 c:1:1 bare:0:0 quiet:0:0 zen:0:0")
	for size := 1; size <= len(want)+1; size++ {
		if got := ranked(t, h, size); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v", size, got)
		}
	}
	user := as("ada")
	if _, err := h.Ranking(t.Context(), &user, "", 3); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("to a user: %v", err)
	}
	if _, err := h.Ranking(t.Context(), &operator, "nowhere", 3); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("after nowhere: %v", err)
	}
}

// BenchmarkRanking asks for pages of 50 of 100,000 channels: the first one, and
// the last one, which has channels without a log to look for.
func BenchmarkRanking(b *testing.B) {
	const channels = 100_000
	store, err := pebble.Open(b.Context(), b.TempDir(), pebble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	h := chat.NewHub(chat.Options{Store: store})
	b.Cleanup(func() {
		h.Close()
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	done := make(chan error, channels)
	for i := range channels {
		store.Append(&chat.Draft{
			Channel: chat.ChannelID{Project: "default", Name: fmt.Sprintf("order-%06d", i)}, Kind: chat.KindMessage,
			Sender: "ada", Body: []byte(`"shipped"`),
		}, func(_ chat.Committed, err error) { done <- err })
	}
	for range channels {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	for name, after := range map[string]string{"first": "", "last": "0:"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Ranking(b.Context(), &operator, after, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
