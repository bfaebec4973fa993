package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var expireChecks = []check{
	{"Expire_MovesTheHorizon", expireMoves},
	{"Expire_OfEverythingKeepsTheHead", expireEverything},
	{"Expire_KeepsWhatItsChannelSays", expirePerChannel},
	{"Expire_LeavesAnEditThatCarriesItsMessage", expireLeavesEdit},
	{"Expire_TakesWhatHangsOnMessagesAlong", expireHanging},
	{"Expire_OfManyEvents", expireMany},
	{"Expire_WhileAppending", expireWhileAppending},
}

const day = 24 * time.Hour

func (b *bundle) expire(now time.Time, want int) {
	b.t.Helper()
	n, err := b.Expire(b.ctx, now)
	b.noError(err)
	if n != want {
		b.t.Fatalf("%d events expired, want %d", n, want)
	}
}

func expireMoves(b *bundle) {
	first := b.post("0")
	b.must(member(general, chat.Member{User: "bob", Role: chat.Ordinary}))
	b.post("1")
	b.opened.Advance(day)
	kept := b.post("2")
	b.expire(first.At.Add(chat.DefaultRetention), 0)
	b.expire(kept.At.Add(chat.DefaultRetention), 3)
	want := chat.Head{Seq: 4, Next: 3, Horizon: 3, First: 2, LastTime: kept.At}
	b.same("head", b.head(general), want)
	b.expire(kept.At.Add(chat.DefaultRetention), 0)
	b.reopen()
	b.same("head", b.head(general), want)
	for after := range uint64(3) {
		_, err := b.Events(b.ctx, general, after, 10)
		b.wantCode(err, chat.CodeExpired)
		b.same("expired", chat.AsError(err).Expired, &chat.Expired{
			Reason: "horizon",
			Oldest: chat.Position{Epoch: b.Epoch(), Seq: 3},
			Head:   chat.Position{Epoch: b.Epoch(), Seq: 4},
		})
	}
	b.same("events", b.events(general, 3, 10), []*chat.Event{kept})
	for _, p := range []chat.Page{{}, {Forward: true}, {BySequence: true, Forward: true}, {BySequence: true, After: 1}, {Before: 5}} {
		p.Limit = 10
		b.same(fmt.Sprintf("%+v", p), b.messages(general, p), []*chat.Event{kept})
	}
	b.same("below", b.messages(general, chat.Page{Before: 4, Limit: 10}), []*chat.Event{})
	_, err := b.Message(b.ctx, general, first.ID)
	b.wantCode(err, chat.CodeNotFound)
	_, err = b.try(edit(first, "x"))
	b.wantCode(err, chat.CodeNotFound)
	_, err = b.Member(b.ctx, general, "bob")
	b.noError(err) // a member's row outlives its event
}

func expireEverything(b *bundle) {
	b.post("0")
	last := b.post("1")
	b.expire(last.At.Add(chat.DefaultRetention+time.Millisecond), 2)
	want := chat.Head{Seq: 2, Next: 2, Horizon: 2, First: 2, LastTime: last.At}
	b.same("head", b.head(general), want)
	b.same("events", b.events(general, 2, 10), []*chat.Event{})
	b.same("messages", b.messages(general, chat.Page{Limit: 10}), []*chat.Event{})
	b.reopen()
	if e := b.post("2"); e.Seq != 3 || e.Sequence != 2 {
		b.t.Errorf("the log began again: %+v", e)
	}
	h := b.head(general)
	h.LastTime = want.LastTime
	b.same("head", h, chat.Head{Seq: 3, Next: 3, Horizon: 2, First: 2, LastTime: want.LastTime})
}

func expirePerChannel(b *bundle) {
	keep := map[string]time.Duration{"short": time.Hour, "default": 0, "ever": -1}
	var at time.Time
	for name, d := range keep {
		ch := chat.ChannelID{Project: "acme", Name: name}
		b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: ch, Kind: chat.Open, Retention: d}))
		at = b.must(message(ch, "ann", "x")).At
	}
	b.expire(at.Add(time.Hour), 0)
	b.expire(at.Add(2*time.Hour), 1)
	b.expire(at.Add(100*365*day), 1)
	for name, want := range map[string]uint64{"short": 1, "default": 1, "ever": 0} {
		b.same(name, b.head(chat.ChannelID{Project: "acme", Name: name}).Horizon, want)
	}
}

