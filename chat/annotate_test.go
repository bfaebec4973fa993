package chat_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

func message(t *testing.T, h *chat.Hub, channel, id string) *chat.Event {
	t.Helper()
	who := as("looker")
	m, err := h.Message(t.Context(), &who, channel, id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReact_CountsEachUserOnceAndTellsEverybody(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	ben.must(chat.Subscribe{Channel: "general"})
	ben.level(1)
	id := ada.must(post("general", "hello", "")).Committed.Event.ID
	ada.must(chat.React{Channel: "general", ID: id, Name: "👍", On: true})
	if again := ada.must(chat.React{Channel: "general", ID: id, Name: "👍", On: true}).Committed; !again.Repeated {
		t.Errorf("a second reaction of the same user: %+v", again)
	}
	ben.must(chat.React{Channel: "general", ID: id, Name: "👍", On: true})
	e := ben.events(3)[2]
	if e.Kind != chat.KindReaction || e.ID != id || e.TargetSeq != 1 || e.Name != "👍" || !e.On || e.Sender != "ben" {
		t.Errorf("delivered %+v", e)
	}
	want := []chat.Reaction{{Name: "👍", Count: 2, Users: []string{"ada", "ben"}}}
	if diff := cmp.Diff(want, message(t, h, "general", id).Notes.Reactions); diff != "" {
		t.Error(diff)
	}
	ada.must(chat.React{Channel: "general", ID: id, Name: "👍"})
	ada.refused(chat.React{Channel: "general", ID: id, Name: "👍"}, chat.CodeNotFound)
	n := message(t, h, "general", id).Notes
	if len(n.Reactions) != 1 || n.Reactions[0].Count != 1 || n.Through != 4 {
		t.Errorf("notes %+v", n)
	}
	ada.must(chat.Delete{Channel: "general", ID: id})
	ada.refused(chat.React{Channel: "general", ID: id, Name: "👍", On: true}, chat.CodeDeleted)
	if n := message(t, h, "general", id).Notes; n != nil && len(n.Reactions) > 0 {
		t.Errorf("a tombstone's notes %+v", n)
	}
	ada.refused(chat.React{Channel: "general", ID: id, Name: "\x1b[2J", On: true}, chat.CodeInvalid)
}

func TestPost_AReplyToAReplyJoinsItsThread(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	root := ada.must(post("general", "root", "")).Committed.Event
	first := ben.must(chat.Post{Channel: "general", Body: []byte(`"first"`), ParentID: root.ID}).Committed.Event
	second := ada.must(chat.Post{Channel: "general", Body: []byte(`"second"`), ParentID: first.ID}).Committed.Event
	if second.ParentID != root.ID {
		t.Errorf("a reply to a reply belongs to %q, not to the root %q", second.ParentID, root.ID)
	}
	thread := ada.must(chat.History{Channel: "general", Page: chat.Page{Thread: root.ID}}).Messages
	if len(thread) != 2 || thread[0].ID != first.ID || thread[1].ID != second.ID {
		t.Errorf("the thread has %d messages", len(thread))
	}
	n := message(t, h, "general", root.ID).Notes
	if n.Thread.Replies != 2 || !cmp.Equal(n.Thread.Users, []string{"ben", "ada"}) || !n.Thread.LastAt.Equal(second.At) {
		t.Errorf("thread %+v", n.Thread)
	}
	gone := ben.must(chat.Delete{Channel: "general", ID: first.ID}).Committed.Event
	if gone.ParentID != root.ID {
		t.Errorf("the delete names the thread %q", gone.ParentID)
	}
	if n := message(t, h, "general", root.ID).Notes; n.Thread.Replies != 1 {
		t.Errorf("after a delete: %+v", n.Thread)
	}
	ada.refused(chat.Post{Channel: "general", Body: []byte(`"x"`), ParentID: "nothing"}, chat.CodeNotFound)
}

func TestPin_TakesAMemberAndIsListed(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	server := chat.Identity{Project: "default", Server: true}
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	id := ada.must(post("general", "keep this", "")).Committed.Event.ID
	ben.refused(chat.Pin{Channel: "general", ID: id, On: true}, chat.CodeForbidden)
	ada.must(chat.PutMember{Channel: "general", Member: chat.Member{User: "ada", Role: chat.Ordinary}})
	ada.must(chat.Pin{Channel: "general", ID: id, On: true})
	pins, err := h.Pins(t.Context(), &server, "general")
	if err != nil || len(pins) != 1 || pins[0].ID != id || pins[0].Notes.PinnedBy != "ada" {
		t.Fatalf("pins %+v, %v", pins, err)
	}
	ada.must(chat.Pin{Channel: "general", ID: id})
	if pins := ada.must(chat.Pins{Channel: "general"}).Messages; len(pins) != 0 {
		t.Errorf("%d pins are left", len(pins))
	}
}

func TestPost_AMessageWithATimeToLiveIsDeletedByItself(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.level(1)
	m := ada.must(chat.Post{Channel: "general", Body: []byte(`"soon gone"`), TTL: 50 * time.Millisecond}).Committed.Event
	if want := m.At.Add(50 * time.Millisecond); !m.ExpiresAt.Equal(want) {
		t.Errorf("expires at %v, not %v", m.ExpiresAt, want)
	}
	if e := ada.events(2)[1]; e.Kind != chat.KindDelete || e.ID != m.ID || e.Sender != "" {
		t.Errorf("then came %+v", e)
	}
	if got := message(t, h, "general", m.ID); !got.Deleted() || got.Body != nil {
		t.Errorf("the message is %+v", got)
	}
	ada.refused(chat.Post{Channel: "general", Body: []byte(`"x"`), TTL: -time.Second}, chat.CodeInvalid)
}
