package chat_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/chat"
)

func number(n uint64) *uint64 { return &n }
func add(n int64) *int64      { return &n }

func TestSetState_ComparesVersions(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	first := ada.must(chat.SetState{Channel: "auction", Key: "bid", Value: []byte(`10`), If: number(0)}).Committed.Event
	if first.Kind != chat.KindState || first.Name != "bid" || first.Seq != 1 {
		t.Errorf("event %+v", first)
	}
	ada.refused(chat.SetState{Channel: "auction", Key: "bid", Value: []byte(`11`), If: number(0)}, chat.CodeVersion)
	ada.must(chat.SetState{Channel: "auction", Key: "bid", Value: []byte(`12`), If: number(1)})
	ada.refused(chat.SetState{Channel: "auction", Key: "bid", Value: []byte(`13`), If: number(1)}, chat.CodeVersion)
	r := ada.must(chat.GetState{Channel: "auction"})
	if len(r.State.Keys) != 1 || string(r.State.Keys[0].Value) != `12` || r.State.Keys[0].Version != 2 || r.State.Head.Seq != 2 {
		t.Errorf("state %+v", r.State)
	}
	ada.must(chat.SetState{Channel: "auction", Key: "bid"})
	ada.refused(chat.SetState{Channel: "auction", Key: "bid"}, chat.CodeNotFound)
	ada.refused(chat.SetState{Channel: "auction", Key: "bid", Value: []byte(`1`), Add: add(1)}, chat.CodeInvalid)
}

func TestSetState_CountersOfManyLoseNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	var group sync.WaitGroup
	const users, each = 8, 50
	for u := range users {
		id := as(fmt.Sprint("user-", u))
		group.Go(func() {
			for range each {
				if _, err := h.SetState(t.Context(), &id, chat.SetState{Channel: "votes", Key: "yes", Add: add(1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	id := as("user-0")
	k, err := h.StateKey(t.Context(), &id, "votes", "yes")
	if err != nil || string(k.Value) != fmt.Sprint(users*each) || k.Version != users*each {
		t.Errorf("counted %+v, %v", k, err)
	}
	if _, err := h.SetState(t.Context(), &id, chat.SetState{Channel: "votes", Key: "word", Value: []byte(`"x"`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SetState(t.Context(), &id, chat.SetState{Channel: "votes", Key: "word", Add: add(1)}); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("adding to a word: %v", err)
	}
}

func TestSetState_AKeyThatHasLivedIsGoneAndTold(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.level(1)
	ada.must(chat.SetState{Channel: "general", Key: "cursor", Value: []byte(`{"x":1}`), TTL: 50 * time.Millisecond})
	if e := ada.events(2)[1]; e.Kind != chat.KindState || e.Name != "cursor" || e.Body != nil || e.Sender != "" {
		t.Errorf("then came %+v", e)
	}
	if r := ada.must(chat.GetState{Channel: "general"}); len(r.State.Keys) != 0 {
		t.Errorf("state %+v", r.State)
	}
}

// A page of shared state is no larger than others, however many keys are asked
// for, and has the head of its beginning.
func TestState_APageEndsWithItsBytes(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	const keys = 100
	large := []byte(`"` + strings.Repeat("x", chat.MaxState-2) + `"`)
	for i := range keys {
		if _, err := h.SetState(t.Context(), server(), chat.SetState{Channel: "board", Key: fmt.Sprintf("k%03d", i), Value: large}); err != nil {
			t.Fatal(err)
		}
	}
	ada := connect(t, h, as("ada"))
	n, after := 0, ""
	for pages := 0; n == 0 || after != ""; pages++ {
		page := ada.must(chat.GetState{Channel: "board", After: after, Limit: 1000}).State
		size := 0
		for _, k := range page.Keys {
			if want := fmt.Sprintf("k%03d", n); k.Key != want {
				t.Fatalf("%s in place of %s", k.Key, want)
			}
			size += len(k.Value)
			n++
		}
		if size > chat.PageBytes+chat.MaxState || pages > keys || page.Head.Seq != keys {
			t.Fatalf("page %d has %d bytes, at %d", pages, size, page.Head.Seq)
		}
		after = page.Next
	}
	if n != keys {
		t.Errorf("%d keys", n)
	}
}

// What is due at once goes at once: commits that wait together cost one sync.
func TestSweep_DeletesTogetherWhatIsDueTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowDeletes{Store: openStore(t)}
		h := newHub(t, chat.Options{Store: store})
		const all = 150
		for i := range all {
			if _, err := h.SetState(t.Context(), server(), chat.SetState{Channel: "board", Key: fmt.Sprint(i), Value: []byte("1"), TTL: time.Second}); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		for store.gone.Load() < all {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// slowDeletes is a store whose syncs take 100 ms, which those that wait share.
type slowDeletes struct {
	chat.Store
	gone atomic.Int64
}

func (s *slowDeletes) Append(d *chat.Draft, done func(chat.Committed, error)) {
	if d.Kind != chat.KindState || d.Body != nil {
		s.Store.Append(d, done)
		return
	}
	s.Store.Append(d, func(c chat.Committed, err error) {
		go func() {
			time.Sleep(100 * time.Millisecond)
			s.gone.Add(1)
			done(c, err)
		}()
	})
}
