package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var nonceChecks = []check{
	{"Nonce_AnswersARepetitionWithTheFirst", nonceRepeats},
	{"Nonce_IsItsSendersAndChannelsOwn", nonceIsOwn},
	{"Nonce_WithOtherContentConflicts", nonceConflicts},
	{"Nonce_InFlightIsOneEvent", nonceInFlight},
	{"Nonce_OfADeletedMessageYieldsItsTombstone", nonceOfDeleted},
	{"Nonce_OfAnEditedMessageYieldsItsPresentBody", nonceOfEdited},
	{"Nonce_OfEditsAndDeletesRepeatsToo", nonceOfOthers},
	{"Nonce_OfAMessageYieldsItsNotes", nonceWithNotes},
	{"Nonce_OfReactionsPinsAndStateRepeatsToo", nonceOfHanging},
	{"Nonce_StandsForAllThatADraftSays", nonceContent},
	{"Nonce_OlderThanItsTTLIsNew", nonceTTL},
	{"Nonce_BelowTheHorizonIsNew", nonceExpired},
	{"Nonce_ReusedOutlivesTheExpiryOfItsFirstEvent", nonceReusedOutlives},
}

func (b *bundle) mustRepeat(d *chat.Draft, first *chat.Event) *chat.Event {
	b.t.Helper()
	c, err := b.try(d)
	b.noError(err)
	if !c.Repeated || c.Event.Seq != first.Seq || c.Event.ID != first.ID {
		b.t.Fatalf("got %+v, repeated %v; want a repetition of %+v", c.Event, c.Repeated, first)
	}
	return c.Event
}

func once(text string) *chat.Draft { return withNonce(message(general, "ann", text), "n") }

func nonceRepeats(b *bundle) {
	first := b.must(once("x"))
	for range 3 {
		b.same("event", b.mustRepeat(once("x"), first), first)
	}
	b.same("head", b.head(general).Seq, uint64(1))
	if e := b.post("next"); e.Seq != 2 {
		b.t.Errorf("a repetition took a seq: %+v", e)
	}
}

func nonceIsOwn(b *bundle) {
	first := b.must(once("x"))
	other := chat.ChannelID{Project: "acme", Name: "other"}
	b.must(withNonce(message(general, "bob", "x"), "n"))
	b.must(withNonce(message(other, "ann", "x"), "n"))
	b.must(withNonce(message(general, "an", "x"), "nn"))
	b.must(withNonce(message(general, "ann", "x"), "N"))
	b.must(withNonce(message(general, "ann", "x"), "n "))
	b.mustRepeat(once("x"), first)
}

func nonceConflicts(b *bundle) {
	m := b.post("target")
	b.must(once("x"))
	withMeta := once("x")
	withMeta.Meta = []byte(`{}`)
	for name, d := range map[string]*chat.Draft{
		"body":   once("y"),
		"meta":   withMeta,
		"edit":   withNonce(edit(m, "x"), "n"),
		"delete": withNonce(deletion(m), "n"),
		"member": withNonce(&chat.Draft{Channel: general, Kind: chat.KindMember, Sender: "ann", Member: &chat.Member{User: "bob", Role: chat.Reader}}, "n"),
	} {
		if _, err := b.try(d); chat.CodeOf(err) != chat.CodeConflict {
			b.t.Errorf("other %s: %v", name, err)
		}
	}
	b.same("head", b.head(general).Seq, uint64(2))
}

func nonceInFlight(b *bundle) {
	for round := range 20 {
		ch := chat.ChannelID{Project: "acme", Name: fmt.Sprint("room", round)}
		var waits []<-chan result
		for i := range 30 {
			waits = append(waits, b.queue(withNonce(message(ch, "ann", "x"), fmt.Sprint(i%3))))
		}
		fresh := 0
		for i, wait := range waits {
			r := <-wait
			b.noError(r.err)
			if !r.Repeated {
				fresh++
			}
			if want := uint64(i%3 + 1); r.Event.Seq != want {
				b.t.Fatalf("append %d got seq %d, want %d", i, r.Event.Seq, want)
			}
			if h := b.head(ch); h.Seq < r.Event.Seq {
				b.t.Fatalf("the answer for %d came at head %d", r.Event.Seq, h.Seq)
			}
		}
		if fresh != 3 {
			b.t.Fatalf("%d of 3 events are called new", fresh)
		}
	}
}

func nonceOfDeleted(b *bundle) {
	m := b.must(once("x"))
	b.must(deletion(m))
	if e := b.mustRepeat(once("x"), m); !e.Deleted() || e.Body != nil {
		b.t.Errorf("got %+v", e)
	}
}

func nonceOfEdited(b *bundle) {
	m := b.must(once("x"))
	b.must(edit(m, "y"))
	if e := b.mustRepeat(once("x"), m); string(e.Body) != `"y"` || e.EditSeq != 2 {
		b.t.Errorf("got %+v", e)
	}
}

