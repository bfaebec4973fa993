package chat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

func TestRate_BoundsWhatAUserSends(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, PostRate: 10, PostBurst: 3})
	ada := connect(t, h, as("ada"))
	for range 3 {
		ada.must(post("general", "x", ""))
	}
	if err := ada.refused(post("general", "x", ""), chat.CodeRateLimited); err.RetryAfter <= 0 || err.RetryAfter > 200*time.Millisecond {
		t.Errorf("retry after %v", err.RetryAfter)
	}
	c.advance(100 * time.Millisecond)
	ada.must(post("general", "x", ""))
}

func TestRate_BoundsWhatAChannelTakesOfAllItsUsers(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, ChannelRate: 10, ChannelBurst: 4})
	ada, ben, cy := connect(t, h, as("ada", everything...)), connect(t, h, as("ben")), connect(t, h, as("cy"))
	id := ada.must(post("general", "x", "")).Committed.Event.ID
	ben.must(chat.React{Channel: "general", ID: id, Name: "+1", On: true})
	ada.must(chat.Edit{Channel: "general", ID: id, Body: []byte(`"y"`)})
	cy.must(chat.SetState{Channel: "general", Key: "k", Value: []byte("1")})

	full := func() {
		t.Helper()
		for _, refused := range []chat.Command{
			post("general", "x", ""),
			chat.Edit{Channel: "general", ID: id, Body: []byte(`"z"`)},
			chat.Delete{Channel: "general", ID: id},
			chat.React{Channel: "general", ID: id, Name: "-1", On: true},
			chat.Pin{Channel: "general", ID: id, On: true},
			chat.SetState{Channel: "general", Key: "k"},
			chat.PutMember{Channel: "general", Member: chat.Member{User: "cy", Role: chat.Reader}},
		} {
			if err := ada.refused(refused, chat.CodeRateLimited); err.RetryAfter <= 0 || err.RetryAfter > 101*time.Millisecond {
				t.Errorf("%T: retry after %v", refused, err.RetryAfter)
			}
		}
	}
	full()
	cy.must(post("another", "x", ""))
	for range 4 { // signals have a bound of the same size to themselves
		ben.must(chat.Send{Channel: "general", Name: "wave"})
	}
	cy.refused(chat.Send{Channel: "general", Name: "wave"}, chat.CodeRateLimited)
	cy.must(chat.Send{To: "ada", Name: "wave"})
	ben.must(chat.History{Channel: "general"})

	// What a server key does is neither held up nor counted.
	server := chat.Identity{Project: chat.DefaultProject, User: "desk", Server: true}
	for range 9 {
		if _, err := h.Post(t.Context(), &server, post("general", "x", "")); err != nil {
			t.Fatal(err)
		}
		if err := h.Signal(t.Context(), &server, chat.Send{Channel: "general", Name: "wave"}); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(100 * time.Millisecond)
	cy.must(post("general", "x", ""))
	full()
}

func TestRate_WhoIsOverTheirOwnUsesUpNothingOfTheChannels(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, PostRate: 1, PostBurst: 1, ChannelRate: 1, ChannelBurst: 2})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	ada.must(post("general", "x", ""))
	for range 5 {
		ada.refused(post("general", "x", ""), chat.CodeRateLimited)
	}
	ben.must(post("general", "x", ""))
}

func TestRate_BoundsTheSignsOfTypingAndReading(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, PostRate: 10, PostBurst: 4})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for _, d := range []*device{ada, ben} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	ada.must(post("general", "x", ""))
	for range 3 {
		ben.must(chat.Typing{Channel: "general", On: true})
		ben.must(chat.Typing{Channel: "general"})
	}
	ben.must(chat.Read{Channel: "general", Seq: 1})
	ben.refused(chat.Typing{Channel: "general", On: true}, chat.CodeRateLimited)
	ben.refused(chat.Read{Channel: "general", Seq: 1}, chat.CodeRateLimited)
	for range 4 { // what one says has a bound of the same size to itself
		ben.must(post("general", "x", ""))
	}
}

// A channel that takes no more signals has cursors all the same.
func TestRate_OfAChannelHoldsBackWhatIsToldOfCursorsOnly(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, ChannelRate: 10, ChannelBurst: 2})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.level(1)
	for range 2 {
		ada.must(post("general", "x", ""))
	}
	for range 2 {
		ada.must(chat.Send{Channel: "general", Name: "wave"})
	}
	if c := ben.must(chat.Read{Channel: "general", Seq: 1}).Cursor; c.Read != 1 {
		t.Errorf("cursor %+v", c)
	}
	c.advance(time.Second)
	if c := ben.must(chat.Read{Channel: "general", Seq: 2}).Cursor; c.Read != 2 {
		t.Errorf("cursor %+v", c)
	}
	c.advance(time.Second)
	ben.must(chat.Send{Channel: "general", Name: "last"})
	ada.signal("last", func(s *chat.Signal) bool { return s.Name == "last" })
	told := 0
	for _, d := range ada.all() {
		if d.Signal != nil && d.Signal.Kind == chat.SignalRead {
			told++
		}
	}
	if told != 1 {
		t.Errorf("ada was told %d times of a cursor", told)
	}
}

// A receipt that names a message alone is looked for in all channels, and is one.
func TestRate_AReceiptThatNamesNoChannelIsOne(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, PostRate: 1, PostBurst: 2})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for i := range 20 {
		ben.must(chat.Subscribe{Channel: fmt.Sprint("c", i)})
	}
	id := ada.must(post("c7", "x", "")).Committed.Event.ID
	for range 2 {
		if got := ben.must(chat.Read{ID: id}).Cursor; got.Read != 1 {
			t.Errorf("cursor %+v", got)
		}
	}
	ben.refused(chat.Read{ID: id}, chat.CodeRateLimited)
}
