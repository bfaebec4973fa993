package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/push"
)

func (w *world) wants(user string, want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, texts(w.due(user)[user])); diff != "" {
		w.t.Errorf("%s was told:\n%s", user, diff)
	}
}

func TestTold_OfDirectMessages(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	m := w.post("ada", chat.DirectName("ada", "ben"), "Hello\n there")
	got := w.due("ben")["ben"]
	want := []told{{
		Type: "message", UserID: "ben", ChannelID: m.Channel.Name, Kind: "direct", ID: m.ID, SenderID: "ada", SenderName: "Name of ada",
		Text: "Hello there", Seq: m.Seq, Count: 1,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first := b.Got()[0]
	if most := int((24*time.Hour - delay).Seconds()); first.TTL > most || first.TTL < most-60 {
		t.Errorf("TTL %d", first.TTL)
	}
	if first.Urgency != "high" || len(first.Topic) != 32 || first.Key != w.service.Key() || first.Size != 4096 {
		t.Errorf("urgency %q, topic %q, key %q, %d bytes", first.Urgency, first.Topic, first.Key, first.Size)
	}
}

func TestTold_OfPrivateChannels(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.channel("team", chat.Private, "ada", "ben")
	w.channel("others", chat.Private, "ada", "cy")
	w.post("ada", "team", "for members")
	w.post("ada", "others", "for others")
	w.wants("ben", "for members")
}

func TestTold_OfOpenChannelsOnlyWhatConcernsOne(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.channel("general", chat.Open, "ada", "ben")
	w.post("ada", "general", "for nobody")
	w.wants("ben")
	w.post("ada", "general", "for ben", "ben")
	w.wants("ben", "for ben")
	first := w.post("cy", "general", "a question")
	w.wants("ben")
	w.send("ben", chat.Post{Channel: "general", Body: quoted("an answer"), ParentID: first.ID})
	w.send("ada", chat.Post{Channel: "general", Body: quoted("another"), ParentID: first.ID})
	w.wants("ben", "another")
	own := w.post("ben", "general", "my own")
	w.send("ada", chat.Post{Channel: "general", Body: quoted("to yours"), ParentID: own.ID})
	w.wants("ben", "to yours")
	w.post("ada", "general", "after the thread")
	w.wants("ben")
}

func TestTold_AsTheSettingsSay(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	for _, name := range []string{"quiet", "called", "usual"} {
		w.channel(name, chat.Private, "ada", "ben")
	}
	set := func(s push.Settings) {
		t.Helper()
		if err := w.service.PutSettings(w.ctx, as("ben"), s); err != nil {
			t.Fatal(err)
		}
	}
	set(push.Settings{Channels: map[string]push.Mode{"quiet": push.None, "called": push.Mentions, "open": push.All}})
	for i := range 2 {
		if i == 1 { // by a service that read them
			w.stop()
			w.start()
		}
		w.post("ada", "quiet", "nothing at all", "ben")
		w.post("ada", "called", "not called")
		w.wants("ben")
		w.post("ada", "called", "called", "ben")
		w.wants("ben", "called")
		w.post("ada", "usual", "as usual")
		w.wants("ben", "as usual")
		w.post("ada", "open", "every word")
		w.wants("ben", "every word")
	}
	set(push.Settings{Default: push.Mentions})
	w.post("ada", "usual", "not called")
	w.wants("ben")
	w.post("ada", "quiet", "no choice any more", "ben")
	w.wants("ben", "no choice any more")
	set(push.Settings{Default: push.None})
	w.post("ada", "usual", "called in vain", "ben")
	// The mark would not come to ben either: by cy's it is known that all of it was looked at.
	w.browser("cy")
	w.wants("cy")
	set(push.Settings{})
	w.post("ada", "usual", "and back")
	w.wants("ben", "and back")
}

func TestTold_NothingThatWasDeliveredOrRead(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	direct := chat.DirectName("ada", "ben")
	m := w.post("ada", direct, "delivered")
	if _, err := w.store.MoveCursors(w.ctx, []chat.Cursor{{Channel: m.Channel, User: "ben", Delivered: m.Seq}}); err != nil {
		t.Fatal(err)
	}
	w.wants("ben")
	m = w.post("ada", direct, "read")
	if _, err := w.hub.MarkRead(w.ctx, as("ben"), chat.Read{Channel: direct, Seq: m.Seq}); err != nil {
		t.Fatal(err)
	}
	w.wants("ben")
	w.post("ada", direct, "neither")
	w.wants("ben", "neither")
}

func TestTold_NothingOfOneself(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.post("ben", chat.DirectName("ada", "ben"), "to ada")
	w.post("ben", "general", "I mention myself", "ben")
	w.wants("ben")
}

func TestTold_NothingOfWhomOneBlocks(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.channel("team", chat.Private, "ada", "ben", "cy")
	if err := w.hub.Block(w.ctx, as("ben"), chat.Block{User: "cy", On: true}); err != nil {
		t.Fatal(err)
	}
	w.post("ada", "team", "of a friend")
	w.post("cy", "team", "of nobody", "ben")
	w.wants("ben", "of a friend")
}

func TestTold_NothingThatMayNotBeReadAnyMore(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.channel("team", chat.Private, "ada", "ben")
	w.channel("general", chat.Open, "ada", "ben")
	w.post("ada", "team", "while a member")
	w.member("team", chat.Member{User: "ben", Role: chat.NoRole})
	w.wants("ben")
	w.post("ada", "general", "before the ban", "ben")
	w.member("general", chat.Member{User: "ben", Banned: true})
	w.wants("ben")
	w.member("general", chat.Member{User: "ben", Role: chat.Reader, Muted: true})
	w.post("ada", "general", "who may not speak may read", "ben")
	w.wants("ben", "who may not speak may read")
}

func TestTold_NothingThatWasDeletedOrIsOver(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	direct := chat.DirectName("ada", "ben")
	m := w.post("ada", direct, "taken back")
	if _, err := w.hub.Delete(w.ctx, as("ada"), chat.Delete{Channel: direct, ID: m.ID}); err != nil {
		t.Fatal(err)
	}
	w.send("ada", chat.Post{Channel: direct, Body: quoted("for half a minute"), TTL: delay / 2})
	w.wants("ben")
	m = w.post("ada", direct, "a mistake")
	if _, err := w.hub.Edit(w.ctx, as("ada"), chat.Edit{Channel: direct, ID: m.ID, Body: quoted("mended")}); err != nil {
		t.Fatal(err)
	}
	w.wants("ben", "mended")
}

func TestTold_OnlyWhereTheTokenReaches(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	id := as("ben")
	id.Channels = []string{"dm:*"}
	if _, err := w.service.Subscribe(w.ctx, id, draft(b)); err != nil {
		t.Fatal(err)
	}
	w.channel("team", chat.Private, "ada", "ben")
	w.post("ada", "team", "out of reach")
	w.post("ada", chat.DirectName("ada", "ben"), "within reach")
	w.wants("ben", "within reach")
}

// A server key that subscribes a user's browser gives it what the user may read,
// not what the key may.
func TestTold_WhatTheUserMayReadWhoeverSubscribed(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	id := *server
	id.User = "ben"
	if _, err := w.service.Subscribe(w.ctx, &id, draft(b)); err != nil {
		t.Fatal(err)
	}
	w.channel("team", chat.Private, "ada", "ben")
	w.post("ada", "team", "not for ben")
	w.member("team", chat.Member{User: "ben", Role: chat.NoRole})
	w.wants("ben")
}

func TestTold_TheLatestOfEachChannel(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	w.channel("team", chat.Private, "ada", "ben")
	for _, text := range []string{"one", "two", "three"} {
		w.post("ada", "team", text)
	}
	got := w.due("ben")["ben"]
	if len(got) != 1 || got[0].Text != "three" || got[0].Count != 3 {
		t.Fatalf("%+v", got)
	}
	w.post("ada", "team", "four")
	got = w.due("ben")["ben"]
	if len(got) != 1 || got[0].Text != "four" || got[0].Count != 4 {
		t.Fatalf("%+v", got)
	}
	topics := map[string]int{}
	for _, m := range b.Got() {
		topics[m.Topic]++
	}
	if len(topics) != 3 { // the team's and the marks'
		t.Errorf("topics %v", topics)
	}
}

func TestTold_EachBrowserOfTheUser(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.browser("ben")
	w.post("ada", chat.DirectName("ada", "ben"), "everywhere")
	got := w.due("ben", "ben+")
	if len(got["ben"]) != 1 || len(got["ben+"]) != 1 {
		t.Errorf("%+v", got)
	}
}

// A message of the greatest size, of bytes that JSON makes six of each.
func TestTold_InWhatPushServicesTake(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	long := strings.Repeat("\u0001 <&>", 2000)
	w.channel("team", chat.Private, "ada", "ben")
	if _, err := w.hub.PutChannel(w.ctx, server, chat.Channel{ID: chat.ChannelID{Project: "default", Name: "team"}, Kind: chat.Private, Title: strings.Repeat("<", 128)}); err != nil {
		t.Fatal(err)
	}
	w.post("ada", "team", long)
	got := w.due("ben")["ben"]
	if len(got) != 1 || len(got[0].Text) > 300 || !strings.HasSuffix(got[0].Text, "…") {
		t.Errorf("%+v", got)
	}
}
