package search_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

const (
	expired = 1000 // messages of "short"
	gather  = 50 * time.Millisecond
)

// setupExpired has an index, closed, of a channel all of whose messages have
// expired since.
func setupExpired(t *testing.T) *world {
	t.Helper()
	w := setup(t)
	short := chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: "short"}, Kind: chat.Open, Retention: time.Hour}
	if _, err := w.hub.PutChannel(t.Context(), &chat.Identity{Project: chat.DefaultProject, Server: true}, short); err != nil {
		t.Fatal(err)
	}
	w.postAll(user("ada"), "short", expired, words)
	w.level()
	w.close()
	if _, err := w.store.Expire(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	return w
}

// words are of many blocks each.
func words(i int) string {
	var text strings.Builder
	for k := range 30 {
		fmt.Fprintf(&text, "w%d ", (i*31+k*k)%2000)
	}
	return text.String()
}

// openBusy opens the index on a machine whose cores others want: what it does takes
// its time by its clock.
func (w *world) openBusy() {
	var looks atomic.Int64
	w.now = func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * 200 * time.Microsecond) }
	w.index = w.opened(search.Options{Dir: w.dir, Bus: w.bus.Join(), Gather: gather, Now: w.now})
}

// amid waits until part of what has expired is removed. It fails if that goes on in
// one go: in the bubble no time passes then.
func (w *world) amid() {
	w.t.Helper()
	for left := int64(expired); left == expired; left = w.index.Stats().Documents {
		time.Sleep(time.Millisecond)
		synctest.Wait()
	}
	if left := w.index.Stats().Documents; left < expired/2 {
		w.t.Fatalf("of %d messages %d are left when others have the core for the first time", expired, left)
	}
}

// swept waits until all is removed but what has not expired.
func (w *world) swept(kept int64) {
	w.t.Helper()
	for begun := time.Now(); w.index.Stats().Documents > kept || w.index.Stats().Indexing; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Hour {
			w.t.Fatalf("not removed: %+v", w.index.Stats())
		}
	}
	synctest.Wait()
}

// sameAsNew fails unless the index is what one is that never had what has expired.
func (w *world) sameAsNew() {
	w.t.Helper()
	x := w.opened(search.Options{Dir: w.dir + "anew", Bus: w.bus.Join()})
	defer x.Close()
	for !x.Level(w.t) || x.Stats().Indexing {
		time.Sleep(time.Millisecond)
	}
	want, err := x.Rows()
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := w.index.Rows()
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("it is another than one made anew (-anew +swept):\n%.2000s", diff)
	}
	if a, b := x.Stats().Documents, w.index.Stats().Documents; a != b {
		w.t.Errorf("%d documents, made anew %d", b, a)
	}
}

func TestIndex_RemovesWhatExpiredBetweenWhatIsNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setupExpired(t)
		w.openBusy()
		w.amid()
		ada := user("ada")
		for i := range 3 { // also where it is removing
			time.Sleep(gather)
			w.post(ada, "short", fmt.Sprint("here", i))
			w.post(ada, "other", fmt.Sprint("there", i))
			for said := time.Now(); len(w.texts(ada, fmt.Sprintf("here%d ", i)))+len(w.texts(ada, fmt.Sprintf("there%d ", i))) < 2; time.Sleep(time.Millisecond) {
				synctest.Wait()
				if d := time.Since(said); d > time.Second {
					t.Fatalf("after %v what is new is not found: %+v", d, w.index.Stats())
				}
			}
			synctest.Wait()
		}
		if left := w.index.Stats().Documents; left < expired/10 {
			t.Fatalf("%d documents were left: nothing was removed any more", left)
		}
		w.swept(6)
		w.sameAsNew()
	})
}

// An index that keeps up does not say that it is late, nor hurries, for what it
// removes meanwhile.
func TestIndex_IsNotLateForWhatItRemoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setupExpired(t)
		w.openBusy()
		w.swept(0)
		w.postAll(user("ada"), "short", expired, words)
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, err := w.store.Expire(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.amid()
		begun, kept, looked := w.now(), int64(0), 0
		for ; w.index.Stats().Documents > kept; kept++ {
			w.post(user("ada"), "other", "one")
			time.Sleep(2 * gather)
			synctest.Wait()
			took, stats := w.now().Sub(begun), w.index.Stats()
			if took < 10*gather || stats.Documents <= kept+1 {
				continue
			}
			if looked++; stats.Lag > took/2 {
				t.Errorf("after it removed for %v it says that it is late: %+v", took, stats)
			}
		}
		if looked == 0 {
			t.Error("it was removed too soon")
		}
	})
}

// A sweep that was interrupted goes on where it was.
func TestIndex_GoesOnToRemoveAfterARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setupExpired(t)
		w.openBusy()
		w.amid()
		w.close()
		short := chat.ChannelID{Project: chat.DefaultProject, Name: "short"}
		w.index = w.openedOn(unheard{w.store}, search.Options{Dir: w.dir})
		left := w.index.Stats().Documents
		if _, swept := w.index.Place(t, short); swept != uint64(expired-left) || swept == 0 {
			t.Errorf("%d of %d messages are left, and what is noted is that it got to %d", left, expired, swept)
		}
		w.close()
		w.open()
		w.swept(0)
		w.sameAsNew()
	})
}

// unheard is a log that has no channels yet: nothing is done about them.
type unheard struct{ search.Log }

func (unheard) Heads(context.Context, chat.ChannelID, func(chat.ChannelID, chat.Head) bool) error {
	return nil
}
