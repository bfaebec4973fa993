package search_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

// A crash takes back how far the log was read together with what was read of
// it: whatever is left, the index becomes what it would have been.
func TestIndex_SurvivesCrashesAnywhere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	random := rand.New(rand.NewPCG(7, 7))
	ada := user("ada")
	fs := vfs.NewCrashableMem()
	open := func(fs vfs.FS) *search.Index {
		return w.opened(search.Options{Dir: "search", FS: fs, Bus: w.bus.Join(), MemoryBytes: 64 << 10})
	}
	x := open(fs)
	var posted []*chat.Event
	for range 6 {
		for i := range 150 {
			channel := fmt.Sprintf("c%d", random.IntN(4))
			words := make([]string, 1+random.IntN(12))
			for k := range words {
				words[k] = fmt.Sprintf("w%d", random.IntN(400))
			}
			posted = append(posted, w.post(ada, channel, strings.Join(words, " ")))
			at := posted[random.IntN(len(posted))]
			switch i % 10 {
			case 3: // of one that was deleted already it fails
				_, _ = w.hub.Edit(t.Context(), ada, chat.Edit{Channel: at.Channel.Name, ID: at.ID, Body: []byte(`"edited anew"`)})
			case 7:
				_, _ = w.hub.Delete(t.Context(), ada, chat.Delete{Channel: at.Channel.Name, ID: at.ID})
			}
		}
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		fs = crashed
		x = open(fs)
	}
	awaitLevel(t, x)
	w.level()
	want, err := w.index.Rows()
	if err != nil {
		t.Fatal(err)
	}
	got, err := x.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after crashes it is another than without (-without +with):\n%.2000s", diff)
	}
	if a, b := w.index.Stats().Documents, x.Stats().Documents; a != b {
		t.Errorf("%d documents, without crashes %d", b, a)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func awaitLevel(t *testing.T, x *search.Index) {
	t.Helper()
	for begun := time.Now(); !x.Level(t) || x.Stats().Indexing; time.Sleep(time.Millisecond) {
		if time.Since(begun) > within {
			t.Fatalf("not level: %+v", x.Stats())
		}
	}
}

// A log that may have been rewound is another log.
func TestIndex_OfAnotherEpochIsMadeAnew(t *testing.T) {
	t.Parallel()
	a, b := setup(t), setup(t)
	a.post(user("ada"), "general", "of the first")
	b.post(user("ada"), "general", "of the second")
	a.level()
	a.close()
	b.close()
	b.dir = a.dir
	b.open()
	b.level()
	if got := b.texts(user("ada"), "of"); len(got) != 1 || got[0] != "of the second" {
		t.Errorf("found %q", got)
	}
	a.dir += "2"
	a.open() // for the end
}

// disk says how much of it is free.
type disk struct {
	vfs.FS
	free uint64
}

func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{TotalBytes: 1 << 30, AvailBytes: d.free}, nil
}

func TestIndex_StopsWhileTheDiskIsFullAndMessagesGoOn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	disk := &disk{FS: vfs.NewMem(), free: 1 << 20}
	x := w.opened(search.Options{Dir: "search", FS: disk, Bus: w.bus.Join()})
	w.post(ada, "general", "said on a full disk")
	until(t, func() bool { return x.Stats().Stalled })
	if found, err := x.Find(t.Context(), ada, search.Ask{Query: "said"}); err != nil || len(found.Hits) != 0 || !found.Indexing {
		t.Errorf("on a full disk: %+v, %v", found, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	disk.free = 1 << 29
	x = w.opened(search.Options{Dir: "search", FS: disk, Bus: w.bus.Join()})
	awaitLevel(t, x)
	if found, err := x.Find(t.Context(), ada, search.Ask{Query: "said"}); err != nil || len(found.Hits) != 1 {
		t.Errorf("with room again: %+v, %v", found, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > within {
			t.Fatal("that did not come to pass")
		}
	}
}

// Hints are only hints: without any, what is new is found by the walk at the
// next start.
func TestIndex_FindsWhatNoHintNamed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.level()
	w.close()
	w.post(user("ada"), "general", "while nobody listened")
	w.open()
	w.level()
	if got := w.texts(user("ada"), "listened"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

// What Pebble notes of its files cannot be written any more: the index ends, and
// takes nobody with it.
func TestIndex_AFailingDiskIsTheEndOfTheSearchAlone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	var failing atomic.Bool
	x := w.opened(search.Options{Dir: "search", Bus: w.bus.Join(), FS: errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && strings.Contains(op.Path, "MANIFEST") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return errorfs.ErrInjected
		}
		return nil
	}))})
	awaitLevel(t, x)
	failing.Store(true)
	w.post(ada, "general", "said to a disk that fails")
	until(t, func() bool {
		found, err := x.Find(t.Context(), ada, search.Ask{Query: "said"})
		return err == nil && len(found.Hits) == 1
	})
	if err := x.Close(); err != nil { // which writes what is in memory
		t.Fatal(err)
	}
	if _, err := x.Find(t.Context(), ada, search.Ask{Query: "said"}); chat.CodeOf(err) != chat.CodeUnavailable {
		t.Errorf("after the end: %v", err)
	}
}
