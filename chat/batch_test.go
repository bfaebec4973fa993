package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// inBatch is p as a message of a list.
func inBatch(p chat.Post, b *chat.Batch) chat.Post {
	p.Batch = b
	return p
}

func TestBatch_IsStoredInItsOrderWhoeverElsePosts(t *testing.T) {
	t.Parallel()
	const lists, size, others = 5, 20, 3
	h := newHub(t, chat.Options{})
	var all sync.WaitGroup
	for i := range others {
		other := connect(t, h, as(fmt.Sprint("other", i)))
		all.Go(func() {
			for n := range lists * size {
				other.do(post("general", fmt.Sprint(n), ""))
			}
		})
	}
	ada := connect(t, h, as("ada"))
	var nonces []string
	for n := range lists {
		batch := new(chat.Batch)
		for i := range size {
			nonces = append(nonces, fmt.Sprint(n, " ", i))
			ada.do(inBatch(post("general", "x", nonces[len(nonces)-1]), batch))
		}
	}
	all.Wait()
	seqs := until(ada, "acknowledgements", func(got []*chat.Delivery) (map[string]uint64, bool) {
		seqs := make(map[string]uint64)
		for _, g := range got {
			if g.Reply != nil && g.Reply.Committed != nil {
				seqs[g.Reply.Command.(chat.Post).Nonce] = g.Reply.Committed.Event.Seq
			}
		}
		return seqs, len(seqs) == len(nonces)
	})
	if !slices.IsSortedFunc(nonces, func(a, b string) int { return int(seqs[a]) - int(seqs[b]) }) {
		t.Errorf("the list was stored as %v", seqs)
	}
}

func TestBatch_EndsWithTheFirstThatIsRefusedForNow(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, PostRate: 10, PostBurst: 2})
	ada := connect(t, h, as("ada"))
	batch := new(chat.Batch)
	in := func(text, nonce string) chat.Post { return inBatch(post("general", text, nonce), batch) }
	ada.must(in("one", "n1"))
	ada.refused(in(strings.Repeat("x", chat.MaxBody), "n2"), chat.CodeTooLarge)
	ada.refused(in("another", "n1"), chat.CodeConflict) // it counts: it was asked of the store
	first := ada.refused(in("four", "n4"), chat.CodeRateLimited)
	c.advance(time.Minute)
	if again := ada.refused(in("five", "n5"), chat.CodeRateLimited); again.RetryAfter != first.RetryAfter || again.Message != first.Message {
		t.Errorf("refused by %v, then by %v", first, again)
	}
	ada.must(post("general", "alone", "n6"))
	batch = new(chat.Batch)
	if r := ada.must(in("four", "n4")); r.Committed.Event.Seq != 3 || r.Committed.Repeated {
		t.Errorf("in another list: %+v", r.Committed)
	}
}

func TestBatch_OfACallerWhoWaitsEndsSoToo(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now, PostRate: 10, PostBurst: 2})
	id := as("ada")
	outcomes, err := h.PostAll(t.Context(), &id, "general", []chat.Post{
		post("general", "", "n0"), post("general", "one", "n1"),
		{Body: []byte(`"x"`), ParentID: "none", Nonce: "n2"},
		post("general", "three", "n3"), post("general", "", "n4"), post("general", "five", "n5"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var codes []chat.Code
	for _, o := range outcomes {
		codes = append(codes, chat.CodeOf(o.Err))
	}
	want := []chat.Code{chat.CodeInvalid, "", chat.CodeNotFound, chat.CodeRateLimited, chat.CodeRateLimited, chat.CodeRateLimited}
	if !slices.Equal(codes, want) || outcomes[5].Err.Error() != outcomes[3].Err.Error() {
		t.Errorf("got %v, want %v", codes, want)
	}
}

func TestRequest_WithAFaultIsRefusedAndNotCarriedOut(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	p := post("general", "x", "n1")
	ada.session.Do(t.Context(), chat.Request{Ref: "r", Command: p, Fault: chat.E(chat.CodeInvalid, "it is not what it should be")})
	reply := ada.some("refusal", func(g *chat.Delivery) bool { return g.Reply != nil && g.Reply.Ref == "r" }).Reply
	if chat.CodeOf(reply.Err) != chat.CodeInvalid || reply.Command.(chat.Post).Nonce != "n1" {
		t.Errorf("answered with %+v", reply)
	}
	if r := ada.must(p); r.Committed.Repeated || r.Committed.Event.Seq != 1 {
		t.Errorf("it was carried out: %+v", r.Committed)
	}
}
