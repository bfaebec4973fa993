package chat_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
)

// lossy loses, delays and doubles hints.
type lossy struct {
	chat.Bus
	mu    sync.Mutex
	rand  *rand.Rand
	late  []chat.Hint
	quiet bool // nothing is lost any more
}

func (l *lossy) Publish(h chat.Hint) {
	l.mu.Lock()
	n := l.rand.IntN(10)
	var out []chat.Hint
	switch {
	case l.quiet:
		out = append(l.late, h)
		l.late = nil
	case n < 5: // lost
	case n < 7: // late
		l.late = append(l.late, h)
	case n < 8: // doubled, after those that were late
		out = append(append(l.late, h), h)
		l.late = nil
	default:
		out = append(out, h)
	}
	l.mu.Unlock()
	for _, h := range out {
		l.Bus.Publish(h)
	}
}

func (l *lossy) Loses() bool { return true }

// heal ends the losses; what was lost stays lost, but for the heads that are
// hinted again.
func (l *lossy) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quiet = true
}

// TestModel_EveryReaderHasAContiguousRunOfTheLog posts, edits and deletes on
// two hubs that share a store and a bus that loses half of its hints, while
// readers join, stall, fall behind, leave and come back.
func TestModel_EveryReaderHasAContiguousRunOfTheLog(t *testing.T) {
	t.Parallel()
	const channels, posters, readers, posts = 3, 6, 12, 150
	store := openStore(t)
	bus := local.New()
	var hubs []*chat.Hub
	var buses []*lossy
	for i := range 2 {
		l := &lossy{Bus: bus.Join(), rand: rand.New(rand.NewPCG(1, uint64(i)))}
		buses = append(buses, l)
		hubs = append(hubs, newHub(t, chat.Options{Store: store, Bus: l, QueueBytes: 2 << 10}))
	}
	name := func(i int) string { return fmt.Sprintf("model-%d", i%channels) }

	var posting, reading sync.WaitGroup
	over := make(chan struct{})
	for i := range readers {
		reading.Go(func() { modelReader(t, hubs[i%2], store, name(i), uint64(i), over) })
	}
	for i := range posters {
		posting.Go(func() { modelPoster(t, hubs[i%2], name(i), i, posts) })
	}
	posting.Wait()
	for _, l := range buses {
		l.heal()
	}
	close(over)
	reading.Wait()
	falls := hubs[0].Stats().FallBacks + hubs[1].Stats().FallBacks
	if falls == 0 {
		t.Error("no reader ever fell back: the model shows nothing")
	}
}

func modelPoster(t *testing.T, h *chat.Hub, channel string, i, posts int) {
	id := as(fmt.Sprintf("poster-%d", i))
	rng := rand.New(rand.NewPCG(2, uint64(i)))
	var mine []string
	for n := range posts {
		c, err := h.Post(t.Context(), &id, post(channel, fmt.Sprintf("%d from %s", n, id.User), fmt.Sprint(n)))
		if err != nil {
			t.Error(err)
			return
		}
		mine = append(mine, c.Event.ID)
		switch rng.IntN(8) {
		case 0:
			_, err = h.Edit(t.Context(), &id, chat.Edit{Channel: channel, ID: mine[rng.IntN(len(mine))], Body: []byte(`"edited"`)})
		case 1:
			at := rng.IntN(len(mine))
			_, err = h.Delete(t.Context(), &id, chat.Delete{Channel: channel, ID: mine[at]})
			mine = append(mine[:at], mine[at+1:]...)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// modelReader follows the channel over many sessions, from where the last one
// ended, and holds what it got against the log.
func modelReader(t *testing.T, h *chat.Hub, store chat.Store, channel string, seed uint64, over chan struct{}) {
	rng := rand.New(rand.NewPCG(3, seed))
	id := chat.ChannelID{Project: chat.DefaultProject, Name: channel}
	at := uint64(0)
	for last := false; !last; {
		d := connect(t, h, as(fmt.Sprintf("reader-%d", seed)))
		d.must(chat.Subscribe{Channel: channel, From: &chat.Position{Epoch: store.Epoch(), Seq: at}, Presence: rng.IntN(2) == 0})
		for range rng.IntN(4) {
			d.gate.Lock() // stall
			pause(over, time.Duration(rng.IntN(40))*time.Millisecond)
			d.gate.Unlock()
			pause(over, time.Duration(rng.IntN(20))*time.Millisecond)
		}
		select {
		case <-over:
			last = true
			head, err := store.Head(context.Background(), id)
			if err != nil {
				t.Error(err)
				return
			}
			d.events(int(head.Seq - at))
		default:
		}
		d.close()
		for _, e := range eventsOf(d.got) {
			if e.Seq != at+1 {
				t.Errorf("%s on %s: after %d came %d", id, d.session.ID(), at, e.Seq)
				return
			}
			at = e.Seq
		}
		d.got = nil
	}
	checkRun(t, store, id, at)
}

func pause(over chan struct{}, d time.Duration) {
	select {
	case <-over:
	case <-time.After(d):
	}
}

// checkRun holds the log against what a reader that began at 1 has seen.
func checkRun(t *testing.T, store chat.Store, id chat.ChannelID, at uint64) {
	head, err := store.Head(context.Background(), id)
	if err != nil || at != head.Seq {
		t.Errorf("%s: a reader ended at %d, the head is %d (%v)", id, at, head.Seq, err)
	}
	for seq := uint64(0); seq < head.Seq; {
		events, err := store.Events(context.Background(), id, seq, 100)
		if err != nil || len(events) == 0 {
			t.Errorf("%s: events after %d: %v", id, seq, err)
			return
		}
		for _, e := range events {
			if e.Seq != seq+1 {
				t.Errorf("%s: the log has %d after %d", id, e.Seq, seq)
			}
			seq = e.Seq
		}
	}
}
