package storetest

import (
	"fmt"
	"strings"

	"github.com/parley-chat/parley/chat"
)

var reactionChecks = []check{
	{"React_IsAnEventAndTheMessagesNotes", reactApplies},
	{"React_IsInPagesReplaysAndPins", reactIsServedEverywhere},
	{"React_AgainIsTheFirst", reactAgain},
	{"React_TakenAwayIsGoneAndOnesOwnOnly", reactTakenAway},
	{"React_OfAndToNothingIsNotFound", reactToNothing},
	{"React_AllowsSoManyNamesAndAnyNumberOfUsers", reactBounds},
	{"React_RefusesBadNames", reactBadNames},
	{"React_InFlight", reactInFlight},
	{"React_GoesWithItsMessage", reactGoes},
}

func reaction(of *chat.Event, user, name string) *chat.Draft {
	return &chat.Draft{Channel: of.Channel, Kind: chat.KindReaction, Sender: user, ID: of.ID, Name: name, On: true}
}

// off is d, taking away what d adds.
func off(d *chat.Draft) *chat.Draft {
	d.On = false
	return d
}

func (b *bundle) message(of *chat.Event) *chat.Event {
	b.t.Helper()
	e, err := b.Message(b.ctx, of.Channel, of.ID)
	b.noError(err)
	return e
}

// hasNotes checks what hangs on a message, wherever it is served.
func (b *bundle) hasNotes(of *chat.Event, want *chat.Notes) {
	b.t.Helper()
	b.same("notes of the message", b.message(of).Notes, want)
	b.same("notes in a page", b.messages(of.Channel, chat.Page{After: of.Seq - 1, Forward: true, Limit: 1})[0].Notes, want)
	b.same("notes in a page backwards", b.messages(of.Channel, chat.Page{Before: of.Seq + 1, Limit: 1})[0].Notes, want)
	b.same("notes in a replay", b.events(of.Channel, of.Seq-1, 1)[0].Notes, want)
}

func reactApplies(b *bundle) {
	m := b.post("x")
	b.hasNotes(m, nil)
	e := b.must(reaction(m, "bob", "👍"))
	b.same("reaction", e, &chat.Event{
		Channel: general, Seq: 2, Kind: chat.KindReaction, At: e.At, Sender: "bob",
		ID: m.ID, TargetSeq: 1, Sequence: m.Sequence, Name: "👍", On: true,
	})
	want := &chat.Notes{Through: 2, Reactions: []chat.Reaction{{Name: "👍", Count: 1, Users: []string{"bob"}}}}
	b.hasNotes(m, want)
	b.same("stored", b.events(general, 1, 1), []*chat.Event{e})
	b.must(reaction(m, "ann", "👍"))
	b.must(reaction(m, "ann", "🎉"))
	want = &chat.Notes{Through: 4, Reactions: []chat.Reaction{
		{Name: "👍", Count: 2, Users: []string{"bob", "ann"}}, {Name: "🎉", Count: 1, Users: []string{"ann"}},
	}}
	b.hasNotes(m, want)
	b.reopen()
	b.hasNotes(m, want)
	if m.Notes != nil {
		b.t.Errorf("an event that was handed out has changed: %+v", m.Notes)
	}
	b.same("sequence", b.head(general).Next, uint64(1))
}

// reactIsServedEverywhere puts notes on some of many messages.
func reactIsServedEverywhere(b *bundle) {
	want := map[uint64]*chat.Notes{}
	var all []*chat.Event
	for i := range 40 {
		all = append(all, b.post(fmt.Sprint(i)))
	}
	for i := 3; i < len(all); i += 1 + i%5 {
		e := b.must(reaction(all[i], "bob", "x"))
		want[all[i].Seq] = (*chat.Notes)(nil).With(all[i].ID, e)
	}
	check := func(what string, es []*chat.Event) {
		b.t.Helper()
		for _, e := range es {
			if e.Kind == chat.KindMessage {
				b.same(fmt.Sprint(what, " ", e.Seq), e.Notes, want[e.Seq])
			}
		}
	}
	for from := range uint64(40) {
		for _, limit := range []int{1, 2, 7, 100} {
			check("events", b.events(general, from, limit))
			check("page", b.messages(general, chat.Page{After: from, Forward: true, Limit: limit}))
			check("page before", b.messages(general, chat.Page{Before: from + 1, Limit: limit}))
			check("page by sequence", b.messages(general, chat.Page{After: from, BySequence: true, Limit: limit}))
		}
	}
}

func reactAgain(b *bundle) {
	m := b.post("x")
	first := b.must(reaction(m, "bob", "x"))
	b.must(reaction(m, "ann", "x"))
	again := reaction(m, "bob", "x")
	again.Nonce = "other"
	b.same("event", b.mustRepeat(again, first), first)
	b.reopen()
	b.same("event", b.mustRepeat(reaction(m, "bob", "x"), first), first)
	b.same("head", b.head(general).Seq, uint64(3))
	b.must(off(reaction(m, "bob", "x")))
	if e := b.must(reaction(m, "bob", "x")); e.Seq != 5 {
		b.t.Errorf("added after it was taken away: %+v", e)
	}
}

