package storetest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

var stateChecks = []check{
	{"State_IsSetReplacedAndDeleted", stateApplies},
	{"State_IsWrittenIfItsVersionIsTheOneExpected", stateIf},
	{"State_InFlightIsComparedOneByOne", stateInFlight},
	{"State_AddsInOrder", stateAdd},
	{"State_AllowsSoManyKeys", stateBounds},
	{"State_RefusesBadDrafts", stateRefuses},
	{"State_ComesInKeyOrderWithItsHead", stateInOrder},
	{"State_WhoseTimeIsOverIsGone", stateOver},
	{"State_OutlivesItsEvents", stateOutlives},
	{"Due_AreMessagesAndKeysWhoseTimeIsOver", dueInOrder},
	{"Due_IsNothingThatIsGone", dueGone},
}

func set(key, value string) *chat.Draft {
	d := &chat.Draft{Channel: general, Kind: chat.KindState, Sender: "ann", Name: key}
	if value != "" {
		d.Body = []byte(value)
	}
	return d
}

func setIf(key, value string, version uint64) *chat.Draft {
	d := set(key, value)
	d.If = &version
	return d
}

func addTo(key string, n int64) *chat.Draft {
	d := set(key, "")
	d.Add = &n
	return d
}

func living(d *chat.Draft, ttl time.Duration) *chat.Draft {
	d.TTL = ttl
	return d
}

// now is the time that the store's clock shows.
func (b *bundle) now() time.Time {
	b.t.Helper()
	return b.must(message(chat.ChannelID{Project: "clock", Name: "clock"}, "ann", "tick")).At
}

func (b *bundle) stateKey(key string, now time.Time) *chat.StateKey {
	b.t.Helper()
	k, err := b.StateKey(b.ctx, general, key, now)
	b.noError(err)
	return k
}

// states are the keys with their values.
func (b *bundle) states(now time.Time) string {
	b.t.Helper()
	ks, h, err := b.State(b.ctx, general, "", 1000, now)
	b.noError(err)
	b.same("head", h, b.head(general))
	var all []string
	for _, k := range ks {
		all = append(all, k.Key+"="+string(k.Value))
		b.same("key", b.stateKey(k.Key, now), k)
	}
	return strings.Join(all, " ")
}

func stateApplies(b *bundle) {
	now := b.now()
	_, err := b.StateKey(b.ctx, general, "a", now)
	b.wantCode(err, chat.CodeNotFound)
	e := b.must(set("a", `{"x":1}`))
	b.same("event", e, &chat.Event{Channel: general, Seq: 1, Kind: chat.KindState, At: e.At, Sender: "ann", Name: "a", Body: []byte(`{"x":1}`)})
	want := &chat.StateKey{Key: "a", Value: e.Body, Version: 1, By: "ann", At: e.At}
	b.same("key", b.stateKey("a", now), want)
	b.must(set("b", "2"))
	b.must(set("a", "3"))
	b.same("states", b.states(now), "a=3 b=2")
	b.reopen()
	b.same("states", b.states(now), "a=3 b=2")
	gone := b.must(set("a", ""))
	b.same("deletion", gone, &chat.Event{Channel: general, Seq: 4, Kind: chat.KindState, At: gone.At, Sender: "ann", Name: "a"})
	_, err = b.try(set("a", ""))
	b.wantCode(err, chat.CodeNotFound)
	b.same("states", b.states(now), "b=2")
	b.same("stored", b.events(general, 0, 10)[3], gone)
	b.same("sequence", b.head(general).Next, uint64(0))
	if e := b.must(set("a", "5")); b.stateKey("a", now).Version != e.Seq {
		b.t.Errorf("made again: %+v", b.stateKey("a", now))
	}
}

func stateIf(b *bundle) {
	_, err := b.try(setIf("a", "1", 7))
	b.wantCode(err, chat.CodeVersion)
	_, err = b.try(setIf("a", "", 7))
	b.wantCode(err, chat.CodeVersion)
	_, err = b.try(setIf("a", "", 0))
	b.wantCode(err, chat.CodeNotFound)
	first := b.must(setIf("a", "1", 0))
	for _, version := range []uint64{0, 2} {
		_, err = b.try(setIf("a", "2", version))
		b.wantCode(err, chat.CodeVersion)
		_, err = b.try(setIf("a", "", version))
		b.wantCode(err, chat.CodeVersion)
	}
	second := b.must(setIf("a", "2", first.Seq))
	_, err = b.try(setIf("a", "3", first.Seq))
	b.wantCode(err, chat.CodeVersion)
	b.reopen()
	b.must(setIf("a", "", second.Seq))
	_, err = b.try(setIf("a", "3", second.Seq))
	b.wantCode(err, chat.CodeVersion)
	b.must(setIf("a", "3", 0))
	b.same("seqs", b.head(general).Seq, uint64(4))
}

