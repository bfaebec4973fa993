package storetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/parley-chat/parley/chat"
)

var readChecks = []check{
	{"Head_OfNothingIsZero", headOfNothing},
	{"Head_IsNeverAheadOfEvents", headNeverAhead},
	{"Events_ComeInPagesWithoutAHole", eventsInPages},
	{"Events_AheadOfTheHeadIsExpired", eventsAhead},
	{"Message_IsFoundByIDInItsChannelOnly", messageByID},
	{"Projects_AndChannelsAreApart", projectsApart},
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
