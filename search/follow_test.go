package search_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/wire"
)

// In the bubble no time passes while anybody works: what is measured is for how
// long the index waits before it does.
func TestIndex_FindsWithinASecondHoweverMuchIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.close()
		var err error
		w.index, err = search.Open(t.Context(), search.Options{Dir: w.dir, Log: w.store, Bus: w.bus.Join(), Permit: w.hub.Permit, Text: wire.Text})
		if err != nil {
			t.Fatal(err)
		}
		ada := user("ada")
		missing := map[string]time.Time{} // since when
		for i := range 100 {
			text := fmt.Sprintf("said%d", i)
			w.post(ada, fmt.Sprint("c", i%3), text)
			missing[text] = time.Now()
			time.Sleep(30 * time.Millisecond)
			synctest.Wait()
			for text, since := range missing {
				if len(w.texts(ada, text+" ")) == 1 {
					delete(missing, text)
				} else if d := time.Since(since); d > time.Second {
					t.Fatalf("after %v %q is not found", d, text)
				}
			}
			if lag := w.index.Stats().Lag; lag > time.Second {
				t.Fatalf("it keeps up, and says that it is %v behind", lag)
			}
		}
		time.Sleep(10 * time.Second) // heads are hinted again meanwhile
		synctest.Wait()
		if s := w.index.Stats(); s.Lag != 0 || s.Waiting != 0 || s.Documents != 100 {
			t.Errorf("once nothing is said any more: %+v", s)
		}
	})
}

// What is new is indexed at leisure while there is time, and without rests when
// there is none and nobody wants the cores: here each message takes its time in the bubble's clock.
func TestIndex_RestsBetweenShiftsAndIsInTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		each           time.Duration // the work for one of 400 messages
		atLeast, until time.Duration // after it was said all is indexed
	}{
		{"little", 100 * time.Microsecond, 500 * time.Millisecond, 800 * time.Millisecond},
		{"much", 4 * time.Millisecond, 2 * time.Second, 2400 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := setup(t)
			w.close()
			text := func(body []byte) string {
				time.Sleep(c.each)
				return wire.Text(body)
			}
			var err error
			w.index, err = search.Open(t.Context(), search.Options{Dir: w.dir, Log: w.store, Bus: w.bus.Join(), Permit: w.hub.Permit, Text: text})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			said := time.Now()
			for i := range 400 {
				w.post(user("ada"), fmt.Sprint("c", i), "one")
			}
			for w.index.Stats().Documents < 400 {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			if took := time.Since(said); took < c.atLeast || took > c.until {
				t.Errorf("%s: all is indexed after %v", c.name, took)
			}
		})
	}
}

// However long the index has worked without a rest, or has waited for others,
// its next rest is a short one.
func TestIndex_NeverRestsForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.close()
		for i := range 600 {
			w.post(user("ada"), fmt.Sprint("c", i%2), "one")
		}
		const each = 100 * time.Millisecond
		text := func(body []byte) string {
			time.Sleep(each)
			return wire.Text(body)
		}
		begun := time.Now()
		var err error
		w.index, err = search.Open(t.Context(), search.Options{Dir: w.dir, Log: w.store, Bus: w.bus.Join(), Permit: w.hub.Permit, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		all := uint64(600)
		for ; all < 620; all++ { // what is new takes its turn between what is behind
			w.post(user("ada"), "c2", "one")
			time.Sleep(time.Second)
		}
		for uint64(w.index.Stats().Documents) < all {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		if took, most := time.Since(begun), time.Duration(all)*each+2*time.Second; took > most {
			t.Errorf("it took %v in place of %v", took, most)
		}
	})
}

// elsewhere tells what another node's hints would.
type elsewhere struct{ chat.Bus }

func (b elsewhere) Listen(f func(chat.Hint)) (stop func()) {
	return b.Bus.Listen(func(h chat.Hint) {
		h.Event = nil
		f(h)
	})
}