func stateInFlight(b *bundle) {
	for round := range 10 {
		key := fmt.Sprint("k", round)
		var waits []<-chan result
		for range 30 {
			waits = append(waits, b.queue(setIf(key, "1", 0)))
		}
		won := 0
		for _, wait := range waits {
			switch r := <-wait; chat.CodeOf(r.err) {
			case "":
				won++
			case chat.CodeVersion:
			default:
				b.t.Fatal(r.err)
			}
		}
		if won != 1 {
			b.t.Fatalf("%d of 30 have made the key", won)
		}
	}
}

func stateAdd(b *bundle) {
	const n = 100
	var waits []<-chan result
	for range n {
		waits = append(waits, b.queue(addTo("n", 3)))
	}
	for i, wait := range waits {
		r := <-wait
		b.noError(r.err)
		b.same("sum", string(r.Event.Body), fmt.Sprint(3*(i+1)))
	}
	b.reopen()
	b.must(addTo("n", -301))
	b.same("value", string(b.stateKey("n", b.now()).Value), "-1")
	for _, value := range []string{`"1"`, "1.5", "1e3", "null", "[1]", "9223372036854775808", "01"} {
		b.must(set("v", value))
		_, err := b.try(addTo("v", 1))
		b.wantCode(err, chat.CodeInvalid)
	}
	b.must(set("v", " 41 "))
	b.must(addTo("v", 1))
	b.same("value", string(b.stateKey("v", b.now()).Value), "42")
	for _, c := range []struct{ at, add int64 }{{math.MaxInt64, 1}, {math.MinInt64, -1}, {-1, math.MinInt64}, {1, math.MaxInt64}} {
		b.must(set("v", fmt.Sprint(c.at)))
		_, err := b.try(addTo("v", c.add))
		b.wantCode(err, chat.CodeInvalid)
	}
	b.must(set("v", fmt.Sprint(math.MaxInt64)))
	b.must(addTo("v", math.MinInt64))
	b.must(addTo("v", 0))
	b.same("value", string(b.stateKey("v", b.now()).Value), "-1")
}

func stateBounds(b *bundle) {
	var waits []<-chan result
	for i := range chat.MaxStateKeys {
		waits = append(waits, b.queue(set(fmt.Sprint("key", i), "1")))
	}
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	for range 2 {
		_, err := b.try(set("more", "1"))
		b.wantCode(err, chat.CodeTooMany)
		_, err = b.try(addTo("more", 1))
		b.wantCode(err, chat.CodeTooMany)
		b.must(set("key7", "2"))
		b.reopen()
	}
	b.must(set("key7", ""))
	b.must(set("more", "1"))
	_, err := b.try(set("key7", "1"))
	b.wantCode(err, chat.CodeTooMany)
	elsewhere := set("key7", "1")
	elsewhere.Channel.Name = "elsewhere"
	b.must(elsewhere)
}

