package search

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestBoth_IsWhatAllListsHave compares lists of all densities, part of them in
// files and part in memory, with sets.
func TestBoth_IsWhatAllListsHave(t *testing.T) {
	t.Parallel()
	db, err := pebble.Open("", &pebble.Options{FS: vfs.NewMem(), Merger: newMerger(), Logger: logger{&Index{log: slog.New(slog.DiscardHandler)}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const documents = 20_000
	random := rand.New(rand.NewPCG(5, 7))
	every := []int{1, 2, 3, 5, 9, 30, 400, 3000, documents + 1}
	var postings [][]bool // by list and document
	for i, n := range every {
		has := make([]bool, documents)
		for d := range has {
			has[d] = random.IntN(n) == 0 && n <= documents
		}
		postings = append(postings, has)
		writeList(t, db, i, has)
	}
	for range 100 {
		chosen := make([]int, 2+random.IntN(3))
		for i := range chosen {
			chosen[i] = random.IntN(len(every))
		}
		first, end := random.IntN(documents/4), documents-random.IntN(documents/4)
		s := &span{first: testDocument(first), end: testDocument(end), ends: true}
		var lists []list
		for _, c := range chosen {
			l, err := newPostingList(db, db, []byte{byte(c), 0}, s)
			if err != nil {
				t.Fatal(err)
			}
			lists = append(lists, l)
		}
		var want, got []document
		for d := first; d < end; d++ {
			if !slices.ContainsFunc(chosen, func(c int) bool { return !postings[c][d] }) {
				want = append(want, testDocument(d))
			}
		}
		all := newBoth(&budget{over: t.Context().Err}, lists, nil)
		for ; all.at() != nil; all.next() {
			got = append(got, *all.at())
		}
		if err := all.close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("lists of one in %v from %d to %d: %d documents, want %d", chosen, first, end, len(got), len(want))
		}
	}
}

// writeList writes most of the list's windows twice.
func writeList(t *testing.T, db *pebble.DB, list int, has []bool) {
	t.Helper()
	changes := newPending()
	for half := range 2 {
		for d := half; d < len(has); d += 2 {
			if has[d] {
				at := testDocument(d)
				window := at.window()
				changes.add(append([]byte{byte(list), 0}, window[:]...), &at, nil)
			}
		}
		commit(t, db, &changes)
		if (list+half)%3 == 0 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// testDocument is the i-th from the newest: some forty in a window.
func testDocument(i int) document { return newDocument(time.UnixMilli(1<<40-24*int64(i)), 1, 1) }

func commit(t *testing.T, db *pebble.DB, changes *pending) {
	t.Helper()
	b := db.NewBatch()
	if err := changes.write(b, db); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	changes.clear()
}

// sparse are the documents whose number is rest modulo every, very many.
type sparse struct {
	every, rest, now int
	seeks            *int
	d                document
}

func (l *sparse) at() *document {
	if l.now > 100_000 {
		return nil
	}
	l.d = testDocument(l.now*l.every + l.rest)
	return &l.d
}

func (l *sparse) next() { l.now++ }

func (l *sparse) seek(d *document) {
	*l.seeks++
	for l.at() != nil && l.at().compare(d) < 0 {
		l.next()
	}
}

func (l *sparse) size() uint64                   { return 1 }
func (l *sparse) places(dst []int) ([]int, bool) { return dst, false }
func (l *sparse) close() error                   { return nil }

// However long lists go on without meeting, nobody waits longer than they may.
func TestBoth_EndsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	over := errors.New("nobody waits")
	for name, make := range map[string]func(b *budget, seeks *int) *both{
		"never at one document": func(b *budget, seeks *int) *both {
			return newBoth(b, []list{&sparse{every: 2, seeks: seeks}, &sparse{every: 2, rest: 1, seeks: seeks}}, nil)
		},
		"never one that fits": func(b *budget, seeks *int) *both {
			return newBoth(b, []list{&sparse{every: 1, seeks: seeks}, &sparse{every: 1, seeks: seeks}}, func() bool { return *seeks > 100_000 })
		},
		"many at once": func(b *budget, seeks *int) *both {
			var many []list
			for i := range 64 {
				many = append(many, &sparse{every: 128, rest: 2 * i, seeks: seeks})
			}
			return newBoth(b, []list{&sparse{every: 128, rest: 127, seeks: seeks}, newEither(b, many)}, nil)
		},
		"within others": func(b *budget, seeks *int) *both {
			inner := newBoth(b, []list{&sparse{every: 2, seeks: seeks}, &sparse{every: 2, rest: 1, seeks: seeks}}, nil)
			return newBoth(b, []list{&sparse{every: 1, seeks: seeks}, inner}, nil)
		},
	} {
		asked, seeks := 0, 0
		b := &budget{over: func() error {
			if asked++; asked < 3 {
				return nil
			}
			return over
		}}
		l := make(b, &seeks)
		if l.at() != nil || b.err != over {
			t.Errorf("%s: it is at %v, and says %v", name, l.at(), b.err)
		}
		if seeks > 4*turnsChecked || asked != 3 {
			t.Errorf("%s: it took %d seeks and asked %d times", name, seeks, asked)
		}
	}
}