func nonceOfOthers(b *bundle) {
	m := b.post("x")
	changed := b.must(withNonce(edit(m, "y"), "e"))
	b.mustRepeat(withNonce(edit(m, "y"), "e"), changed)
	joined := b.must(withNonce(member(general, chat.Member{User: "bob", Role: chat.Reader}), "m"))
	b.mustRepeat(withNonce(member(general, chat.Member{User: "bob", Role: chat.Reader}), "m"), joined)
	gone := b.must(withNonce(deletion(m), "d"))
	b.mustRepeat(withNonce(deletion(m), "d"), gone)
	if e := b.mustRepeat(withNonce(edit(m, "y"), "e"), changed); e.Body != nil {
		b.t.Errorf("the edit of a deleted message still says %s", e.Body)
	}
	b.same("head", b.head(general).Seq, uint64(4))
}

func nonceWithNotes(b *bundle) {
	m := b.must(once("x"))
	b.must(reaction(m, "bob", "x"))
	got := b.mustRepeat(once("x"), m)
	b.same("event", got, b.message(m))
	if m.Notes != nil {
		b.t.Errorf("an event that was handed out has changed: %+v", m.Notes)
	}
}

func nonceOfHanging(b *bundle) {
	m := b.post("x")
	drafts := []func() *chat.Draft{
		func() *chat.Draft { return withNonce(reaction(m, "ann", "x"), "r") },
		func() *chat.Draft { return withNonce(off(reaction(m, "ann", "x")), "r-") },
		func() *chat.Draft { return withNonce(pin(m, "ann"), "p") },
		func() *chat.Draft { return withNonce(off(pin(m, "ann")), "p-") },
		func() *chat.Draft { return withNonce(setIf("k", "1", 0), "s") },
		func() *chat.Draft { return withNonce(addTo("k", 2), "a") },
		func() *chat.Draft { return withNonce(set("k", ""), "s-") },
	}
	var firsts []*chat.Event
	for _, d := range drafts {
		firsts = append(firsts, b.must(d()))
	}
	for range 2 {
		for i, d := range drafts {
			b.same("repetition", b.mustRepeat(d(), firsts[i]), firsts[i])
		}
		b.reopen()
	}
	b.same("head", b.head(general).Seq, uint64(8))
}

// nonceContent changes one thing at a time that a draft says.
func nonceContent(b *bundle) {
	m, other := b.post("x"), b.post("y")
	for name, c := range map[string]struct {
		base   *chat.Draft
		change func(d *chat.Draft)
	}{
		"parent":          {message(general, "ann", "x"), func(d *chat.Draft) { d.ParentID = m.ID }},
		"another parent":  {reply(m, "ann", "x"), func(d *chat.Draft) { d.ParentID = other.ID }},
		"mention":         {message(general, "ann", "x"), func(d *chat.Draft) { d.Mentions = []string{"bob"} }},
		"another mention": {mentioning("x", "bob"), func(d *chat.Draft) { d.Mentions = []string{"cyd"} }},
		"ttl":             {message(general, "ann", "x"), func(d *chat.Draft) { d.TTL = time.Hour }},
		"name":            {reaction(m, "ann", "x"), func(d *chat.Draft) { d.Name = "y" }},
		"reaction's on":   {reaction(m, "ann", "z"), func(d *chat.Draft) { d.On = false }},
		"pin's on":        {pin(m, "ann"), func(d *chat.Draft) { d.On = false }},
		"key":             {set("a", "1"), func(d *chat.Draft) { d.Name = "b" }},
		"value":           {set("a", "1"), func(d *chat.Draft) { d.Body = []byte("2") }},
		"if":              {set("a", "1"), func(d *chat.Draft) { d.If = new(uint64) }},
		"add":             {addTo("n", 1), func(d *chat.Draft) { *d.Add = 2 }},
		"add to set":      {addTo("m", 0), func(d *chat.Draft) { d.Add, d.Body = nil, []byte("0") }},
	} {
		first := *c.base
		first.Nonce = name
		if c.base.Add != nil {
			n := *c.base.Add
			first.Add = &n
		}
		b.must(&first)
		c.change(c.base)
		c.base.Nonce = name
		if _, err := b.try(c.base); chat.CodeOf(err) != chat.CodeConflict {
			b.t.Errorf("other %s: %v", name, err)
		}
	}
}

func nonceTTL(b *bundle) {
	short := func() *chat.Draft {
		d := once("x")
		d.NonceTTL = time.Minute
		return d
	}
	first := b.must(short())
	b.opened.Advance(59 * time.Second)
	b.mustRepeat(short(), first)
	b.opened.Advance(time.Second)
	second := b.must(short())
	b.same("seq", second.Seq, uint64(2))
	b.mustRepeat(short(), second)
	b.opened.Advance(time.Hour)
	b.mustRepeat(once("x"), second)
}

func nonceExpired(b *bundle) {
	first := b.must(once("x"))
	n, err := b.Expire(b.ctx, first.At.Add(chat.DefaultRetention+time.Second))
	b.noError(err)
	b.same("expired", n, 1)
	second := b.must(once("y"))
	b.same("seq", second.Seq, uint64(2))
	b.reopen()
	b.mustRepeat(once("y"), second)
}

func nonceReusedOutlives(b *bundle) {
	d := once("x")
	first := b.must(d)
	b.opened.Advance(time.Hour)
	again := once("x")
	again.NonceTTL = time.Minute
	second := b.must(again)
	n, err := b.Expire(b.ctx, first.At.Add(chat.DefaultRetention+time.Second))
	b.noError(err)
	b.same("expired", n, 1)
	b.mustRepeat(once("x"), second)
}
