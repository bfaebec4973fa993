package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var deletionChecks = []check{
	{"DeleteChannel_LeavesAHeadAlone", deleteLeavesHead},
	{"DeleteChannel_ShutsTheChannelUntilItIsMadeAgain", deleteShuts},
	{"DeleteChannel_OfADirectOneIsUndoneByItsNextDraft", deleteDirect},
	{"DeleteChannel_RefusesWhatIsNotThere", deleteRefuses},
	{"DeleteChannel_WhileAppending", deleteWhileAppending},
	{"DeleteChannel_OfManyEventsMembersAndKeys", deleteMuch},
}

// delete deletes a channel and has it purged.
func (b *bundle) delete(ch chat.ChannelID) chat.Head {
	b.t.Helper()
	h, err := b.DeleteChannel(b.ctx, ch)
	b.noError(err)
	b.noError(b.Purge(b.ctx, ch))
	return h
}

// nothing checks that there is nothing in a channel that bob was in.
func (b *bundle) nothing(ch chat.ChannelID, h chat.Head) {
	b.t.Helper()
	b.same("head", b.head(ch), h)
	_, err := b.Channel(b.ctx, ch)
	b.wantCode(err, chat.CodeNotFound)
	o, err := b.Open(b.ctx, ch)
	b.noError(err)
	b.same("opening", o, chat.Opening{Head: h})
	_, err = b.Events(b.ctx, ch, h.Seq-1, 10)
	b.wantCode(err, chat.CodeExpired)
	b.same("events", b.events(ch, h.Seq, 10), []*chat.Event{})
	b.same("messages", b.messages(ch, chat.Page{Limit: 10}), []*chat.Event{})
	members, err := b.Members(b.ctx, ch, "", 10)
	b.noError(err)
	b.same("members", members, []*chat.Member{})
	cursors, err := b.Cursors(b.ctx, ch, "", 10)
	b.noError(err)
	b.same("cursors", cursors, []chat.Cursor{})
	far := h.LastTime.Add(1000 * day)
	keys, _, err := b.State(b.ctx, ch, "", 10, h.LastTime)
	b.noError(err)
	b.same("state", keys, []*chat.StateKey{})
	due, err := b.Due(b.ctx, far, 10)
	b.noError(err)
	b.same("due", due, []chat.Due{})
	pins, err := b.Pins(b.ctx, ch)
	b.noError(err)
	b.same("pins", pins, []*chat.Event{})
	n, err := b.Mentions(b.ctx, ch, "bob", 0, 10)
	b.noError(err)
	b.same("mentions", n, 0)
	joined, err := b.Joined(b.ctx, ch.Project, "bob", "", 10)
	b.noError(err)
	b.same("joined", joined, []string{})
}

// settle puts something of every kind into a channel.
func (b *bundle) settle(ch chat.ChannelID) (last *chat.Event) {
	b.t.Helper()
	add := func(d chat.Draft) *chat.Event {
		b.t.Helper()
		d.Channel, d.Sender = ch, "ann"
		return b.must(&d)
	}
	m := add(chat.Draft{Kind: chat.KindMessage, Body: []byte(`"x"`), Nonce: "1", Mentions: []string{"bob"}, TTL: time.Hour})
	add(chat.Draft{Kind: chat.KindMessage, Body: []byte(`"y"`), ParentID: m.ID})
	add(chat.Draft{Kind: chat.KindEdit, ID: m.ID, Body: []byte(`"z"`)})
	add(chat.Draft{Kind: chat.KindReaction, ID: m.ID, Name: "x", On: true})
	add(chat.Draft{Kind: chat.KindPin, ID: m.ID, On: true})
	add(chat.Draft{Kind: chat.KindState, Name: "k", Body: []byte("1"), TTL: time.Hour})
	last = add(chat.Draft{Kind: chat.KindMember, Member: &chat.Member{User: "bob", Role: chat.Ordinary}})
	_, err := b.MoveCursors(b.ctx, []chat.Cursor{{Channel: ch, User: "bob", Read: last.Seq}})
	b.noError(err)
	return last
}

func deleteLeavesHead(b *bundle) {
	other := chat.ChannelID{Project: "acme", Name: "generals"}
	kept := b.must(message(other, "ann", "kept"))
	last := b.settle(general)
	h := b.delete(general)
	want := chat.Head{Seq: last.Seq + 1, Next: 2, Horizon: last.Seq + 1, First: 2, LastTime: last.At, Deleted: true}
	b.same("head", h, want)
	b.nothing(general, want)
	b.reopen()
	b.nothing(general, want)
	b.same("another channel", b.events(other, 0, 10), []*chat.Event{kept})
	all, err := b.Channels(b.ctx, "acme", "", 10)
	b.noError(err)
	b.same("channels", len(all), 1)
}

