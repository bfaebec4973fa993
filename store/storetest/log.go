package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

var logChecks = []check{
	{"Append_AssignsSeqSequenceIDAndTime", appendAssigns},
	{"Append_AnswersInSeqOrder", appendAnswersInOrder},
	{"Append_ManyAtOnceLeavesNoHole", appendManyAtOnce},
	{"Append_IsDurableWhenAnswered", appendIsDurable},
	{"Append_TimeNeverGoesBack", timeNeverGoesBack},
	{"Append_RefusesBadDrafts", appendRefuses},
	{"Append_RefusalsLeaveNoHole", refusalsLeaveNoHole},
	{"Append_TakesBodiesUpToTheBound", bodiesUpToTheBound},
	{"Append_ServesAllKindsInOneOrder", allKinds},
	{"Append_EndsARowOfDraftsWithTheFirstRefusedForNow", latched},
}

func appendAssigns(b *bundle) {
	d := message(general, "ann", "hello")
	d.SenderName, d.Session, d.Nonce, d.Meta = "Ann", "s1", "n1", []byte(`{"a":1}`)
	e := b.must(d)
	b.same("event", e, &chat.Event{
		Channel: general, Seq: 1, Kind: chat.KindMessage, At: e.At, Sender: "ann", SenderName: "Ann",
		ID: e.ID, Sequence: 0, Body: d.Body, Meta: d.Meta, Nonce: "n1",
	})
	if e.Session != "s1" {
		b.t.Errorf("session %q is not the draft's", e.Session)
	}
	if e.At.IsZero() || e.At.Location() != time.UTC || !e.At.Equal(e.At.Truncate(time.Millisecond)) {
		b.t.Errorf("time %v is not whole milliseconds UTC", e.At)
	}
	if len(e.ID) != 36 || e.ID[14] != '7' {
		b.t.Errorf("id %q is not a UUID of version 7", e.ID)
	}
	next := b.post("again")
	if next.Seq != 2 || next.Sequence != 1 || next.ID == e.ID {
		b.t.Errorf("the next message is %+v", next)
	}
	b.same("head", b.head(general), chat.Head{Seq: 2, Next: 2, LastTime: next.At})
	b.same("stored", b.events(general, 0, 10), []*chat.Event{e, next})
}

func appendAnswersInOrder(b *bundle) {
	const n = 500
	answered := make(chan uint64, n)
	for i := range n {
		b.Append(message(general, "ann", fmt.Sprint(i)), func(c chat.Committed, err error) {
			if err != nil {
				answered <- 0
				return
			}
			answered <- c.Event.Seq
		})
	}
	for want := uint64(1); want <= n; want++ {
		if got := <-answered; got != want {
			b.t.Fatalf("answer %d is for seq %d", want, got)
		}
	}
}

