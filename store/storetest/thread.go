package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var threadChecks = []check{
	{"Reply_IsCountedAtItsThreadsFirst", replyCounts},
	{"Reply_ToAReplyBelongsToTheFirst", replyToReply},
	{"Reply_ToADeletedMessageIsAllowed", replyToDeleted},
	{"Reply_ToNothingIsNotFound", replyToNothing},
	{"Reply_InFlight", replyInFlight},
	{"Reply_DeletedIsNotCounted", replyDeleted},
	{"Reply_OutlivesTheFirst", replyOutlives},
	{"Messages_PageAThread", pageThread},
	{"Message_WholeIsItsEdit", editCarriesAll},
}

func reply(to *chat.Event, sender, text string) *chat.Draft {
	d := message(to.Channel, sender, text)
	d.ParentID = to.ID
	return d
}

func (b *bundle) thread(of *chat.Event) []uint64 {
	b.t.Helper()
	return seqs(b.messages(of.Channel, chat.Page{Thread: of.ID, Limit: 1000}))
}

func replyCounts(b *bundle) {
	m := b.post("x")
	b.opened.Advance(time.Minute)
	first := b.must(reply(m, "bob", "y"))
	b.same("reply", first, &chat.Event{
		Channel: general, Seq: 2, Kind: chat.KindMessage, At: first.At, Sender: "bob",
		ID: first.ID, ParentID: m.ID, Sequence: 1, Body: []byte(`"y"`),
	})
	b.opened.Advance(time.Minute)
	b.must(reply(m, "ann", "z"))
	last := b.must(reply(m, "bob", "z"))
	want := &chat.Notes{Through: 4, Thread: chat.Thread{Replies: 3, LastAt: last.At, Users: []string{"bob", "ann"}}}
	b.hasNotes(m, want)
	b.hasNotes(first, nil)
	b.reopen()
	b.hasNotes(m, want)
	b.same("stored", b.message(first), first)
	b.same("thread", b.thread(m), run(2, 4))
}

func replyToReply(b *bundle) {
	m := b.post("x")
	first := b.must(reply(m, "bob", "y"))
	second := b.must(reply(first, "bob", "z"))
	third := b.must(reply(second, "bob", "z"))
	b.same("parents", []string{first.ParentID, second.ParentID, third.ParentID}, []string{m.ID, m.ID, m.ID})
	b.same("replies", b.message(m).Notes.Thread.Replies, 3)
	b.same("thread", b.thread(m), run(2, 4))
	b.same("thread of a reply", b.thread(first), []uint64{})
}

func replyToDeleted(b *bundle) {
	m := b.post("x")
	first := b.must(reply(m, "bob", "y"))
	b.must(deletion(m))
	b.must(deletion(first))
	second := b.must(reply(m, "ann", "z"))
	third := b.must(reply(first, "ann", "z"))
	b.same("parents", []string{second.ParentID, third.ParentID}, []string{m.ID, m.ID})
	b.same("replies", b.message(m).Notes.Thread.Replies, 2)
	b.same("thread", b.thread(m), []uint64{2, 5, 6})
}

func replyToNothing(b *bundle) {
	m := b.post("x")
	elsewhere := chat.ChannelID{Project: "acme", Name: "elsewhere"}
	e := b.must(message(elsewhere, "ann", "x"))
	for _, to := range []*chat.Event{
		{Channel: general, ID: "x"}, {Channel: general, ID: flip(m.ID)}, {Channel: elsewhere, ID: m.ID}, {Channel: general, ID: e.ID},
	} {
		_, err := b.try(reply(to, "bob", "y"))
		b.wantCode(err, chat.CodeNotFound)
		_, err = b.Messages(b.ctx, to.Channel, chat.Page{Thread: to.ID, Limit: 1})
		b.wantCode(err, chat.CodeNotFound)
	}
	_, err := b.Messages(b.ctx, general, chat.Page{Thread: m.ID, BySequence: true, Limit: 1})
	b.wantCode(err, chat.CodeInvalid)
	b.same("head", b.head(general).Seq, uint64(1))
}

func replyInFlight(b *bundle) {
	m := b.post("x")
	const n = 90
	var waits []<-chan result
	for i := range n {
		waits = append(waits, b.queue(reply(m, fmt.Sprint("u", i%(chat.MaxShown+5)), "y")))
	}
	var fold *chat.Notes
	for _, wait := range waits {
		r := <-wait
		b.noError(r.err)
		fold = fold.With(m.ID, r.Event)
	}
	if fold.Thread.Replies != n || len(fold.Thread.Users) != chat.MaxShown {
		b.t.Errorf("folded to %+v", fold.Thread)
	}
	b.hasNotes(m, fold)
}

