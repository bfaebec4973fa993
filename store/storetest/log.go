package storetest

import (
	"context"
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
	{"Head_OfNothingIsZero", headOfNothing},
	{"Head_IsNeverAheadOfEvents", headNeverAhead},
	{"Events_ComeInPagesWithoutAHole", eventsInPages},
	{"Events_AheadOfTheHeadIsExpired", eventsAhead},
	{"Message_IsFoundByIDInItsChannelOnly", messageByID},
	{"Projects_AndChannelsAreApart", projectsApart},
	{"Epoch_StaysAcrossReopening", epochStays},
	{"Reopen_GoesOnWhereItStopped", reopenGoesOn},
	{"Close_MakesEverythingUnavailable", closeMakesUnavailable},
	{"Context_EndedIsAnError", contextEnded},
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

func headOfNothing(b *bundle) {
	b.same("head", b.head(general), chat.Head{})
	b.same("events", b.events(general, 0, 10), []*chat.Event{})
	b.same("messages", b.messages(general, chat.Page{Limit: 10}), []*chat.Event{})
}

func headNeverAhead(b *bundle) {
	ctx, stop := context.WithCancel(b.ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for r := range 4 {
		wg.Go(func() {
			for seen := uint64(0); ctx.Err() == nil; {
				h, err := b.Head(b.ctx, general)
				if err != nil || h.Seq < seen {
					b.t.Errorf("reader %d: head went from %d to %d, %v", r, seen, h.Seq, err)
					return
				}
				if h.Seq > seen {
					es, err := b.Events(b.ctx, general, seen, int(h.Seq-seen))
					if err != nil || len(es) != int(h.Seq-seen) || es[0].Seq != seen+1 {
						b.t.Errorf("reader %d: %d events after %d at head %d, %v", r, len(es), seen, h.Seq, err)
						return
					}
				}
				seen = h.Seq
			}
		})
	}
	for i := range 200 {
		e := b.post(fmt.Sprint(i))
		if h := b.head(general); h.Seq < e.Seq {
			b.t.Errorf("head %d after the answer for %d", h.Seq, e.Seq)
		}
	}
}

func eventsInPages(b *bundle) {
	for i := range 25 {
		b.post(fmt.Sprint(i))
	}
	var all []uint64
	for after := uint64(0); ; {
		es := b.events(general, after, 7)
		if len(es) == 0 {
			break
		}
		all = append(all, seqs(es)...)
		after = es[len(es)-1].Seq
	}
	b.same("seqs", all, run(1, 25))
	_, err := b.Events(b.ctx, general, 0, 0)
	b.wantCode(err, chat.CodeInvalid)
}

func eventsAhead(b *bundle) {
	b.post("one")
	b.same("at the head", len(b.events(general, 1, 10)), 0)
	_, err := b.Events(b.ctx, general, 2, 10)
	b.wantCode(err, chat.CodeExpired)
	x := chat.AsError(err).Expired
	b.same("expired", x, &chat.Expired{
		Reason: "ahead",
		Oldest: chat.Position{Epoch: b.Epoch()},
		Head:   chat.Position{Epoch: b.Epoch(), Seq: 1},
	})
}

func messageByID(b *bundle) {
	b.post("before")
	m := b.post("this")
	got, err := b.Message(b.ctx, general, m.ID)
	b.noError(err)
	b.same("message", got, m)
	for _, ch := range []chat.ChannelID{{Project: "acme", Name: "other"}, {Project: "other", Name: "general"}} {
		_, err = b.Message(b.ctx, ch, m.ID)
		b.wantCode(err, chat.CodeNotFound)
	}
	for _, id := range []string{"", "x", m.ID + "0", m.ID[:35] + "g", "00000000-0000-7000-8000-000000000000", flip(m.ID)} {
		_, err = b.Message(b.ctx, general, id)
		b.wantCode(err, chat.CodeNotFound)
	}
}

// flip changes the last digit of an id.
func flip(id string) string {
	last := byte('0')
	if id[35] == '0' {
		last = '1'
	}
	return id[:35] + string(last)
}

func projectsApart(b *bundle) {
	names := []chat.ChannelID{
		{Project: "a", Name: "bc"},
		{Project: "ab", Name: "c"},
		{Project: "a", Name: "b"},
		{Project: "a", Name: "b/c"},
		{Project: "a/b", Name: "c"},
		{Project: "a:b", Name: "c"},
		{Project: "a", Name: "b:c"},
		{Project: "b", Name: "bc"},
		{Project: "a b", Name: "c"},
		{Project: "a", Name: "b c"},
		{Project: "A", Name: "bc"},
		{Project: "é", Name: "bc"},
	}
	ids := map[chat.ChannelID]*chat.Event{}
	for i, ch := range names {
		for range i + 1 {
			ids[ch] = b.must(message(ch, "ann", fmt.Sprintf("%q", ch)))
		}
		b.must(member(ch, chat.Member{User: fmt.Sprint("u", i), Role: chat.Ordinary}))
		_, err := b.MoveCursors(b.ctx, []chat.Cursor{{Channel: ch, User: "ann", Read: uint64(i + 1)}})
		b.noError(err)
		b.noError(b.PutUsers(b.ctx, []*chat.User{{Project: ch.Project, ID: "ann", Name: fmt.Sprint("Ann ", i)}}))
		first := b.must(withNonce(message(ch, "ann", "once"), "nonce"))
		b.same("seq", first.Seq, uint64(i+3))
	}
	for i, ch := range names {
		b.same("head", b.head(ch).Seq, uint64(i+3))
		for _, e := range b.messages(ch, chat.Page{Limit: 100}) {
			if e.Channel != ch {
				b.t.Errorf("%q holds %+v", ch, e)
			}
		}
		ms, err := b.Members(b.ctx, ch, "", 10)
		b.noError(err)
		if len(ms) != 1 || ms[0].User != fmt.Sprint("u", i) {
			b.t.Errorf("%q has members %v", ch, ms)
		}
		c, err := b.Cursor(b.ctx, ch, "ann")
		b.noError(err)
		b.same("cursor", c.Read, uint64(i+1))
	}
	b.same("channels of a", b.channelNames("a"), []string{"b", "b c", "b/c", "b:c", "bc"})
	b.same("channels of ab", b.channelNames("ab"), []string{"c"})
	b.same("channels of nobody", b.channelNames("abc"), []string{})
}

func (b *bundle) channelNames(project string) []string {
	b.t.Helper()
	all, err := b.Channels(b.ctx, project, "", 100)
	b.noError(err)
	names := []string{}
	for _, c := range all {
		names = append(names, c.ID.Name)
	}
	return names
}

func epochStays(b *bundle) {
	epoch := b.Epoch()
	if _, err := chat.ParsePosition(chat.Position{Epoch: epoch, Seq: 1}.String()); err != nil {
		b.t.Errorf("epoch %q makes no position: %v", epoch, err)
	}
	b.post("x")
	b.reopen()
	b.same("epoch", b.Epoch(), epoch)
}

func reopenGoesOn(b *bundle) {
	m := b.must(withNonce(message(general, "ann", "one"), "n"))
	b.must(edit(m, "two"))
	h := b.head(general)
	b.reopen()
	b.same("head", b.head(general), h)
	c, err := b.try(withNonce(message(general, "ann", "one"), "n"))
	b.noError(err)
	if !c.Repeated || c.Event.ID != m.ID {
		b.t.Errorf("the nonce was forgotten: %+v", c)
	}
	if e := b.post("three"); e.Seq != 3 || e.Sequence != 1 {
		b.t.Errorf("the next event is %+v", e)
	}
}

func closeMakesUnavailable(b *bundle) {
	m := b.post("x")
	waits := []<-chan result{b.queue(message(general, "ann", "waits")), b.queue(message(general, "ann", "too"))}
	b.noError(b.Close())
	b.noError(b.Close())
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	_, err := b.try(message(general, "ann", "late"))
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Head(b.ctx, general)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Events(b.ctx, general, 0, 1)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Messages(b.ctx, general, chat.Page{Limit: 1})
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Message(b.ctx, general, m.ID)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Channel(b.ctx, general)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.MoveCursors(b.ctx, []chat.Cursor{{Channel: general, User: "ann", Read: 1}})
	b.wantCode(err, chat.CodeUnavailable)
	b.wantCode(b.PutChannel(b.ctx, &chat.Channel{ID: general, Kind: chat.Open}), chat.CodeUnavailable)
	_, err = b.Expire(b.ctx, m.At)
	b.wantCode(err, chat.CodeUnavailable)
}

func contextEnded(b *bundle) {
	b.post("x")
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	if _, err := b.Head(ctx, general); err == nil {
		b.t.Error("Head answers an ended context")
	}
	if _, err := b.MoveCursors(ctx, []chat.Cursor{{Channel: general, User: "ann", Read: 1}}); err == nil {
		b.t.Error("MoveCursors answers an ended context")
	}
	if err := b.PutUsers(ctx, []*chat.User{{Project: "acme", ID: "ann"}}); err == nil {
		b.t.Error("PutUsers answers an ended context")
	}
}
