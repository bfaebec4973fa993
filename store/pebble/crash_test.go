package pebble

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// witness notes what a store has said, to be held against what it says later.
type witness struct {
	mu     sync.Mutex
	acked  map[string]*chat.Event // by channel, sender and nonce
	read   map[string]uint64      // heads that were seen, by channel
	cursor map[string]uint64      // cursors that were seen, by channel and user
	told   chan struct{}          // gets a token for each answer, while it has room
}

func newWitness() *witness {
	return &witness{acked: map[string]*chat.Event{}, read: map[string]uint64{}, cursor: map[string]uint64{}, told: make(chan struct{}, 8*loadMost)}
}

// snapshot is what was said until now.
func (w *witness) snapshot() *witness {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := newWitness()
	for k, v := range w.acked {
		s.acked[k] = v
	}
	for k, v := range w.read {
		s.read[k] = v
	}
	for k, v := range w.cursor {
		s.cursor[k] = v
	}
	return s
}

func nonceName(ch chat.ChannelID, sender, nonce string) string {
	return ch.String() + " " + sender + " " + nonce
}

var crashChannels = []chat.ChannelID{{Project: "p", Name: "a"}, {Project: "p", Name: "b"}, {Project: "q", Name: "a"}}

// loadMost bounds what one sender of a load appends: on a busy machine who
// looks on may come late.
const loadMost = 100

// load appends, edits, deletes, reads and moves cursors, and says
// to w what it is told. Errors end it: the store may be failing on purpose.
func load(ctx context.Context, s *Store, w *witness, name, turn string, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	var own []*chat.Event
	for i := 0; i < loadMost && ctx.Err() == nil; i++ {
		ch := crashChannels[rng.IntN(len(crashChannels))]
		d := &chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: name, Body: bodyOf(name, i), Nonce: fmt.Sprint(turn, i)}
		if len(own) > 0 {
			about(d, own[rng.IntN(len(own))], rng.IntN(16))
		}
		c, err := appendWait(s, d)
		if code := chat.CodeOf(err); code == chat.CodeDeleted || code == chat.CodeTooMany {
			continue
		}
		if err != nil {
			return err
		}
		if d.Kind == chat.KindMessage {
			own = append(own, c.Event)
		}
		w.mu.Lock()
		if !c.Repeated { // a second delete, reaction or pin is the first's event
			w.acked[nonceName(d.Channel, name, d.Nonce)] = c.Event
		}
		w.mu.Unlock()
		select {
		case w.told <- struct{}{}:
		default:
		}
		if err := look(ctx, s, w, ch, name); err != nil {
			return err
		}
	}
	return nil
}

// bodyOf is a sender's i-th body; most name a file.
func bodyOf(name string, i int) []byte {
	file := strings.Repeat("A", 24) + string([]byte{'A' + byte(i)%5, 'A' + byte(i)/26})
	return fmt.Appendf(nil, `"%s %d %s%s"`, name, i, chat.FilePrefix, file[:26-i%3/2])
}

// about makes a draft one about a message, or leaves it as it is.
func about(d *chat.Draft, of *chat.Event, op int) {
	kinds := []chat.Kind{chat.KindDelete, chat.KindEdit, chat.KindReaction, chat.KindReaction, chat.KindPin, chat.KindState, chat.KindMessage}
	if op >= len(kinds) {
		return
	}
	d.Channel, d.Kind, d.ID = of.Channel, kinds[op], of.ID
	switch d.Kind {
	case chat.KindMessage:
		d.ID, d.ParentID, d.Mentions, d.TTL = "", of.ID, []string{"u1", "u2"}, time.Hour
	case chat.KindState:
		d.ID, d.Name = "", "key"
	case chat.KindReaction, chat.KindPin:
		d.Body, d.On, d.Name = nil, true, "x"
	case chat.KindDelete:
		d.Body = nil
	}
}

func look(ctx context.Context, s *Store, w *witness, ch chat.ChannelID, user string) error {
	h, err := s.Head(ctx, ch)
	if err != nil {
		return err
	}
	cs, err := s.MoveCursors(ctx, []chat.Cursor{{Channel: ch, User: user, Read: h.Seq}})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read[ch.String()] = max(w.read[ch.String()], h.Seq)
	w.cursor[ch.String()+" "+user] = max(w.cursor[ch.String()+" "+user], cs[0].Read)
	return nil
}

// appended is what an append was answered with.
type appended struct {
	chat.Committed
	err error
}

func appendWait(s *Store, d *chat.Draft) (chat.Committed, error) {
	r := appendAll(s, []*chat.Draft{d})[0]
	return r.Committed, r.err
}

// appendAll queues the drafts one after the other, then waits for all answers.
func appendAll(s *Store, drafts []*chat.Draft) []appended {
	all := make([]appended, len(drafts))
	var answers sync.WaitGroup
	answers.Add(len(drafts))
	for i, d := range drafts {
		s.Append(d, func(c chat.Committed, err error) {
			all[i] = appended{c, err}
			answers.Done()
		})
	}
	answers.Wait()
	return all
}