func stateRefuses(b *bundle) {
	both := set("a", "1")
	both.Add = new(int64)
	for name, c := range map[string]struct {
		draft *chat.Draft
		want  chat.Code
	}{
		"no key":          {set("", "1"), chat.CodeInvalid},
		"long key":        {set(strings.Repeat("k", chat.MaxStateKey+1), "1"), chat.CodeInvalid},
		"unprintable key": {set("a\x00", "1"), chat.CodeInvalid},
		"large value":     {set("a", strings.Repeat("1", chat.MaxState+1)), chat.CodeTooLarge},
		"value and add":   {both, chat.CodeInvalid},
		"negative ttl":    {living(set("a", "1"), -1), chat.CodeInvalid},
	} {
		if _, err := b.try(c.draft); chat.CodeOf(err) != c.want {
			b.t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	b.must(set(strings.Repeat("k", chat.MaxStateKey), strings.Repeat("1", chat.MaxState)))
}

func stateInOrder(b *bundle) {
	want := []string{"A", "Z", "a", "a b", "a.b", "aa", "b", "é"}
	for i := range want {
		b.must(set(want[(i*3)%len(want)], "1"))
	}
	other := set("aaa", "1")
	other.Channel.Name = "general2"
	b.must(other)
	b.must(living(set("a!", "1"), time.Second)) // over, and no part of any page
	now := b.now().Add(time.Minute)
	var got []string
	for after := ""; ; {
		ks, h, err := b.State(b.ctx, general, after, 3, now)
		b.noError(err)
		b.same("head", h, b.head(general))
		if len(ks) == 0 {
			break
		}
		for _, k := range ks {
			got = append(got, k.Key)
			after = k.Key
		}
	}
	b.same("keys", got, want)
	_, _, err := b.State(b.ctx, general, "", 0, now)
	b.wantCode(err, chat.CodeInvalid)
	ks, h, err := b.State(b.ctx, chat.ChannelID{Project: "acme", Name: "none"}, "", 10, now)
	b.noError(err)
	b.same("of no channel", fmt.Sprint(len(ks), h), fmt.Sprint(0, chat.Head{}))
}

func stateOver(b *bundle) {
	start := b.now()
	e := b.must(living(set("a", "1"), time.Minute))
	b.same("event's expiry", e.ExpiresAt, e.At.Add(time.Minute))
	b.must(set("b", "2"))
	b.same("before", b.states(start.Add(time.Minute-time.Millisecond)), "a=1 b=2")
	b.same("after", b.states(start.Add(time.Minute)), "b=2")
	_, err := b.StateKey(b.ctx, general, "a", start.Add(time.Minute))
	b.wantCode(err, chat.CodeNotFound)
	b.opened.Advance(time.Minute)
	b.reopen()
	// Its time is over, and nobody has removed it yet: it is as if it had been.
	_, err = b.try(setIf("a", "2", e.Seq))
	b.wantCode(err, chat.CodeVersion)
	_, err = b.try(set("a", ""))
	b.wantCode(err, chat.CodeNotFound)
	again := b.must(living(addTo("a", 5), time.Minute))
	b.same("value", string(again.Body), "5")
	// Who removes what is over names its version, and removes nothing newer.
	_, err = b.try(setIf("a", "", e.Seq))
	b.wantCode(err, chat.CodeVersion)
	b.opened.Advance(time.Hour)
	gone := b.must(setIf("a", "", again.Seq))
	if gone.Body != nil || gone.Name != "a" {
		b.t.Errorf("removed by %+v", gone)
	}
	third := b.must(living(setIf("a", "3", 0), time.Minute))
	b.must(set("a", "4"))
	if k := b.stateKey("a", third.At.Add(day)); !k.ExpiresAt.IsZero() {
		b.t.Errorf("set without a time to live: %+v", k)
	}
}

func stateOutlives(b *bundle) {
	e := b.must(set("a", "1"))
	b.must(set("b", "1"))
	b.must(set("b", ""))
	b.expire(e.At.Add(chat.DefaultRetention+day), 3)
	for range 2 {
		b.same("states", b.states(e.At), "a=1")
		b.reopen()
	}
	b.must(setIf("a", "2", e.Seq))
	b.must(set("a", ""))
	b.same("states", b.states(e.At), "")
}

func (b *bundle) due(now time.Time) []chat.Due {
	b.t.Helper()
	all, err := b.Due(b.ctx, now, 100)
	b.noError(err)
	return all
}

func dueInOrder(b *bundle) {
	start := b.now()
	other := message(chat.ChannelID{Project: "other", Name: "x"}, "ann", "x")
	m1 := b.must(living(message(general, "ann", "x"), 3*time.Minute))
	k := b.must(living(set("a", "1"), 2*time.Minute))
	m2 := b.must(living(other, time.Minute))
	b.post("without")
	b.must(set("b", "without"))
	want := []chat.Due{
		{Channel: m2.Channel, ID: m2.ID}, {Channel: general, Key: "a", Version: k.Seq}, {Channel: general, ID: m1.ID},
	}
	for range 2 {
		for i, at := range []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute} {
			b.same("just before", b.due(start.Add(at-time.Millisecond)), want[:i])
			b.same("at", b.due(start.Add(at)), want[:i+1])
		}
		b.reopen()
	}
	two, err := b.Due(b.ctx, start.Add(time.Hour), 2)
	b.noError(err)
	b.same("limited", two, want[:2])
	_, err = b.Due(b.ctx, start, 0)
	b.wantCode(err, chat.CodeInvalid)
	short := b.must(living(message(general, "ann", "x"), time.Microsecond))
	if !short.ExpiresAt.After(short.At) || !short.ExpiresAt.Equal(short.ExpiresAt.Truncate(time.Millisecond)) {
		b.t.Errorf("expires at %v, made at %v", short.ExpiresAt, short.At)
	}
}

func dueGone(b *bundle) {
	far := b.now().Add(100 * day)
	m := b.must(living(message(general, "ann", "x"), time.Minute))
	b.must(edit(m, "y"))
	b.same("an edit changes nothing", b.due(far), []chat.Due{{Channel: general, ID: m.ID}})
	b.must(&chat.Draft{Channel: general, Kind: chat.KindDelete, ID: m.ID}) // by nobody: its time was over
	b.same("deleted", b.due(far), []chat.Due{})
	b.must(living(set("a", "1"), time.Minute))
	again := b.must(living(set("a", "2"), time.Hour))
	b.same("replaced", b.due(far), []chat.Due{{Channel: general, Key: "a", Version: again.Seq}})
	b.must(set("a", "3"))
	b.same("without a time to live", b.due(far), []chat.Due{})
	last := b.must(living(set("a", "4"), time.Hour))
	b.must(set("a", ""))
	b.same("deleted", b.due(far), []chat.Due{})
	b.must(living(message(general, "ann", "x"), time.Minute))
	kept := b.must(living(set("a", "5"), time.Hour))
	b.expire(last.At.Add(chat.DefaultRetention+day), int(b.head(general).Seq)+1) // one was now's
	b.same("expired", b.due(far), []chat.Due{{Channel: general, Key: "a", Version: kept.Seq}})
}
