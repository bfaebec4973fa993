package chat_test

import (
	"sync"
	"testing"

	"github.com/parley-chat/parley/chat"
)

func server() *chat.Identity { return &chat.Identity{Project: chat.DefaultProject, Server: true} }

func stand(t *testing.T, h *chat.Hub, channel string, m chat.Member) {
	t.Helper()
	if _, err := h.PutMember(t.Context(), server(), channel, m); err != nil {
		t.Fatal(err)
	}
}

func standing(t *testing.T, h *chat.Hub, channel, user string) chat.Member {
	t.Helper()
	m, err := h.Member(t.Context(), server(), channel, user)
	if chat.CodeOf(err) == chat.CodeNotFound {
		return chat.Member{User: user}
	}
	if err != nil {
		t.Fatal(err)
	}
	return *m
}

// overtaken is a store in which something else is done first when by changes
// a membership for the first time.
type overtaken struct {
	chat.Store
	by    string
	once  sync.Once
	first func()
}

func (s *overtaken) Append(d *chat.Draft, done func(chat.Committed, error)) {
	if d.Kind == chat.KindMember && d.Sender == s.by {
		s.once.Do(s.first)
	}
	s.Store.Append(d, done)
}

func TestPutMember_WhatWasDecidedOfOneStandingIsNotDoneToAnother(t *testing.T) {
	t.Parallel()
	store := &overtaken{Store: openStore(t), by: "ben"}
	h := newHub(t, chat.Options{Store: store})
	store.first = func() { stand(t, h, "general", chat.Member{User: "ben", Banned: true}) }
	stand(t, h, "general", chat.Member{User: "ben", Role: chat.Ordinary})
	ben := as("ben")
	if _, err := h.PutMember(t.Context(), &ben, "general", chat.Member{User: "ben"}); chat.CodeOf(err) != chat.CodeBanned {
		t.Errorf("ben left in spite of a ban: %v", err)
	}
	if m := standing(t, h, "general", "ben"); !m.Banned {
		t.Errorf("ben is %+v", m)
	}
}

func TestRemoveMember_KeepsAMuteThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	store := &overtaken{Store: openStore(t), by: "max"}
	h := newHub(t, chat.Options{Store: store})
	store.first = func() { stand(t, h, "general", chat.Member{User: "ben", Role: chat.Ordinary, Muted: true}) }
	stand(t, h, "general", chat.Member{User: "ben", Role: chat.Ordinary})
	stand(t, h, "general", chat.Member{User: "max", Role: chat.Moderator})
	max := as("max")
	if _, err := h.RemoveMember(t.Context(), &max, "general", "ben"); err != nil {
		t.Fatal(err)
	}
	if m := standing(t, h, "general", "ben"); !m.Muted || m.Role != chat.NoRole {
		t.Errorf("ben is %+v", m)
	}
	if _, err := h.RemoveMember(t.Context(), &max, "general", "nobody"); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("removing who is no member: %v", err)
	}
}

func TestPutMember_LeavingTakesARightAndShedsNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	stand(t, h, "board", chat.Member{User: "ada", Role: chat.Owner})
	for name, id := range map[string]chat.Identity{
		"without a scope":     as("ada", "nothing"),
		"of another channels": {Project: chat.DefaultProject, User: "ada", Scopes: everything, Channels: []string{"support-*"}},
	} {
		if _, err := h.PutMember(t.Context(), &id, "board", chat.Member{User: "ada"}); chat.CodeOf(err) != chat.CodeForbidden {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	if m := standing(t, h, "board", "ada"); m.Role != chat.Owner {
		t.Errorf("ada is %+v", m)
	}

	stand(t, h, "general", chat.Member{User: "ben", Role: chat.Reader})
	ben := connect(t, h, as("ben"))
	ben.must(chat.PutMember{Channel: "general", Member: chat.Member{User: "ben"}})
	ben.refused(post("general", "x", ""), chat.CodeMuted)
	ben.refused(chat.PutMember{Channel: "general", Member: chat.Member{User: "ben", Role: chat.Ordinary}}, chat.CodeForbidden)
	ben.must(chat.History{Channel: "general"})
}

func TestPutChannel_ManagingAllMakesNoneBeyondItsReach(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	direct := chat.DirectName("ada", "ben")
	for name, c := range map[string]struct {
		id   chat.Identity
		kind chat.ChannelKind
		want chat.Code
	}{
		direct:                {as("max", everything...), chat.Direct, chat.CodeForbidden},
		chat.BroadcastChannel: {as("max", everything...), chat.Private, chat.CodeForbidden},
		"team-b":              {chat.Identity{Project: chat.DefaultProject, User: "max", Scopes: everything, Channels: []string{"team-a*"}}, chat.Private, chat.CodeForbidden},
		"team-c":              {as("max", everything...), chat.Private, ""},
	} {
		_, err := h.PutChannel(t.Context(), &c.id, chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: name}, Kind: c.kind})
		if chat.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := h.PutChannel(t.Context(), server(), chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: direct}, Kind: chat.Direct, Public: true})
	if chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("a public direct channel: %v", err)
	}
}

// The first use of a direct channel gives its two a standing without an event.
func TestPutMember_OfWhoBeganADirectChannel(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *chat.Hub, dm string) error{
		"banned": func(h *chat.Hub, dm string) error {
			_, err := h.PutMember(t.Context(), server(), dm, chat.Member{User: "ben", Banned: true})
			return err
		},
		"removed": func(h *chat.Hub, dm string) error {
			_, err := h.RemoveMember(t.Context(), server(), dm, "ben")
			return err
		},
	} {
		h := newHub(t, chat.Options{})
		dm := chat.DirectName("ada", "ben")
		ben := connect(t, h, as("ben"))
		ben.must(chat.Subscribe{Channel: dm})
		ben.must(post(dm, "x", ""))
		if err := change(h, dm); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m := standing(t, h, dm, "ben"); m.Role != chat.NoRole || m.Banned != (name == "banned") {
			t.Errorf("%s, ben is %+v", name, m)
		}
	}
}

// What another hub has changed is read anew, not decided on again and again.
func TestPutMember_OfWhomAnotherHubHasChanged(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	h, other := newHub(t, chat.Options{Store: store}), newHub(t, chat.Options{Store: store})
	stand(t, h, "general", chat.Member{User: "ben", Role: chat.Ordinary})
	ben := connect(t, h, as("ben"))
	ben.must(chat.Subscribe{Channel: "general"}) // whose standing is remembered
	stand(t, other, "general", chat.Member{User: "ben", Role: chat.Reader})
	stand(t, h, "general", chat.Member{User: "ben", Role: chat.Moderator})
	if m := standing(t, h, "general", "ben"); m.Role != chat.Moderator {
		t.Errorf("ben is %+v", m)
	}
}
