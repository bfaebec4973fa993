package chat_test

import (
	"fmt"
	"sync"
	"testing"
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
	if len(r.State) != 1 || string(r.State[0].Value) != `12` || r.State[0].Version != 2 || r.Head.Seq != 2 {
		t.Errorf("state %+v at %+v", r.State, r.Head)
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
	if r := ada.must(chat.GetState{Channel: "general"}); len(r.State) != 0 {
		t.Errorf("state %+v", r.State)
	}
}
