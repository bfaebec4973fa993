package storetest

import (
	"fmt"

	"github.com/parley-chat/parley/chat"
)

var pageChecks = []check{
	{"Messages_PageBothWays", pageBothWays},
	{"Messages_PageBySequence", pageBySequence},
	{"Messages_KeepTombstones", pageTombstones},
	{"Messages_RefuseBadLimits", pageLimits},
}

// mixed writes 30 messages with other events between; it gives the messages.
func mixed(b *bundle) []*chat.Event {
	var all []*chat.Event
	for i := range 30 {
		all = append(all, b.post(fmt.Sprint(i)))
		for range i % 4 {
			b.must(member(general, chat.Member{User: "bob", Role: chat.Ordinary}))
		}
	}
	return all
}

// pick is what a page ought to hold.
func pick(all []*chat.Event, p chat.Page) []*chat.Event {
	var in []*chat.Event
	for _, e := range all {
		at, after := e.Seq, e.Seq > p.After
		if p.BySequence {
			at, after = e.Sequence, e.Sequence >= p.After
		}
		if after && (p.Before == 0 || at < p.Before) {
			in = append(in, e)
		}
	}
	if len(in) <= p.Limit {
		return in
	}
	if p.Forward || p.After > 0 {
		return in[:p.Limit]
	}
	return in[len(in)-p.Limit:]
}

func pages(b *bundle, all []*chat.Event, bySequence bool, most uint64) {
	for before := uint64(0); before <= most; before += 3 {
		for after := uint64(0); after <= most; after += 2 {
			for _, limit := range []int{1, 5, 1000} {
				for _, forward := range []bool{false, true} {
					p := chat.Page{Before: before, After: after, Forward: forward, BySequence: bySequence, Limit: limit}
					b.same(fmt.Sprintf("%+v", p), seqs(b.messages(general, p)), seqs(pick(all, p)))
				}
			}
		}
	}
}

func pageBothWays(b *bundle) {
	all := mixed(b)
	b.same("all", b.messages(general, chat.Page{Limit: 1000}), all)
	pages(b, all, false, b.head(general).Seq+5)
}

func pageBySequence(b *bundle) {
	all := mixed(b)
	pages(b, all, true, 35)
}

func pageTombstones(b *bundle) {
	m := b.post("one")
	b.post("two")
	b.must(deletion(m))
	got := b.messages(general, chat.Page{Limit: 10})
	b.same("seqs", seqs(got), run(1, 2))
	if t := got[0]; !t.Deleted() || t.Body != nil || t.ID != m.ID || t.Sequence != 0 {
		b.t.Errorf("tombstone %+v", t)
	}
}

func pageLimits(b *bundle) {
	b.post("x")
	for _, limit := range []int{-1, 0, 1001} {
		_, err := b.Messages(b.ctx, general, chat.Page{Limit: limit})
		b.wantCode(err, chat.CodeInvalid)
	}
}
