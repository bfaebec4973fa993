package search

import (
	"strconv"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

func hintOf(i int, seq uint64) chat.Hint {
	return chat.Hint{Channel: chat.ChannelID{Project: "p", Name: strconv.Itoa(i)}, Seq: seq}
}

func TestNews_BeyondTheirBoundAreMissedOnce(t *testing.T) {
	t.Parallel()
	n := newNews(time.Now)
	for i := range maxNews {
		n.hear(hintOf(i, 1))
	}
	n.hear(hintOf(0, 2))
	if n.missed() {
		t.Error("all were kept, and some missed")
	}
	n.hear(hintOf(maxNews, 1))
	if !n.missed() || n.missed() {
		t.Error("what did not fit was not missed, or twice")
	}
	if got := n.take(); len(got) != maxNews || got[hintOf(0, 0).Channel].seq != 2 {
		t.Errorf("%d are kept", len(got))
	}
}

// Whoever was woken finds something; what comes while it works wakes it again.
func TestNews_WakeOnceForAllThatGathers(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0)
	n := newNews(func() time.Time { return at })
	n.settle()
	n.hear(hintOf(1, 1))
	at = at.Add(time.Second)
	n.hear(hintOf(2, 1))
	n.hear(hintOf(1, 2))
	<-n.wake
	if _, lag := n.waiting(); lag != time.Second {
		t.Errorf("behind by %v", lag)
	}
	n.hear(hintOf(3, 1))
	if got := n.take(); len(got) != 3 || got[hintOf(1, 0).Channel].seq != 2 {
		t.Errorf("took %v", got)
	}
	select {
	case <-n.wake:
		t.Error("woken for what was taken")
	default:
	}
	n.hear(hintOf(1, 3))
	<-n.wake
	if waiting, lag := n.waiting(); waiting != 1 || lag != time.Second {
		t.Errorf("%d wait, behind by %v", waiting, lag)
	}
	n.settle()
	if _, lag := n.waiting(); lag != 0 {
		t.Errorf("behind by %v", lag)
	}
}

// What was taken and indexed does not wait any more; what no hint told of does until
// all heads were compared.
func TestNews_WaitUntilTheyAreIndexed(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0)
	n := newNews(func() time.Time { return at })
	later := func() { at = at.Add(time.Second) }
	is := func(when string, want time.Duration) {
		t.Helper()
		if _, lag := n.waiting(); lag != want {
			t.Errorf("%s it is behind by %v, want %v", when, lag, want)
		}
	}
	n.hear(hintOf(1, 1))
	later()
	n.take()
	n.done()
	is("before all heads were compared", time.Second)
	n.settle()
	n.hear(hintOf(1, 2))
	later()
	n.take()
	later()
	is("while what was taken is indexed", 2*time.Second)
	n.hear(hintOf(2, 1))
	n.done()
	is("then", 0)
	later()
	is("with what came meanwhile", time.Second)
	n.take()
	n.owe()
	n.done()
	is("when what was taken was lost", time.Second)
	n.settle()
	is("and found again", 0)
	for i := range maxNews + 1 {
		n.hear(hintOf(i, 1))
	}
	later()
	n.take()
	n.done()
	is("with one that was missed", time.Second)
}

// What hints bring is what follows on what is there, as far as that is known.
func TestNews_EventsAreThoseThatFollow(t *testing.T) {
	t.Parallel()
	n := newNews(time.Now)
	hear := func(seq uint64, event bool) {
		h := hintOf(1, seq)
		if event {
			h.Event = &chat.Event{Seq: seq, Body: make([]byte, 1000)}
		}
		n.hear(h)
	}
	for seq := uint64(5); seq <= 7; seq++ {
		hear(seq, true)
	}
	hear(7, true)  // twice
	hear(9, true)  // one was lost
	hear(10, true) // what follows is nothing to go on from
	got := n.take()[hintOf(1, 0).Channel]
	if got.seq != 10 {
		t.Errorf("it reaches to %d", got.seq)
	}
	for after, want := range map[uint64]int{0: 0, 3: 0, 4: 3, 5: 2, 7: 0, 20: 0} {
		events := got.after(after)
		if len(events) != want || want > 0 && events[0].Seq != after+1 {
			t.Errorf("%d follow %d, want %d", len(events), after, want)
		}
	}
	hear(11, false)
	if got := n.take()[hintOf(1, 0).Channel]; got.seq != 11 || got.after(10) != nil {
		t.Errorf("a hint without its event: %+v", got)
	}
	for seq := uint64(1); seq <= 2*stepEvents; seq++ {
		hear(seq, true)
	}
	if got := n.take()[hintOf(1, 0).Channel]; len(got.events) != stepEvents || got.seq != 2*stepEvents {
		t.Errorf("%d of %d are kept", len(got.events), got.seq)
	}
	for i := range heldBytes / 1000 * 2 {
		h := hintOf(i, 1)
		h.Event = &chat.Event{Seq: 1, Body: make([]byte, 1000)}
		n.hear(h)
	}
	kept := 0
	for _, t := range n.take() {
		kept += len(t.events)
	}
	if kept*(1000+eventBytes) > heldBytes+2000 || kept < 1000 {
		t.Errorf("%d events are kept", kept)
	}
}
