package search

import (
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// TestPending_IsTheSetOfWhatWasAddedAndNotRemoved compares the blocks that are
// written in many batches, with flushes and compactions in between, with a map.
func TestPending_IsTheSetOfWhatWasAddedAndNotRemoved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		db, err := pebble.Open("", &pebble.Options{FS: vfs.NewMem(), Merger: newMerger(), Logger: logger{&Index{log: slog.New(slog.DiscardHandler)}}})
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		want := map[document][]int{}
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			changeSome(rt, db, want)
			switch rapid.IntRange(0, 5).Draw(rt, "then") {
			case 0:
				err = db.Flush()
			case 1:
				err = db.Compact(t.Context(), []byte{0}, []byte{0xff}, false)
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		got := map[document][]int{}
		iter, err := db.NewIter(nil)
		if err != nil {
			rt.Fatal(err)
		}
		for ok := iter.First(); ok; ok = iter.Next() {
			b, err := readBlock(iter.Value())
			if err != nil || b.size() == 0 {
				rt.Fatalf("%d documents, %v", b.size(), err)
			}
			for i := range b.size() {
				if i > 0 && string(b.rest(i-1)) >= string(b.rest(i)) {
					rt.Fatalf("%x is before %x", b.rest(i-1), b.rest(i))
				}
				got[b.document(iter.Key(), i)], _ = b.readPlaces(nil, i)
			}
		}
		if err := iter.Close(); err != nil {
			rt.Fatal(err)
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			rt.Fatalf("there is %v, want %v", got, want)
		}
	})
}

// changeSome has one batch remove some of the documents that are there, and add
// others; of one that is there or was just removed the new places count.
func changeSome(rt *rapid.T, db *pebble.DB, want map[document][]int) {
	changes := newPending()
	key := func(d *document) []byte {
		window := d.window()
		return append([]byte("term\x00"), window[:]...)
	}
	for range rapid.IntRange(0, 6).Draw(rt, "removed") {
		d := drawDocument(rt)
		if _, found := want[d]; found {
			changes.remove(key(&d), &d)
			delete(want, d)
		}
	}
	for _, d := range rapid.SliceOfNDistinct(rapid.Custom(drawDocument), 0, 20, rapid.ID).Draw(rt, "added") {
		want[d] = slices.Sorted(slices.Values(rapid.SliceOfN(rapid.IntRange(0, 9999), 0, 4).Draw(rt, "places")))
		changes.add(key(&d), &d, want[d])
	}
	b := db.NewBatch()
	if err := changes.write(b, db); err != nil {
		rt.Fatal(err)
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		rt.Fatal(err)
	}
}

// drawDocument is one of a few in three windows.
func drawDocument(rt *rapid.T) document {
	at := time.UnixMilli(1<<30 + 400*int64(rapid.IntRange(0, 25).Draw(rt, "at")))
	return newDocument(at, uint32(rapid.IntRange(0, 1).Draw(rt, "channel")), 7)
}

// FuzzReadBlock: a value that was not written so is an error,
// and takes nobody with it.
func FuzzReadBlock(f *testing.F) {
	changes := newPending()
	d := testDocument(1)
	changes.add([]byte("key"), &d, []int{3})
	d = testDocument(2)
	changes.add([]byte("key"), &d, []int{3, 400})
	for _, p := range changes.added[0] {
		changes.block.add(p.rest[:], p.place, changes.places[p.from:p.to])
	}
	f.Add(changes.block.append(nil))
	f.Add([]byte{1, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		b, err := readBlock(value)
		if err != nil {
			return
		}
		for i := range b.size() {
			b.readPlaces(nil, i)
		}
		var both block
		both.join([]block{b, b}, make([]int, 2))
		if _, err := readBlock(both.append(nil)); err != nil {
			t.Errorf("joined with itself: %v", err)
		}
	})
}