// verify holds what s says against what was said before.
func (w *witness) verify(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	if err := s.Verify(ctx, func(problem string) { t.Error(problem) }); err != nil {
		t.Fatal(err)
	}
	nonces := map[string]uint64{}
	for _, ch := range crashChannels {
		h, err := s.Head(ctx, ch)
		if err != nil {
			t.Fatal(err)
		}
		if seen := w.read[ch.String()]; h.Seq < seen {
			t.Fatalf("%s: the head fell from %d to %d", ch, seen, h.Seq)
		}
		var es []*chat.Event
		if h.Seq > 0 {
			if es, err = s.Events(ctx, ch, 0, int(h.Seq)); err != nil {
				t.Fatal(err)
			}
		}
		if uint64(len(es)) != h.Seq {
			t.Fatalf("%s: %d events up to %d", ch, len(es), h.Seq)
		}
		gone := map[string]bool{}
		for _, e := range es {
			name := nonceName(ch, e.Sender, e.Nonce)
			if other, ok := nonces[name]; ok {
				t.Fatalf("%s has seqs %d and %d", name, other, e.Seq)
			}
			nonces[name] = e.Seq
			if e.Kind == chat.KindDelete {
				gone[e.ID] = true
			}
		}
		for _, e := range es {
			if gone[e.ID] && len(e.Body) > 0 {
				t.Fatalf("%s: seq %d is of a deleted message and says %s", ch, e.Seq, e.Body)
			}
		}
		verifyNonces(t, s, es)
	}
	for name, e := range w.acked {
		if nonces[name] != e.Seq {
			t.Fatalf("%s was acknowledged as seq %d and is %d", name, e.Seq, nonces[name])
		}
	}
	for name, seen := range w.cursor {
		ch, user := cutCursor(name)
		c, err := s.Cursor(ctx, ch, user)
		if err != nil || c.Read < seen {
			t.Fatalf("cursor %s fell from %d to %d, %v", name, seen, c.Read, err)
		}
	}
}

func cutCursor(name string) (chat.ChannelID, string) {
	for _, ch := range crashChannels {
		if user, ok := trim(name, ch.String()+" "); ok {
			return ch, user
		}
	}
	return chat.ChannelID{}, ""
}

func trim(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return "", false
}

// verifyNonces retries the last messages: each must be found again.
func verifyNonces(t *testing.T, s *Store, es []*chat.Event) {
	t.Helper()
	var drafts []*chat.Draft
	seqs := map[string]uint64{}
	for _, e := range es[max(0, len(es)-30):] {
		// What a reply was sent as an answer to is not known any more.
		if e.Kind == chat.KindMessage && !e.Deleted() && e.EditSeq == 0 && e.ParentID == "" {
			drafts = append(drafts, &chat.Draft{Channel: e.Channel, Kind: e.Kind, Sender: e.Sender, Nonce: e.Nonce, Body: e.Body})
			seqs[e.Sender+" "+e.Nonce] = e.Seq
		}
	}
	for i, r := range appendAll(s, drafts) {
		if d := drafts[i]; r.err != nil || !r.Repeated || r.Event.Seq != seqs[d.Sender+" "+d.Nonce] {
			t.Fatalf("retrying %s of %s: %+v, %v", d.Nonce, d.Channel, r.Committed, r.err)
		}
	}
}

// retry sends again what a sender may not have heard about: the nonces that
// follow the last one acknowledged. Whatever the log holds, each is one event.
func retry(t *testing.T, s *Store, senders int, turn string) {
	t.Helper()
	var drafts []*chat.Draft
	for n := range senders {
		name := fmt.Sprint("u", n)
		for _, ch := range crashChannels {
			for i := range 40 {
				drafts = append(drafts, &chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: name, Nonce: fmt.Sprint(turn, i), Body: bodyOf(name, i)})
			}
		}
	}
	all := appendAll(s, slices.Concat(drafts, drafts))
	for i, first := range all[:len(drafts)] {
		again, nonce := all[len(drafts)+i], drafts[i].Nonce
		if chat.CodeOf(first.err) == chat.CodeConflict && chat.CodeOf(again.err) == chat.CodeConflict {
			continue // it was something about a message
		}
		if first.err != nil || again.err != nil || !again.Repeated || again.Event.Seq != first.Event.Seq || first.Event.Nonce != nonce {
			t.Fatalf("%s: %+v, %v, then %+v, %v", nonce, first.Committed, first.err, again.Committed, again.err)
		}
	}
}

// crash takes clones of a file system under load, as power cuts at those
// moments would leave it, and opens each.
func crash(t *testing.T, unsynced, cuts int) {
	rng := rand.New(rand.NewPCG(uint64(unsynced), uint64(cuts)))
	fs := vfs.NewCrashableMem()
	w := newWitness()
	const senders = 8
	for cut := range cuts {
		s := open(t, "data", small(fs))
		w.verify(t, s)
		if cut%4 == 3 {
			retry(t, s, senders, fmt.Sprint(cut-1, "."))
		}
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for i := range senders {
			seed := rng.Uint64()
			wg.Go(func() {
				if err := load(ctx, s, w, fmt.Sprint("u", i), fmt.Sprint(cut, "."), seed); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			})
		}
		for range rng.IntN(200) {
			<-w.told
		}
		before := w.snapshot()
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rand.New(rand.NewPCG(rng.Uint64(), 1))})
		stop()
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		fs, w = clone, before
	}
	s := open(t, "data", small(fs))
	w.verify(t, s)
}

func TestCrash_KeepsWhatWasSaid(t *testing.T) {
	for _, unsynced := range []int{0, 50, 100} {
		t.Run(fmt.Sprint(unsynced, "%"), func(t *testing.T) {
			t.Parallel()
			crash(t, unsynced, 12)
		})
	}
}

// clonePart is the file system after a cut that left some of what was not
// synced, another part for every seed.
func clonePart(fs *vfs.MemFS, seed int) *vfs.MemFS {
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 5 * (seed % 21), RNG: rand.New(rand.NewPCG(uint64(seed), 2))})
}
