package chat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

func TestBlock_KeepsMessagesAndSignalsAway(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	dm := chat.DirectName("ada", "ben")
	ben.must(post(dm, "hi", ""))
	ada.must(chat.Block{User: "ben", On: true})
	ben.refused(post(dm, "hello?", ""), chat.CodeBlocked)
	ben.refused(chat.Send{To: "ada", Name: "ring"}, chat.CodeBlocked)
	ben.must(post("general", "we still share this", ""))
	ada.must(post(dm, "I may still write", ""))
	id := as("ada")
	if list, err := h.Blocks(t.Context(), &id, "", 10); err != nil || !cmp.Equal(list, []string{"ben"}) {
		t.Errorf("blocks %v, %v", list, err)
	}
	ada.must(chat.Block{User: "ben"})
	ben.must(post(dm, "hello again", ""))
	ada.refused(chat.Block{User: "ada", On: true}, chat.CodeInvalid)
	connect(t, h, as("ada", chat.ScopeRead)).refused(chat.Block{User: "ben", On: true}, chat.CodeForbidden)
}

func TestPutProfile_OutlivesTheConnection(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	avatar := "https://example.org/ada.png"
	ada.must(chat.PutProfile{Profile: chat.Profile{Avatar: &avatar, Meta: []byte(`{"team":"blue"}`)}})
	ada.close()
	ben := as("ben")
	u, _, err := h.Profile(t.Context(), &ben, "ada")
	for err == nil && u.LastSeen.IsZero() { // written within a second
		u, _, err = h.Profile(t.Context(), &ben, "ada")
	}
	if err != nil || u.Avatar != avatar || string(u.Meta) != `{"team":"blue"}` || u.Name != "name of ada" {
		t.Errorf("profile %+v, %v", u, err)
	}
	for _, bad := range []chat.Profile{
		{Avatar: pointer("javascript:alert(1)")}, {Avatar: pointer("http://example.org/x")}, {Meta: []byte(`[1]`)}, {Meta: []byte(`{`)}, {Name: pointer("a\nb")},
	} {
		if _, err := h.PutProfile(t.Context(), &ben, "", bad); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := h.PutProfile(t.Context(), &ben, "ada", chat.Profile{Avatar: &avatar}); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("another's profile: %v", err)
	}
}

func pointer(s string) *string { return &s }

func TestSessions_AreListedAndEnded(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	server := chat.Identity{Project: "default", Server: true}
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	ada.must(chat.Subscribe{Channel: "general"})
	list, err := h.Sessions(t.Context(), &server, "", "", 100)
	if err != nil || len(list) != 2 {
		t.Fatalf("sessions %+v, %v", list, err)
	}
	var paged []chat.SessionInfo
	for after := ""; ; after = list[0].ID {
		if list, err = h.Sessions(t.Context(), &server, "", after, 1); err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		paged = append(paged, list...)
	}
	if len(paged) != 2 || paged[0].ID >= paged[1].ID {
		t.Errorf("page by page %+v", paged)
	}
	own := as("ada")
	if list, err = h.Sessions(t.Context(), &own, "ada", "", 100); err != nil || len(list) != 1 || !cmp.Equal(list[0].Channels, []string{"general"}) {
		t.Fatalf("ada's sessions %+v, %v", list, err)
	}
	if _, err := h.Sessions(t.Context(), &own, "ben", "", 100); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("another's sessions: %v", err)
	}
	if err := h.Disconnect(t.Context(), &own, ben.session.ID()); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("ending another's session: %v", err)
	}
	if err := h.Disconnect(t.Context(), &server, ben.session.ID()); err != nil {
		t.Fatal(err)
	}
	// Its connection may take a while to end: it is told of no more.
	if list, err = h.Sessions(t.Context(), &server, "", "", 100); err != nil || len(list) != 1 || list[0].User != "ada" {
		t.Errorf("after one was ended %+v, %v", list, err)
	}
	if err := h.Disconnect(t.Context(), &server, ben.session.ID()); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("ending it again: %v", err)
	}
	ben.some("reason", func(g *chat.Delivery) bool {
		n, ok := g.Notice.(*chat.Expiring)
		return ok && n.Err.Code == chat.CodeDisconnected
	})
	h.Review(func(id chat.Identity) *chat.Error {
		if id.User == "ada" {
			return chat.E(chat.CodeForbidden, "no longer")
		}
		return nil
	})
	ada.some("reason", func(g *chat.Delivery) bool {
		_, ok := g.Notice.(*chat.Expiring)
		return ok
	})
}
