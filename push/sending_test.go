package push_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pushservice"
	"github.com/parley-chat/parley/push"
)

// until waits for what happens soon.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestSend_TriesAgainInOrderWhatIsRefusedForNow(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	b.Answers(func(n int) pushservice.Answer {
		if n < 4 {
			return []pushservice.Answer{{Status: 429, RetryAfter: "0"}, {Status: 500}, {Status: 503}, {Status: 502}}[n]
		}
		return pushservice.Answer{}
	})
	w.post("ada", chat.DirectName("ada", "ben"), "first")
	w.post("cy", chat.DirectName("ben", "cy"), "second")
	if got := texts(w.due("ben")["ben"]); !cmp.Equal(got, []string{"first", "second"}) {
		t.Errorf("got %v", got)
	}
	if n := w.service.Stats().Retried; n != 4 {
		t.Errorf("%d retries", n)
	}
}

// While a push service is out of reach, messages go on: what waits is one of
// each channel.
func TestSend_KeepsOnlyTheLatestOfAChannelWaiting(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	var mu sync.Mutex
	down := true
	b.Answers(func(int) pushservice.Answer {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return pushservice.Answer{Status: 503}
		}
		return pushservice.Answer{}
	})
	direct := chat.DirectName("ada", "ben")
	for _, text := range []string{"one", "two", "three"} {
		w.post("ada", direct, text)
		asked := b.Asked()
		w.pass(delay)
		until(t, "an attempt", func() bool { return b.Asked() > asked+1 })
	}
	mu.Lock()
	down = false
	mu.Unlock()
	got := texts(w.due("ben")["ben"])
	if len(got) == 0 || got[len(got)-1] != "three" || len(got) > 2 { // one that was under way may have been an earlier one
		t.Errorf("got %v", got)
	}
}

func TestSend_ChecksAgainBeforeARetry(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	direct := chat.DirectName("ada", "ben")
	m := w.post("ada", direct, "read meanwhile")
	b.Answers(func(n int) pushservice.Answer {
		if n == 0 {
			if _, err := w.hub.MarkRead(w.ctx, as("ben"), chat.Read{Channel: direct, Seq: m.Seq}); err != nil {
				t.Error(err)
			}
			return pushservice.Answer{Status: 503}
		}
		return pushservice.Answer{}
	})
	w.wants("ben")
}

// A page that is opened renews its browser's subscription: what waits for that
// is sent all the same.
func TestSend_GoesOnWhenTheBrowserIsRenewed(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	b.Answers(func(n int) pushservice.Answer {
		if n > 0 {
			return pushservice.Answer{}
		}
		if _, err := w.service.Subscribe(w.ctx, as("ben"), draft(b)); err != nil {
			t.Error(err)
		}
		return pushservice.Answer{Status: 503}
	})
	w.post("ada", chat.DirectName("ada", "ben"), "hello")
	w.wants("ben", "hello")
}

func TestSend_RemovesWhatIsGone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		w := setup(t, nil)
		w.browser("ben").Answers(func(int) pushservice.Answer { return pushservice.Answer{Status: status} })
		other := w.browser("ben")
		w.post("ada", chat.DirectName("ada", "ben"), "hello")
		w.pass(delay)
		other.Wait(t, "the other browser", func(got []pushservice.Message) bool { return len(got) == 1 })
		until(t, "the end of one", func() bool {
			list, err := w.service.Subscriptions(as("ben"))
			return err == nil && len(list) == 1
		})
	}
}

func TestSend_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	inside := w.carrier.Browser("inside")
	b.Answers(func(n int) pushservice.Answer {
		if n == 0 {
			return pushservice.Answer{Status: http.StatusTemporaryRedirect, Location: inside.Endpoint}
		}
		return pushservice.Answer{}
	})
	w.post("ada", chat.DirectName("ada", "ben"), "hello")
	w.wants("ben")
	if inside.Asked() != 0 || w.service.Stats().Refused != 1 {
		t.Errorf("the other endpoint was asked %d times; %+v", inside.Asked(), w.service.Stats())
	}
}

// A service that may not reach this machine does not, whatever its records say:
// here they are those of one that might.
func TestSend_ReachesPublicAddressesAlone(t *testing.T) {
	t.Parallel()
	strict := false
	w := setup(t, func(o *push.Options) { o.Loopback = !strict })
	b := w.browser("ben")
	w.stop()
	strict = true
	w.start()
	w.post("ada", chat.DirectName("ada", "ben"), "hello")
	w.pass(delay)
	until(t, "the refusal", func() bool { return w.service.Stats().Refused == 1 })
	if b.Asked() != 0 {
		t.Error("it was asked")
	}
	// Its end would say what the name leads to, here.
	if list, err := w.service.Subscriptions(as("ben")); err != nil || len(list) != 1 {
		t.Errorf("%d subscriptions, %v", len(list), err)
	}
}

