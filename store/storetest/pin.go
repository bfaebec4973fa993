package storetest

import (
	"fmt"

	"github.com/parley-chat/parley/chat"
)

var pinChecks = []check{
	{"Pin_IsAnEventAndTheMessagesNotes", pinApplies},
	{"Pin_AgainIsTheFirst", pinAgain},
	{"Pin_AllowsSoMany", pinBounds},
	{"Pins_ComeInTheOrderOfTheirMessages", pinsInOrder},
}

func pin(of *chat.Event, by string) *chat.Draft {
	return &chat.Draft{Channel: of.Channel, Kind: chat.KindPin, Sender: by, ID: of.ID, On: true}
}

// pinned checks which messages are pinned, and that they are served whole.
func (b *bundle) pinned(ch chat.ChannelID, want ...*chat.Event) {
	b.t.Helper()
	got, err := b.Pins(b.ctx, ch)
	b.noError(err)
	b.same("pins", seqs(got), seqs(want))
	for _, e := range got {
		b.same("pinned message", e, b.message(e))
	}
}

func pinApplies(b *bundle) {
	m := b.post("x")
	b.pinned(general)
	e := b.must(pin(m, "bob"))
	b.same("pin", e, &chat.Event{
		Channel: general, Seq: 2, Kind: chat.KindPin, At: e.At, Sender: "bob", ID: m.ID, TargetSeq: 1, Sequence: m.Sequence, On: true,
	})
	b.hasNotes(m, &chat.Notes{Through: 2, PinnedBy: "bob", PinnedAt: e.At})
	b.pinned(general, m)
	b.reopen()
	b.pinned(general, m)
	b.must(edit(m, "y"))
	b.pinned(general, m)
	b.must(off(pin(m, "ann")))
	b.hasNotes(m, &chat.Notes{Through: 4})
	b.pinned(general)
	_, err := b.try(off(pin(m, "ann")))
	b.wantCode(err, chat.CodeNotFound)
}

func pinAgain(b *bundle) {
	m := b.post("x")
	first := b.must(pin(m, "bob"))
	b.same("event", b.mustRepeat(pin(m, "ann"), first), first)
	b.same("head", b.head(general).Seq, uint64(2))
}

func pinBounds(b *bundle) {
	var all []*chat.Event
	var waits []<-chan result
	for i := range chat.MaxPins + 1 {
		all = append(all, b.post(fmt.Sprint(i)))
	}
	for _, m := range all[:chat.MaxPins] {
		waits = append(waits, b.queue(pin(m, "bob")))
	}
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	last := all[chat.MaxPins]
	for range 2 {
		_, err := b.try(pin(last, "bob"))
		b.wantCode(err, chat.CodeTooMany)
		b.reopen()
	}
	b.must(deletion(all[0]))
	b.must(pin(last, "bob"))
	b.must(off(pin(all[1], "bob")))
	b.must(pin(b.post("more"), "bob"))
	_, err := b.try(pin(all[1], "bob"))
	b.wantCode(err, chat.CodeTooMany)
	// What expires makes room.
	old := b.message(all[50]).At
	b.opened.Advance(2 * day)
	fresh := b.post("fresh")
	n, err := b.Expire(b.ctx, old.Add(chat.DefaultRetention+day))
	b.noError(err)
	if n < chat.MaxPins {
		b.t.Fatalf("only %d events expired", n)
	}
	b.pinned(general)
	b.must(pin(fresh, "bob"))
	b.pinned(general, fresh)
}

func pinsInOrder(b *bundle) {
	var all []*chat.Event
	for i := range 12 {
		all = append(all, b.post(fmt.Sprint(i)))
	}
	for i := range all {
		b.must(pin(all[(i*5)%len(all)], "bob"))
	}
	b.must(reaction(all[3], "ann", "x"))
	b.pinned(general, all...)
	b.pinned(chat.ChannelID{Project: "acme", Name: "none"})
}
