package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

const (
	returners     = 50
	returnChannel = 20 // rounds until everybody moves on to another channel
	returnChanges = 8  // in a round
)

// Somebody stays, others come and go while messages are posted, edited,
// deleted, answered, reacted to and pinned, and keys are set, counted and
// deleted. Whoever comes back, at whatever place and by whichever door, has the
// state of the one who stayed; and both have what a page and a snapshot of the
// server say.
func TestReturn_WhoComesBackAnywhereHasTheStateOfOneWhoStayed(t *testing.T) {
	t.Parallel()
	s := newServer(t, build(t), t.TempDir(), "--dev")
	s.mustStart()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	w := &world{t: t, ctx: ctx, server: s, rng: rand.New(rand.NewPCG(7, uint64(made(t).returns)))}
	for i := range 4 {
		w.writers = append(w.writers, w.client(fmt.Sprint("writer-", i)))
	}
	cases, replayed := 0, uint64(0)
	for round := 0; cases < made(t).returns; round++ {
		if round%returnChannel == 0 {
			w.move(fmt.Sprint("return-", round/returnChannel))
		}
		back := w.writeWhile(returnChanges, w.comeBack)
		head := w.head()
		stayed := w.stayer.at(w, head)
		for _, r := range back {
			if got := r.at(w, head); got != stayed {
				t.Fatalf("%s, who came back at %d, differs at %d:\n%s\nthe one who stayed:\n%s", r.name, r.from, head, got, stayed)
			}
			cases++
			replayed += head - r.from
			if w.rng.IntN(3) > 0 {
				r.leave()
			}
		}
		if round%returnChannel == returnChannel-1 {
			w.compareWithServer(stayed)
		}
	}
	t.Logf("%d came back, %d events in all", cases, replayed)
}