func TestSend_LogsNoEndpoint(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var log bytes.Buffer
	w := setup(t, func(o *push.Options) {
		o.Logger = slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return log.Write(p)
		}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	b := w.browser("ben")
	if _, err := w.service.Subscribe(w.ctx, as("cy"), push.Draft{Endpoint: "http://127.0.0.1:1/push/secret", P256dh: b.P256dh, Auth: b.Auth}); err != nil {
		t.Fatal(err)
	}
	b.Answers(func(n int) pushservice.Answer { return pushservice.Answer{Status: []int{403, 410}[min(n, 1)]} })
	w.post("ada", chat.DirectName("ada", "ben"), "refused")
	w.post("ada", chat.DirectName("ada", "cy"), "to nowhere")
	w.pass(delay)
	until(t, "attempts", func() bool { s := w.service.Stats(); return s.Refused == 1 && s.Retried > 0 })
	w.post("ada", chat.DirectName("ada", "ben"), "gone")
	w.pass(delay)
	until(t, "its end", func() bool { return w.service.Stats().Gone == 1 })
	mu.Lock()
	defer mu.Unlock()
	if log.Len() == 0 || strings.Contains(log.String(), "/push/") || strings.Contains(log.String(), "secret") {
		t.Errorf("logged:\n%s", &log)
	}
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

// The service ends while something waits, and another goes on: nothing is lost,
// and what was settled is not told again.
func TestRestart_TellsWhatWasNotToldAndNothingTwice(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *push.Options) { o.Backoff = time.Hour }) // no attempt is cut off by the end, and made all the same
	b := w.browser("ben")
	w.channel("team", chat.Private, "ada", "ben")
	w.channel("general", chat.Open, "ada", "ben")
	w.post("ada", "team", "told before")
	w.wants("ben", "told before")
	until(t, "the end of all attempts", func() bool { return w.service.Stats().Waiting == 0 })
	if err := push.Keep(w.service, w.ctx); err != nil {
		t.Fatal(err)
	}
	w.post("ada", chat.DirectName("ada", "ben"), "not looked at")
	w.post("ada", "general", "not looked at either", "ben")
	w.stop()
	w.start()
	got := texts(w.due("ben")["ben"])
	slices.Sort(got) // channels are looked for in no order
	if !cmp.Equal(got, []string{"not looked at", "not looked at either"}) {
		t.Errorf("told %v", got)
	}

	b.Answers(func(int) pushservice.Answer { return pushservice.Answer{Status: 503} })
	w.post("ada", "team", "not taken")
	w.pass(delay)
	until(t, "an attempt", func() bool { return b.Asked() > 0 })
	w.stop()
	b.Answers(nil)
	w.start()
	w.wants("ben", "not taken")
}

// Nothing but its position says that somebody is concerned by what is new in an
// open channel: it is kept when the service ends, and within a second before.
func TestRestart_TellsWhoIsNoMember(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, *flaky){
		"stopped": func(w *world, _ *flaky) { w.stop() },
		"killed": func(w *world, store *flaky) {
			if err := push.Keep(w.service, w.ctx); err != nil {
				t.Fatal(err)
			}
			store.fail(true)
			w.stop()
			store.fail(false)
		},
	} {
		var store flaky
		w := setup(t, func(o *push.Options) {
			store.Store = o.Store
			o.Store = &store
		})
		w.browser("ben")
		w.post("ada", "lobby", "to ben", "ben")
		end(w, &store)
		w.start()
		if got := texts(w.due("ben")["ben"]); !cmp.Equal(got, []string{"to ben"}) {
			t.Errorf("%s: told %v", name, got)
		}
	}
}

func TestRestart_TellsNothingThatIsOld(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.post("ada", chat.DirectName("ada", "ben"), "old")
	w.post("ada", "lobby", "old, too", "ben")
	w.stop()
	w.ahead.Add(int64(push.MaxAge))
	w.start()
	w.post("cy", chat.DirectName("cy", "ben"), "new")
	w.wants("ben", "new")
}

// Hints may be lost and doubled; the log is the truth.
func TestHints_MayBeLostAndDoubled(t *testing.T) {
	t.Parallel()
	var hear func(chat.Hint)
	w := setup(t, nil)
	w.change = func(o *push.Options) {
		o.Listen = func(f func(chat.Hint)) func() {
			hear = f
			return func() {}
		}
	}
	w.stop()
	w.start()
	w.deaf = true
	w.browser("ben")
	direct := chat.DirectName("ada", "ben")
	ch := chat.ChannelID{Project: "default", Name: direct}
	w.post("ada", direct, "one") // its hint is lost
	m := w.post("ada", direct, "two")
	for range 3 {
		hear(chat.Hint{Channel: ch, Seq: m.Seq})
	}
	w.pass(delay)
	b := w.browsers["ben"]
	b.Wait(t, "the latest", func(got []pushservice.Message) bool { return len(got) == 1 && w.read(got[0]).Text == "two" })
	hear(chat.Hint{Channel: ch, Seq: m.Seq})
	hear(chat.Hint{Channel: ch, Seq: 1})
	next := w.post("ada", direct, "three")
	hear(chat.Hint{Channel: ch, Seq: next.Seq})
	w.pass(delay)
	got := b.Wait(t, "the next", func(got []pushservice.Message) bool { return len(got) >= 2 })
	if len(got) != 2 || w.read(got[1]).Text != "three" {
		t.Errorf("got %v", got)
	}
}

// A store that fails now and then costs time, and no more.
func TestStore_MayFail(t *testing.T) {
	t.Parallel()
	var failing flaky
	w := setup(t, func(o *push.Options) {
		failing.Store = o.Store
		o.Store = &failing
	})
	b := w.browser("ben")
	failing.fail(true)
	w.post("ada", chat.DirectName("ada", "ben"), "hello")
	w.pass(delay)
	until(t, "a failure", func() bool { return failing.failures() > 0 })
	failing.fail(false)
	w.pass(delay)
	b.Wait(t, "it all the same", func(got []pushservice.Message) bool { return len(got) == 1 })
}

type flaky struct {
	push.Store
	mu   sync.Mutex
	down bool
	n    int
}

func (f *flaky) fail(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *flaky) failures() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *flaky) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.down {
		return nil
	}
	f.n++
	return errors.New("the disk is gone")
}

func (f *flaky) Messages(ctx context.Context, ch chat.ChannelID, page chat.Page) ([]*chat.Event, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Store.Messages(ctx, ch, page)
}

func (f *flaky) PutRecords(ctx context.Context, records map[string][]byte) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.PutRecords(ctx, records)
}