func expireLeavesEdit(b *bundle) {
	d := message(general, "ann", "one")
	d.Meta = []byte(`{"k":1}`)
	m := b.must(d)
	b.opened.Advance(day)
	e := b.must(edit(m, "two"))
	b.expire(e.At.Add(chat.DefaultRetention), 1)
	got := b.events(general, 1, 10)
	b.same("edit", got, []*chat.Event{{
		Channel: general, Seq: 2, Kind: chat.KindEdit, At: e.At, Sender: "ann",
		ID: m.ID, TargetSeq: 1, Sequence: 0, Body: []byte(`"two"`), Meta: d.Meta,
	}})
}

// expireHanging lets half of the messages expire, with everything that can hang
// on them, and makes sure that seqs below the horizon are dead in every answer.
func expireHanging(b *bundle) {
	dress := func(m *chat.Event) (last *chat.Event) {
		b.must(reaction(m, "bob", "x"))
		b.must(pin(m, "bob"))
		b.must(reply(m, "bob", "y"))
		return b.must(deletion(b.must(reply(m, "bob", "z"))))
	}
	var old, fresh []*chat.Event
	var last *chat.Event
	for i := range 5 {
		old = append(old, b.must(living(mentioning(fmt.Sprint(i), "bob"), time.Hour)))
		last = dress(old[i])
	}
	b.opened.Advance(day)
	for i := range 5 {
		fresh = append(fresh, b.must(living(mentioning(fmt.Sprint(i), "bob"), time.Hour)))
		dress(fresh[i])
	}
	late := b.must(reply(old[4], "ann", "late"))
	want := b.events(general, last.Seq, 1000)
	b.expire(fresh[0].At.Add(chat.DefaultRetention), int(last.Seq))
	for range 2 {
		b.pinned(general, fresh...)
		b.same("mentions", b.mentions("bob", 0), 5)
		b.same("due", len(b.due(late.At.Add(100*day))), 5)
		b.same("events", b.events(general, last.Seq, 1000), want)
		for _, m := range old {
			for _, d := range []*chat.Draft{reaction(m, "bob", "x"), off(reaction(m, "bob", "x")), pin(m, "bob"), reply(m, "bob", "y")} {
				_, err := b.try(d)
				b.wantCode(err, chat.CodeNotFound)
			}
			_, err := b.Messages(b.ctx, general, chat.Page{Thread: m.ID, Limit: 10})
			b.wantCode(err, chat.CodeNotFound)
		}
		b.reopen()
	}
	b.must(deletion(late)) // whose first is gone
}

func expireMany(b *bundle) {
	const n = 4500
	waits := make([]<-chan result, n)
	for i := range n {
		d := withNonce(message(general, "ann", "x"), fmt.Sprint(i))
		if i%5 == 4 {
			d = member(general, chat.Member{User: "bob", Role: chat.Ordinary})
		}
		waits[i] = b.queue(d)
	}
	var at time.Time
	for _, wait := range waits {
		r := <-wait
		b.noError(r.err)
		at = r.Event.At
	}
	b.opened.Advance(day)
	kept := b.post("kept")
	b.expire(at.Add(chat.DefaultRetention+time.Hour), n)
	b.same("head", b.head(general), chat.Head{Seq: n + 1, Next: n/5*4 + 1, Horizon: n, First: n / 5 * 4, LastTime: kept.At})
	b.must(withNonce(message(general, "ann", "y"), "0"))
}

func expireWhileAppending(b *bundle) {
	const n = 300
	done, turn := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := range n {
			if i%30 == 29 {
				turn <- struct{}{} // however quick appending is, Expire has its turn
			}
			if _, err := b.try(message(general, "ann", fmt.Sprint(i))); err != nil {
				b.t.Error(err)
			}
			b.opened.Advance(time.Minute)
		}
	}()
	for {
		h := b.head(general)
		if !h.LastTime.IsZero() {
			_, err := b.Expire(b.ctx, h.LastTime.Add(chat.DefaultRetention-10*time.Minute))
			b.noError(err)
			h = b.head(general)
			es, err := b.Events(b.ctx, general, h.Horizon, n)
			b.noError(err)
			b.same("seqs", seqs(es)[:h.Seq-h.Horizon], run(h.Horizon+1, h.Seq))
		}
		select {
		case <-done:
			if h := b.head(general); h.Seq != n || h.Horizon == 0 {
				b.t.Errorf("in the end the head is %+v", h)
			}
			return
		case <-turn:
		default:
		}
	}
}
