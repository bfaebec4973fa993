package terminal

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// newApp is a program on #general whose list has been read once.
func newApp(t *testing.T, channels ...string) *app {
	t.Helper()
	a := &app{ctx: t.Context(), o: Options{Channel: "general"}, rooms: make(map[string]*room), away: make(map[string]bool), me: "ben"}
	a.open = a.room("general")
	a.listed(whole(channels...))
	return a
}

func whole(channels ...string) listed {
	m := listed{whole: true}
	for _, name := range channels {
		m.channels = append(m.channels, &client.Listed{Channel: client.Channel{ChannelID: name, Kind: chat.KindOf(name)}, Last: &client.Message{}})
	}
	return m
}

func TestList_HasWhatOneIsAMemberOfAndWhatOneIsIn(t *testing.T) {
	t.Parallel()
	a := newApp(t, "plans", "team")
	shows := func(why string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, a.list); diff != "" {
			t.Errorf("%s:\n%s", why, diff)
		}
	}
	shows("the list", "general", "plans", "team")
	a.listed(listed{err: errors.New("no answer")})
	shows("no list", "general", "plans", "team")
	part := whole("team")
	part.whole = false
	a.listed(part)
	shows("a part of it", "general", "plans", "team")
	waits := &entry{fate: waiting}
	a.rooms["team"].waiting = []*entry{waits}
	a.listed(whole())
	shows("nothing, and a message waits", "general", "team")
	waits.fate = stored
	a.open = a.rooms["team"]
	a.listed(whole())
	shows("nothing, and one is in sight", "general", "team")
	a.open = a.rooms["general"]
	a.listed(whole())
	shows("nothing", "general")
}

func TestList_WhatCouldNotBeReadIsReadAnew(t *testing.T) {
	t.Parallel()
	a := newApp(t, "plans")
	for _, name := range []string{"plans", "general"} {
		r := a.rooms[name]
		r.loaded, r.subscribing, r.fault = true, false, errors.New("banned")
		r.add(&entry{id: "old", seq: 1})
		if cmd := a.listed(whole(name)); cmd == nil {
			t.Errorf("#%s: nothing is asked for", name)
		}
		if r.fault != nil || len(r.entries) > 0 || !r.loading && !r.subscribing {
			t.Errorf("#%s: fault %v, %d entries, loading %t, subscribing %t", name, r.fault, len(r.entries), r.loading, r.subscribing)
		}
	}
}

func TestList_AConversationThatWasPutAwayComesWithWhatIsSaid(t *testing.T) {
	t.Parallel()
	dm := chat.DirectName("ada", "ben")
	a := newApp(t, dm)
	a.leave(dm)
	m := whole(dm)
	a.listed(m)
	if a.rooms[dm] != nil {
		t.Error("it came back by itself")
	}
	m.channels[0].Cursor.Unread = 1
	a.listed(m)
	if a.rooms[dm] == nil {
		t.Error("what was said there is not shown")
	}
}