func replyDeleted(b *bundle) {
	m := b.post("x")
	first := b.must(reply(m, "bob", "y"))
	b.must(reply(m, "ann", "z"))
	gone := b.must(deletion(first))
	b.same("deletion", gone, &chat.Event{
		Channel: general, Seq: 4, Kind: chat.KindDelete, At: gone.At, Sender: "bob",
		ID: first.ID, TargetSeq: 2, ParentID: m.ID, Sequence: 1,
	})
	n := b.message(m).Notes
	if n.Thread.Replies != 1 || n.Through != 4 {
		b.t.Errorf("after one of two was deleted: %+v", n)
	}
	b.mustRepeat(deletion(first), gone)
	b.same("replies", b.message(m).Notes.Thread.Replies, 1)
	got := b.messages(general, chat.Page{Thread: m.ID, Limit: 10})
	b.same("thread", seqs(got), run(2, 3))
	if !got[0].Deleted() || got[0].ParentID != m.ID {
		b.t.Errorf("tombstone %+v", got[0])
	}
	b.reopen()
	b.same("stored", b.events(general, 3, 1), []*chat.Event{gone})
}

func replyOutlives(b *bundle) {
	m := b.post("x")
	b.opened.Advance(day)
	first := b.must(reply(m, "bob", "y"))
	second := b.must(reply(m, "bob", "z"))
	b.expire(first.At.Add(chat.DefaultRetention), 1)
	for range 2 {
		_, err := b.Messages(b.ctx, general, chat.Page{Thread: m.ID, Limit: 10})
		b.wantCode(err, chat.CodeNotFound)
		for _, to := range []*chat.Event{m, first} {
			_, err = b.try(reply(to, "ann", "late"))
			b.wantCode(err, chat.CodeNotFound)
		}
		b.same("reply", b.message(second), second)
		b.reopen()
	}
	gone := b.must(deletion(first))
	b.same("its parent", gone.ParentID, m.ID)
}

func pageThread(b *bundle) {
	m, other := b.post("x"), b.post("other")
	var all, between []*chat.Event
	for i := range 30 {
		to := m
		if i%3 == 0 {
			to = other
		}
		e := b.must(reply(to, "bob", fmt.Sprint(i)))
		if to == m {
			all = append(all, e)
		}
		if i%4 == 0 {
			between = append(between, b.post("between"))
		}
	}
	most := b.head(general).Seq + 3
	for before := uint64(0); before <= most; before += 3 {
		for after := uint64(0); after <= most; after += 2 {
			for _, limit := range []int{1, 4, 1000} {
				for _, forward := range []bool{false, true} {
					p := chat.Page{Thread: m.ID, Before: before, After: after, Forward: forward, Limit: limit}
					b.same(fmt.Sprintf("%+v", p), b.messages(general, p), pick(all, p))
				}
			}
		}
	}
	for _, e := range between {
		b.must(reaction(e, "ann", "no part of it"))
	}
	b.must(reaction(all[3], "ann", "x"))
	got := b.messages(general, chat.Page{Thread: m.ID, Limit: 1000})
	for i, e := range got {
		b.same("with its notes", e, b.message(all[i]))
	}
	_, err := b.Messages(b.ctx, general, chat.Page{Thread: m.ID})
	b.wantCode(err, chat.CodeInvalid)
}

// editCarriesAll: an edit says everything that its message does, as it may
// outlive it.
func editCarriesAll(b *bundle) {
	first := b.post("first")
	d := reply(first, "ann", "x")
	d.Meta, d.Mentions, d.TTL = []byte(`{"k":1}`), []string{"bob", "cyd"}, time.Hour
	m := b.must(d)
	want := m.At.Add(time.Hour)
	b.same("expiry", m.ExpiresAt, want)
	b.same("mentions", m.Mentions, d.Mentions)
	b.same("stored", b.message(m), m)
	e := b.must(edit(m, "y"))
	b.same("edit", e, &chat.Event{
		Channel: general, Seq: 3, Kind: chat.KindEdit, At: e.At, Sender: "ann", ID: m.ID, TargetSeq: 2, Sequence: 1,
		ParentID: first.ID, Body: []byte(`"y"`), Meta: d.Meta, Mentions: d.Mentions, ExpiresAt: want,
	})
	now := b.message(m)
	if now.ParentID != first.ID || !now.ExpiresAt.Equal(want) || len(now.Mentions) != 2 {
		b.t.Errorf("edited to %+v", now)
	}
	b.must(deletion(m))
	for _, e := range b.events(general, 0, 10) {
		if e.ID == m.ID && (e.Body != nil || e.Meta != nil || e.Mentions != nil || e.ParentID != first.ID) {
			b.t.Errorf("after the delete: %+v", e)
		}
	}
}