// What hints bring is indexed as it is; the log is read for the rest.
func TestIndex_ReadsOfTheLogWhatHintsDoNotBring(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		bus   func(chat.Bus) chat.Bus
		reads bool
	}{
		{"within the process", func(b chat.Bus) chat.Bus { return b }, false},
		{"of another node", func(b chat.Bus) chat.Bus { return elsewhere{b} }, true},
	} {
		w := setup(t)
		w.close()
		var reads atomic.Int64
		log := &tapped{Log: w.store, events: func(chat.ChannelID) error {
			reads.Add(1)
			return nil
		}}
		w.index = w.openedOn(log, search.Options{Dir: w.dir, Bus: c.bus(w.bus.Join())})
		w.level()
		ada := user("ada")
		for i := range 600 {
			w.post(ada, "c", fmt.Sprintf("word%d here", i))
			if i%200 == 199 {
				w.level() // what gathers is below what is taken at a time
			}
		}
		if got := len(w.texts(ada, "word599 ")); got != 1 || w.index.Stats().Documents != 600 {
			t.Errorf("%s: %d found of %d documents", c.name, got, w.index.Stats().Documents)
		}
		if (reads.Load() > 0) != c.reads {
			t.Errorf("%s: the log was read %d times", c.name, reads.Load())
		}
		w.end()
	}
}

// While the index is made, it is the channels in use that people look into.
func TestIndex_AChannelFarBehindDoesNotKeepOthersWaiting(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.close()
	ada := user("ada")
	var posting sync.WaitGroup
	for range 8 {
		posting.Go(func() {
			for range 125 {
				w.post(ada, "huge", "one of very many")
			}
		})
	}
	posting.Wait()
	var read []string
	log := &tapped{Log: w.store, events: func(ch chat.ChannelID) error {
		if read = append(read, ch.Name); ch.Name == "huge" {
			w.post(ada, "small", "one of few")
		}
		return nil
	}}
	var seconds atomic.Int64
	w.index = w.openedOn(log, search.Options{
		Dir: w.dir, Bus: elsewhere{w.bus.Join()},
		Now: func() time.Time { return time.Unix(seconds.Add(1), 0) },
	})
	w.level()
	w.close()
	first, last := slices.Index(read, "small"), len(read)-1
	for last >= 0 && read[last] != "huge" {
		last--
	}
	if first < 0 || first > last {
		t.Errorf("the logs were read in this order: %q", read)
	}
	w.open() // for the end
}

func TestIndex_RestsLongerWhereTheCoresAreWanted(t *testing.T) {
	t.Parallel()
	const gather = 400 * time.Millisecond
	for _, c := range []struct {
		lag, late time.Duration
		want      float64
	}{
		{gather, 0, 8},
		{gather, 50 * time.Microsecond, 8},
		{gather * 3 / 2, 0, 4},
		{gather * 3 / 2, 350 * time.Microsecond, 6},
		{2 * gather, 0, 0},
		{time.Hour, 0, 0},
		{time.Hour, 100 * time.Microsecond, 1},
		{gather, 650 * time.Microsecond, 12},
		{15 * time.Second, 650 * time.Microsecond, 12},
		{15 * time.Second, time.Second, 25},
		{27 * time.Second, time.Second, 8},
		{time.Hour, time.Second, 8},
		{time.Hour, 150 * time.Microsecond, 2},
	} {
		if got := search.RestOfNew(c.lag, gather, c.late); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%v behind, when it waits %v for a core, it rests for %v shifts instead of %v", c.lag, c.late, got, c.want)
		}
	}
	for late, want := range map[time.Duration]float64{0: 1, 50 * time.Microsecond: 1, 250 * time.Microsecond: 4, time.Second: 8} {
		if got := search.RestOfOld(late); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("of what is old, when it waits %v for a core, it rests for %v shifts instead of %v", late, got, want)
		}
	}
}

// By its clock it waits for a core after each rest.
func TestIndex_GivesWayWhereItWaitsForACore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		old     bool          // said before the index was opened
		atLeast time.Duration // it takes; without giving way it takes 4.4 and 2 s
	}{
		{"new", false, 6 * time.Second},
		{"old", true, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := setup(t)
			w.close()
			say := func() {
				for i := range 400 {
					w.post(user("ada"), fmt.Sprint("c", i), "one")
				}
			}
			if c.old {
				say()
			}
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Add(1)) * 5 * time.Millisecond) }
			began := time.Now()
			var err error
			w.index, err = search.Open(t.Context(), search.Options{
				Dir: w.dir, Log: w.store, Bus: w.bus.Join(), Permit: w.hub.Permit, Text: wire.Text, Now: now,
			})
			if err != nil {
				t.Fatal(err)
			}
			if !c.old {
				time.Sleep(time.Minute)
				synctest.Wait()
				began = time.Now()
				say()
			}
			for w.index.Stats().Documents < 400 {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			if took := time.Since(began); took < c.atLeast || took > time.Minute {
				t.Errorf("what is %s is indexed after %v", c.name, took)
			}
		})
	}
}
