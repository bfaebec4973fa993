package storetest

import (
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

var callChecks = []check{
	{"Call_IsAnEventAndNoMessage", callApplies},
	{"Call_RepeatedIsTheFirst", callRepeated},
	{"Call_RefusesBadDrafts", callRefuses},
}

// called is the end of a call that has everything.
func called(at time.Time) *chat.Draft {
	return &chat.Draft{Channel: general, Kind: chat.KindCall, Sender: "ann", Call: &chat.Call{
		ID: "0190f0a0-0000-4000-8000-000000000000", Channel: general,
		Caller: "ann", CallerName: "Ann", Callee: "bob", Data: []byte(`{"video":true}`),
		State: chat.Ended, By: "bob", StartedAt: at, AnsweredAt: at.Add(time.Second), EndedAt: at.Add(time.Minute),
	}}
}

func callApplies(b *bundle) {
	b.post("before")
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	d := called(at)
	whole := b.must(d)
	b.same("call", whole, &chat.Event{Channel: general, Seq: 2, Kind: chat.KindCall, At: whole.At, Sender: "ann", Call: d.Call})
	missed := &chat.Draft{Channel: general, Kind: chat.KindCall, Call: &chat.Call{
		ID: "c", Channel: general, Caller: "ann", Callee: "bob", State: chat.Missed, StartedAt: at.Add(time.Nanosecond).Local(),
	}}
	least := b.must(missed)
	b.same("call", least.Call, &chat.Call{ID: "c", Channel: general, Caller: "ann", Callee: "bob", State: chat.Missed, StartedAt: at})
	last := b.post("after")
	b.same("sequence", last.Sequence, uint64(1))
	for range 2 {
		b.same("stored", b.events(general, 1, 2), []*chat.Event{whole, least})
		b.same("messages", seqs(b.messages(general, chat.Page{Limit: 10})), []uint64{1, 4})
		b.same("messages by sequence", seqs(b.messages(general, chat.Page{BySequence: true, Forward: true, After: 1, Limit: 10})), []uint64{4})
		b.reopen()
	}
	b.expire(last.At.Add(chat.DefaultRetention+time.Hour), 4)
}

func callRepeated(b *bundle) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first := b.must(withNonce(called(at), "n"))
	b.mustRepeat(withNonce(called(at), "n"), first)
	other := withNonce(called(at), "n")
	other.Call.State = chat.Missed
	_, err := b.try(other)
	b.wantCode(err, chat.CodeConflict)
}

func callRefuses(b *bundle) {
	for name, c := range map[string]struct {
		change func(d *chat.Draft)
		want   chat.Code
	}{
		"no call":         {func(d *chat.Draft) { d.Call = nil }, chat.CodeInvalid},
		"no id":           {func(d *chat.Draft) { d.Call.ID = "" }, chat.CodeInvalid},
		"no caller":       {func(d *chat.Draft) { d.Call.Caller = "" }, chat.CodeInvalid},
		"no callee":       {func(d *chat.Draft) { d.Call.Callee = "" }, chat.CodeInvalid},
		"another channel": {func(d *chat.Draft) { d.Call.Channel.Name = "other" }, chat.CodeInvalid},
		"under way":       {func(d *chat.Draft) { d.Call.State = chat.Accepted }, chat.CodeInvalid},
		"no state":        {func(d *chat.Draft) { d.Call.State = "" }, chat.CodeInvalid},
		"long id":         {func(d *chat.Draft) { d.Call.ID = strings.Repeat("x", 1000) }, chat.CodeInvalid},
		"long name":       {func(d *chat.Draft) { d.Call.CallerName = strings.Repeat("x", 1000) }, chat.CodeInvalid},
		"much data":       {func(d *chat.Draft) { d.Call.Data = make([]byte, chat.MaxBody+1) }, chat.CodeTooLarge},
	} {
		d := called(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		c.change(d)
		if _, err := b.try(d); chat.CodeOf(err) != c.want {
			b.t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	b.same("head", b.head(general), chat.Head{})
}