func deleteShuts(b *bundle) {
	b.settle(general)
	h, err := b.DeleteChannel(b.ctx, general)
	b.noError(err)
	refuses := func() {
		b.t.Helper()
		_, err := b.try(withNonce(message(general, "ann", "x"), "1"))
		b.wantCode(err, chat.CodeDeleted)
		_, err = b.try(member(general, chat.Member{User: "bob", Role: chat.Owner}))
		b.wantCode(err, chat.CodeDeleted)
		moved, err := b.MoveCursors(b.ctx, []chat.Cursor{{Channel: general, User: "bob", Read: 5}})
		b.noError(err)
		b.same("cursor", moved, []chat.Cursor{{Channel: general, User: "bob"}})
		_, err = b.DeleteChannel(b.ctx, general)
		b.wantCode(err, chat.CodeDeleted)
		b.same("head", b.head(general), h)
	}
	refuses()
	b.wantCode(b.PutChannel(b.ctx, &chat.Channel{ID: general, Kind: chat.Open}), chat.CodeUnavailable)
	b.reopen()
	refuses()
	b.noError(b.Purge(b.ctx, general))
	b.noError(b.Purge(b.ctx, general))
	refuses()
	b.reopen()
	refuses()
	b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: general, Kind: chat.Private}))
	got := b.must(withNonce(message(general, "ann", "again"), "1"))
	b.same("seq and sequence", []uint64{got.Seq, got.Sequence}, []uint64{h.Seq + 1, h.Next})
	b.reopen()
	b.same("events", b.events(general, h.Seq, 10), []*chat.Event{got})
	b.same("deleted", b.head(general).Deleted, false)
	b.noError(b.Purge(b.ctx, general))
	b.same("events", b.events(general, h.Seq, 10), []*chat.Event{got})
	c, err := b.Channel(b.ctx, general)
	b.noError(err)
	b.same("kind", c.Kind, chat.Private)
}

func deleteDirect(b *bundle) {
	ch := chat.ChannelID{Project: "acme", Name: chat.DirectName("ann", "bob")}
	b.settle(ch)
	b.must(member(ch, chat.Member{User: "bob"})) // it stays in his list all the same
	h, err := b.DeleteChannel(b.ctx, ch)
	b.noError(err)
	o, err := b.Open(b.ctx, ch)
	b.noError(err)
	b.same("emptying", o.Emptying, true)
	_, err = b.try(message(ch, "bob", "x"))
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.DeleteChannel(b.ctx, ch)
	b.wantCode(err, chat.CodeUnavailable)
	b.noError(b.Purge(b.ctx, ch))
	b.nothing(ch, h)
	_, err = b.DeleteChannel(b.ctx, ch)
	b.wantCode(err, chat.CodeNotFound)
	b.reopen()
	_, err = b.Open(b.ctx, ch) // as who posts does
	b.noError(err)
	got := b.must(message(ch, "bob", "again"))
	b.same("seq", got.Seq, h.Seq+1)
	b.same("deleted", b.head(ch).Deleted, false)
	c, err := b.Channel(b.ctx, ch)
	b.noError(err)
	b.same("channel", c, &chat.Channel{ID: ch, Kind: chat.Direct, CreatedAt: got.At})
	joined, err := b.Joined(b.ctx, "acme", "ann", "", 10)
	b.noError(err)
	b.same("joined", joined, []string{ch.Name})
	ms, err := b.Members(b.ctx, ch, "", 10)
	b.noError(err)
	b.same("members", ms, []*chat.Member{{User: "ann", Role: chat.Ordinary, Since: got.At}, {User: "bob", Role: chat.Ordinary, Since: got.At}})
	for _, again := range []func(){
		func() { b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: ch, Kind: chat.Direct})) },
		func() { b.must(member(ch, chat.Member{User: "bob"})) },
	} {
		b.delete(ch)
		again()
		for _, user := range []string{"ann", "bob"} {
			joined, err := b.Joined(b.ctx, "acme", user, "", 10)
			b.noError(err)
			b.same("joined by "+user, joined, []string{ch.Name})
		}
	}
}

func deleteRefuses(b *bundle) {
	_, err := b.DeleteChannel(b.ctx, general)
	b.wantCode(err, chat.CodeNotFound)
	b.noError(b.Purge(b.ctx, general))
	_, err = b.DeleteChannel(b.ctx, chat.ChannelID{Project: "acme"})
	b.wantCode(err, chat.CodeInvalid)
	b.post("x") // the refusal has made nothing
	b.noError(b.Purge(b.ctx, general))
	b.same("messages", len(b.messages(general, chat.Page{Limit: 10})), 1)
	silent := chat.ChannelID{Project: "acme", Name: "silent"}
	b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: silent, Kind: chat.Open}))
	b.same("head", b.delete(silent), chat.Head{Seq: 1, Horizon: 1, Deleted: true})
}

// deleteWhileAppending: what was acknowledged came before, all else is refused.
func deleteWhileAppending(b *bundle) {
	var waits []<-chan result
	var h chat.Head
	for i := range 600 {
		if i == 300 {
			var err error
			h, err = b.DeleteChannel(b.ctx, general)
			b.noError(err)
		}
		waits = append(waits, b.queue(message(general, "ann", fmt.Sprint(i))))
	}
	b.noError(b.Purge(b.ctx, general))
	for i, wait := range waits {
		r := <-wait
		if i < 300 {
			b.noError(r.err)
			b.same("seq", r.Event.Seq, uint64(i+1))
		} else {
			b.wantCode(r.err, chat.CodeDeleted)
		}
	}
	b.same("head", h.Seq, uint64(301))
	b.nothing(general, h)
}

func deleteMuch(b *bundle) {
	var waits []<-chan result
	for i := range 4500 {
		d := message(general, "ann", "x")
		switch i % 3 {
		case 1:
			d = member(general, chat.Member{User: fmt.Sprint("user", i), Role: chat.Ordinary})
		case 2:
			d = &chat.Draft{Channel: general, Kind: chat.KindState, Sender: "ann", Name: fmt.Sprint(i % 999), Body: []byte("1"), TTL: day}
		}
		waits = append(waits, b.queue(d))
	}
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	b.nothing(general, b.delete(general))
	joined, err := b.Joined(b.ctx, general.Project, "user4498", "", 10)
	b.noError(err)
	b.same("joined", joined, []string{})
}
