package storetest

import (
	"fmt"

	"github.com/parley-chat/parley/chat"
)

var editChecks = []check{
	{"Edit_IsAnEventAndTheRowsNewState", editApplies},
	{"Edit_AndDeleteOfWhatIsInFlight", editInFlight},
	{"Edit_SoManyTimes", editBounds},
	{"Delete_LeavesATombstoneAndScrubsEveryEdit", deleteScrubs},
	{"Delete_TwiceIsTheFirst", deleteTwice},
	{"Delete_ThenEditIsDeleted", deleteThenEdit},
	{"Delete_SurvivesReopening", deleteSurvives},
}

func editApplies(b *bundle) {
	d := message(general, "ann", "one")
	d.Meta = []byte(`{"k":1}`)
	m := b.must(d)
	e := b.must(edit(m, "two"))
	b.same("edit", e, &chat.Event{
		Channel: general, Seq: 2, Kind: chat.KindEdit, At: e.At, Sender: "ann",
		ID: m.ID, TargetSeq: 1, Sequence: 0, Body: []byte(`"two"`), Meta: d.Meta,
	})
	want := *m
	want.Body, want.EditSeq, want.EditedAt = e.Body, 2, e.At
	got, err := b.Message(b.ctx, general, m.ID)
	b.noError(err)
	b.same("message", got, &want)
	b.same("events", b.events(general, 0, 10), []*chat.Event{&want, e})
	if string(m.Body) != `"one"` || m.EditSeq != 0 {
		b.t.Errorf("an event that was handed out has changed: %+v", m)
	}
}

// editBounds edits a message as often as it may be; what is there can be deleted.
func editBounds(b *bundle) {
	m := b.post("x")
	var waits []<-chan result
	for range chat.MaxEdits {
		waits = append(waits, b.queue(edit(m, "y")))
	}
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	_, err := b.try(edit(m, "one more"))
	b.wantCode(err, chat.CodeTooMany)
	b.reopen()
	_, err = b.try(edit(m, "one more"))
	b.wantCode(err, chat.CodeTooMany)
	b.must(edit(b.post("another"), "is another's"))
	b.must(deletion(m))
	after := uint64(0)
	for range 2 {
		for _, e := range b.events(general, after, 1000) {
			if after = e.Seq; e.ID == m.ID && e.Body != nil {
				b.t.Fatalf("seq %d still says %s", e.Seq, e.Body)
			}
		}
	}
}

// editInFlight queues a message's whole life without waiting between.
func editInFlight(b *bundle) {
	for i := range 10 {
		m := b.post(fmt.Sprint(i))
		waits := []<-chan result{
			b.queue(edit(m, "a")), b.queue(edit(m, "b")), b.queue(edit(m, "c")), b.queue(deletion(m)),
			b.queue(edit(m, "d")), b.queue(deletion(m)),
		}
		var rs []result
		for _, wait := range waits {
			rs = append(rs, <-wait)
		}
		for _, r := range rs[:4] {
			b.noError(r.err)
		}
		b.wantCode(rs[4].err, chat.CodeDeleted)
		b.noError(rs[5].err)
		if !rs[5].Repeated || rs[5].Event.Seq != rs[3].Event.Seq {
			b.t.Errorf("second delete: %+v", rs[5])
		}
		for _, e := range b.events(general, m.Seq-1, 5) {
			if e.Body != nil {
				b.t.Errorf("seq %d still says %s", e.Seq, e.Body)
			}
		}
	}
}

func deleteScrubs(b *bundle) {
	d := message(general, "ann", "secret")
	d.Meta = []byte(`{"secret":1}`)
	m := b.must(d)
	other := b.post("other")
	var last *chat.Event
	for i := range 5 {
		last = b.must(edit(m, fmt.Sprint("secret", i)))
		b.must(edit(other, fmt.Sprint(i)))
	}
	gone := b.must(deletion(m))
	b.same("deletion", gone, &chat.Event{
		Channel: general, Seq: 13, Kind: chat.KindDelete, At: gone.At, Sender: "ann", ID: m.ID, TargetSeq: 1,
	})
	want := *m
	want.Body, want.Meta, want.EditSeq, want.EditedAt, want.DeletedAt = nil, nil, last.Seq, last.At, gone.At
	got, err := b.Message(b.ctx, general, m.ID)
	b.noError(err)
	b.same("message", got, &want)
	for _, e := range b.events(general, 0, 100) {
		if e.ID == m.ID && (e.Body != nil || e.Meta != nil) {
			b.t.Errorf("seq %d still says %s %s", e.Seq, e.Body, e.Meta)
		}
		if e.ID == other.ID && e.Body == nil {
			b.t.Errorf("seq %d of another message was scrubbed", e.Seq)
		}
	}
	b.same("page", b.messages(general, chat.Page{Limit: 1, Before: 2})[0], &want)
}

func deleteTwice(b *bundle) {
	m := b.post("x")
	first := b.must(deletion(m))
	again := deletion(m)
	again.Sender, again.Nonce = "root", "other"
	b.mustRepeat(again, first)
	b.same("head", b.head(general).Seq, uint64(2))
}

func deleteThenEdit(b *bundle) {
	m := b.post("x")
	b.must(deletion(m))
	_, err := b.try(edit(m, "y"))
	b.wantCode(err, chat.CodeDeleted)
}

func deleteSurvives(b *bundle) {
	m := b.post("secret")
	b.must(edit(m, "secret too"))
	b.must(deletion(m))
	before := b.events(general, 0, 10)
	b.reopen()
	b.same("events", b.events(general, 0, 10), before)
	_, err := b.try(edit(m, "y"))
	b.wantCode(err, chat.CodeDeleted)
	c, err := b.try(deletion(m))
	b.noError(err)
	b.same("second delete", c.Event, before[2])
}