func appendManyAtOnce(b *bundle) {
	const senders, each, channels = 16, 40, 3
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				ch := chat.ChannelID{Project: "acme", Name: fmt.Sprint("room", (s+i)%channels)}
				if _, err := b.try(withNonce(message(ch, fmt.Sprint("u", s), fmt.Sprint(i)), fmt.Sprint(i))); err != nil {
					b.t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for c := range channels {
		ch := chat.ChannelID{Project: "acme", Name: fmt.Sprint("room", c)}
		h := b.head(ch)
		es := b.events(ch, 0, senders*each)
		b.same("seqs", seqs(es), run(1, h.Seq))
		last := map[string]string{}
		for i, e := range es {
			if e.Sequence != uint64(i) {
				b.t.Errorf("seq %d has sequence %d", e.Seq, e.Sequence)
			}
			if n := last[e.Sender]; len(n) > len(e.Nonce) || len(n) == len(e.Nonce) && n >= e.Nonce {
				b.t.Errorf("of %s, %s came before %s", e.Sender, n, e.Nonce)
			}
			last[e.Sender] = e.Nonce
		}
		total += len(es)
	}
	if total != senders*each {
		b.t.Errorf("%d events for %d appends", total, senders*each)
	}
}

func appendIsDurable(b *bundle) {
	e := b.post("kept")
	got, err := b.Message(b.ctx, general, e.ID)
	b.noError(err)
	b.same("message", got, e)
	b.same("head", b.head(general), chat.Head{Seq: 1, Next: 1, LastTime: e.At})
	b.reopen()
	b.same("after reopening", b.events(general, 0, 10), []*chat.Event{e})
}

func timeNeverGoesBack(b *bundle) {
	first := b.post("now")
	b.opened.Advance(-time.Hour)
	if second := b.post("the clock was set back"); second.At.Before(first.At) {
		b.t.Errorf("%v came after %v", second.At, first.At)
	}
	b.reopen()
	if third := b.post("reopened"); third.At.Before(first.At) {
		b.t.Errorf("%v came after %v", third.At, first.At)
	}
}

func appendRefuses(b *bundle) {
	m := b.post("there")
	long := string(make([]byte, 200))
	for name, c := range map[string]struct {
		draft *chat.Draft
		want  chat.Code
	}{
		"no channel":          {message(chat.ChannelID{Project: "acme"}, "ann", "x"), chat.CodeInvalid},
		"no project":          {message(chat.ChannelID{Name: "general"}, "ann", "x"), chat.CodeInvalid},
		"unprintable channel": {message(chat.ChannelID{Project: "acme", Name: "a\x00b"}, "ann", "x"), chat.CodeInvalid},
		"no body":             {&chat.Draft{Channel: general, Kind: chat.KindMessage, Sender: "ann"}, chat.CodeInvalid},
		"no kind":             {&chat.Draft{Channel: general, Sender: "ann", Body: []byte("1")}, chat.CodeInvalid},
		"long sender":         {message(general, long, "x"), chat.CodeInvalid},
		"long nonce":          {withNonce(message(general, "ann", "x"), long), chat.CodeInvalid},
		"large body":          {&chat.Draft{Channel: general, Kind: chat.KindMessage, Sender: "ann", Body: make([]byte, chat.MaxBody+1)}, chat.CodeTooLarge},
		"large meta":          {&chat.Draft{Channel: general, Kind: chat.KindMessage, Sender: "ann", Body: []byte("1"), Meta: make([]byte, chat.MaxMeta+1)}, chat.CodeTooLarge},
		"member of nobody":    {&chat.Draft{Channel: general, Kind: chat.KindMember, Sender: "ann"}, chat.CodeInvalid},
		"edit of nothing":     {edit(&chat.Event{Channel: general}, "x"), chat.CodeNotFound},
		"edit of another's":   {edit(&chat.Event{Channel: general, ID: "00000000-0000-7000-8000-000000000000"}, "x"), chat.CodeNotFound},
		"edit elsewhere":      {edit(&chat.Event{Channel: chat.ChannelID{Project: "acme", Name: "other"}, ID: m.ID}, "x"), chat.CodeNotFound},
		"delete of nothing":   {deletion(&chat.Event{Channel: general, ID: "x"}), chat.CodeNotFound},
	} {
		if _, err := b.try(c.draft); chat.CodeOf(err) != c.want {
			b.t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	b.same("head", b.head(general).Seq, uint64(1))
	_, err := b.Channel(b.ctx, chat.ChannelID{Project: "acme", Name: "other"})
	b.wantCode(err, chat.CodeNotFound)
}

func refusalsLeaveNoHole(b *bundle) {
	var waits []<-chan result
	for i := range 60 {
		d := message(general, "ann", fmt.Sprint(i))
		if i%3 == 1 {
			d = edit(&chat.Event{Channel: general, ID: "nothing"}, "x")
		}
		waits = append(waits, b.queue(d))
	}
	for i, wait := range waits {
		if r := <-wait; (r.err != nil) != (i%3 == 1) {
			b.t.Errorf("append %d: %v", i, r.err)
		}
	}
	b.same("seqs", seqs(b.events(general, 0, 100)), run(1, 40))
}

func bodiesUpToTheBound(b *bundle) {
	body := make([]byte, chat.MaxBody)
	for i := range body {
		body[i] = byte('a' + i%26)
	}
	var waits []<-chan result
	for range 40 {
		waits = append(waits, b.queue(&chat.Draft{Channel: general, Kind: chat.KindMessage, Sender: "ann", Body: body}))
	}
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	for _, e := range b.events(general, 0, 100) {
		b.same("body", string(e.Body), string(body))
	}
}

func allKinds(b *bundle) {
	m := b.post("one")
	joined := b.must(member(general, chat.Member{User: "bob", Role: chat.Ordinary}))
	changed := b.must(edit(m, "two"))
	gone := b.must(deletion(b.post("three")))
	es := b.events(general, 0, 10)
	b.same("seqs", seqs(es), run(1, 5))
	b.same("member", es[1], joined)
	b.same("edit", es[2], changed)
	b.same("deletion", es[4], gone)
	if h := b.head(general); h.Next != 2 {
		b.t.Errorf("two messages, and the next sequence is %d", h.Next)
	}
	b.same("from the middle", seqs(b.events(general, 2, 2)), run(3, 4))
}

// latched has drafts that keep their order: what is refused for good does not
// end the row, what was refused for now does.
func latched(b *bundle) {
	row := func(text string, l *chat.Latch) *chat.Draft {
		d := message(general, "ann", text)
		d.Latch = l
		return d
	}
	l := new(chat.Latch)
	b.must(row("one", l))
	lost := row("lost", l)
	lost.ParentID = "nothing"
	if _, err := b.try(lost); chat.CodeOf(err) != chat.CodeNotFound {
		b.t.Errorf("an answer to nothing: %v", err)
	}
	b.must(row("two", l))
	full := l.Note(chat.E(chat.CodeStorageFull, "the disk was full"))
	if _, err := b.try(row("three", l)); !errors.Is(err, full) {
		b.t.Errorf("after one that was refused for now: %v", err)
	}
	b.must(row("alone", nil))
	b.must(row("in another row", new(chat.Latch)))
	b.same("head", b.head(general).Seq, uint64(4))
}
