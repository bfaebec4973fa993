package chat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// way is the way of the message that was posted, as a server key sees it.
func way(t *testing.T, h *chat.Hub, posted *chat.Reply, after string, limit int) *chat.Way {
	t.Helper()
	e := posted.Committed.Event
	w, err := h.Way(t.Context(), &chat.Identity{Project: "default", Server: true}, e.Channel.Name, e.ID, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWay_TellsHowAMessageCameAndWhoHasIt(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	server := chat.Identity{Project: "default", Server: true}
	for _, user := range []string{"ada", "ben", "cy"} {
		if _, err := h.PutMember(t.Context(), &server, "general", chat.Member{User: user, Role: chat.Ordinary}); err != nil {
			t.Fatal(err)
		}
	}
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for _, d := range []*device{ada, ben} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	posted := ada.must(post("general", "one", ""))
	ada.events(1)
	ben.events(1)
	seq := posted.Committed.Event.Seq
	w := offered(t, h, posted)
	p := w.Passage
	if p == nil || p.Seq != seq || p.Recipients != 2 || !p.Delivered.IsZero() || p.Received.IsZero() || p.Queued.IsZero() || p.Committed.IsZero() || p.Offered.IsZero() {
		t.Fatalf("the passage: %+v", p)
	}
	if w.Level != 2 || w.Behind != 0 || len(w.Sessions) != 2 || !w.Sessions[0].Level || w.Sessions[0].Seq != seq {
		t.Errorf("who follows: %+v", w)
	}
	if len(w.Users) != 3 || w.Users[2].User != "cy" || w.Users[2].Role != chat.Ordinary || w.Users[1].Read {
		t.Errorf("who has read: %+v", w.Users)
	}

	c.advance(5 * time.Millisecond)
	for _, d := range []*device{ben, ada} {
		for _, got := range d.all() {
			if got.Followed() {
				got.Written()
			}
		}
		c.advance(time.Second) // ada's comes later: the first one's counts
	}
	ben.must(chat.Read{Channel: "general", Seq: seq})
	ada.must(post("general", "two", ""))
	w = way(t, h, posted, "", 10)
	if p := w.Passage; p.Delivered.Sub(p.Offered) != 5*time.Millisecond {
		t.Errorf("first delivered after %v", p.Delivered.Sub(p.Offered))
	}
	if !w.Users[1].Read || !w.Users[1].Delivered || w.Users[0].Read || w.Users[2].Delivered {
		t.Errorf("who has read: %+v", w.Users)
	}
	if page := way(t, h, posted, "ada", 1).Users; len(page) != 1 || page[0].User != "ben" {
		t.Errorf("the page after ada: %+v", page)
	}
	user := as("ada")
	if _, err := h.Way(t.Context(), &user, "general", posted.Committed.Event.ID, "", 10); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("to a user: %v", err)
	}
}

func TestWay_OfADirectMessageHasItsTwo(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ben := connect(t, h, as("ben"))
	posted := ben.must(chat.Post{To: "ada", Body: []byte(`"Hello"`)})
	if users := way(t, h, posted, "", 10).Users; len(users) != 2 || users[0].User != "ada" || users[1].User != "ben" {
		t.Errorf("users: %+v", users)
	}
}

func TestWay_IsKnownOfTheNewestMessagesAlone(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.level(1)
	first := ada.must(post("general", "first", ""))
	ada.events(1)
	late := eventDelivery(t, ada, 1)
	id := as("cy")
	var posts [chat.MaxBatch]chat.Post
	for i := range posts {
		posts[i] = post("elsewhere", fmt.Sprint(i), "")
	}
	for range 41 { // 4100 in all
		if _, err := h.PostAll(t.Context(), &id, "elsewhere", posts[:]); err != nil {
			t.Fatal(err)
		}
	}
	last := ada.must(post("general", "last", ""))
	if w := way(t, h, first, "", 10); w.Passage != nil || w.Message.Seq != 1 {
		t.Errorf("the first: %+v", w.Passage)
	}
	late.Written() // its place is another's by now
	other, _, err := h.Messages(t.Context(), &id, "elsewhere", chat.Page{Before: 4097, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if w := way(t, h, &chat.Reply{Committed: &chat.Committed{Event: other[0]}}, "", 10); w.Passage == nil || !w.Passage.Delivered.IsZero() {
		t.Errorf("what took its place: %+v", w.Passage)
	}
	if p := offered(t, h, last).Passage; p.Recipients != 1 {
		t.Errorf("the last: %+v", p)
	}
}

// offered is the way once everybody was offered the message, which may be a
// moment after its acknowledgement.
func offered(t *testing.T, h *chat.Hub, of *chat.Reply) *chat.Way {
	t.Helper()
	for end := time.Now().Add(patience()); ; time.Sleep(time.Millisecond) {
		w := way(t, h, of, "", 10)
		if w.Passage != nil && !w.Passage.Offered.IsZero() {
			return w
		}
		if time.Now().After(end) {
			t.Fatalf("nobody was offered it: %+v", w.Passage)
		}
	}
}

// eventDelivery is what d got of an event.
func eventDelivery(t *testing.T, d *device, seq uint64) *chat.Delivery {
	t.Helper()
	for _, got := range d.all() {
		if got.Event != nil && got.Event.Seq == seq {
			return got
		}
	}
	t.Fatalf("no delivery of %d", seq)
	return nil
}