func reactTakenAway(b *bundle) {
	m := b.post("x")
	b.must(reaction(m, "bob", "x"))
	_, err := b.try(off(reaction(m, "ann", "x")))
	b.wantCode(err, chat.CodeNotFound)
	_, err = b.try(off(reaction(m, "bob", "y")))
	b.wantCode(err, chat.CodeNotFound)
	e := b.must(off(reaction(m, "bob", "x")))
	if e.On || e.Name != "x" || e.TargetSeq != m.Seq {
		b.t.Errorf("got %+v", e)
	}
	b.hasNotes(m, &chat.Notes{Through: 3})
	_, err = b.try(off(reaction(m, "bob", "x")))
	b.wantCode(err, chat.CodeNotFound)
	b.same("head", b.head(general).Seq, uint64(3))
}

func reactToNothing(b *bundle) {
	m := b.post("x")
	elsewhere := chat.ChannelID{Project: "acme", Name: "elsewhere"}
	b.must(message(elsewhere, "ann", "x"))
	for _, d := range []*chat.Draft{
		reaction(&chat.Event{Channel: general}, "bob", "x"),
		reaction(&chat.Event{Channel: elsewhere, ID: m.ID}, "bob", "x"),
		reaction(&chat.Event{Channel: general, ID: flip(m.ID)}, "bob", "x"),
		pin(&chat.Event{Channel: elsewhere, ID: m.ID}, "bob"),
	} {
		_, err := b.try(d)
		b.wantCode(err, chat.CodeNotFound)
	}
}

func reactBounds(b *bundle) {
	m := b.post("x")
	var waits []<-chan result
	for i := range chat.MaxReactions {
		waits = append(waits, b.queue(reaction(m, "bob", fmt.Sprint("name ", i))))
	}
	for i := range 2 * chat.MaxShown {
		waits = append(waits, b.queue(reaction(m, fmt.Sprint("user", i), "name 7")))
	}
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	_, err := b.try(reaction(m, "bob", "one more"))
	b.wantCode(err, chat.CodeTooMany)
	b.reopen()
	_, err = b.try(reaction(m, "bob", "one more"))
	b.wantCode(err, chat.CodeTooMany)
	r := b.message(m).Notes.Reactions
	if len(r) != chat.MaxReactions || r[7].Count != 1+2*chat.MaxShown || len(r[7].Users) != chat.MaxShown {
		b.t.Errorf("%d names, of the eighth %d with %d users", len(r), r[7].Count, len(r[7].Users))
	}
	// Who is not shown has reacted all the same.
	c, err := b.try(reaction(m, fmt.Sprint("user", 2*chat.MaxShown-1), "name 7"))
	b.noError(err)
	if !c.Repeated {
		b.t.Error("a reaction that is counted and not shown counts twice")
	}
	b.must(off(reaction(m, "bob", "name 0")))
	b.must(reaction(m, "bob", "one more"))
}

func reactBadNames(b *bundle) {
	m := b.post("x")
	for _, name := range []string{"", strings.Repeat("x", chat.MaxReaction+1), "\xff", "a\x00b", "a\nb", "\u202e"} {
		if _, err := b.try(reaction(m, "bob", name)); chat.CodeOf(err) != chat.CodeInvalid {
			b.t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"+1", strings.Repeat("x", chat.MaxReaction), "👩‍💻", "🏳️‍🌈", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"} {
		b.must(reaction(m, "bob", name))
	}
}

func reactInFlight(b *bundle) {
	m := b.post("x")
	for range 10 {
		drafts := []*chat.Draft{
			reaction(m, "bob", "x"), reaction(m, "bob", "x"), reaction(m, "ann", "x"), off(reaction(m, "bob", "x")),
			off(reaction(m, "bob", "x")), reaction(m, "bob", "x"), off(reaction(m, "bob", "x")), off(reaction(m, "ann", "x")),
		}
		want := []string{" false", " true", " false", " false", "not_found false", " false", " false", " false"}
		var waits []<-chan result
		for _, d := range drafts {
			waits = append(waits, b.queue(d))
		}
		for i, wait := range waits {
			r := <-wait
			if got := fmt.Sprint(chat.CodeOf(r.err), " ", r.Repeated); got != want[i] {
				b.t.Fatalf("draft %d: got %q, want %q", i, got, want[i])
			}
		}
		b.hasNotes(m, &chat.Notes{Through: b.head(general).Seq})
	}
}

func reactGoes(b *bundle) {
	m := b.post("x")
	b.must(reaction(m, "bob", "x"))
	b.must(pin(m, "bob"))
	b.must(reply(m, "ann", "y"))
	gone := b.must(deletion(m))
	b.hasNotes(m, &chat.Notes{
		Through: gone.Seq,
		Thread:  chat.Thread{Replies: 1, LastAt: gone.At, Users: []string{"ann"}},
	})
	for _, d := range []*chat.Draft{
		reaction(m, "bob", "x"), reaction(m, "bob", "y"), off(reaction(m, "bob", "x")), pin(m, "bob"), off(pin(m, "bob")),
	} {
		_, err := b.try(d)
		b.wantCode(err, chat.CodeDeleted)
	}
	b.pinned(general)
}
