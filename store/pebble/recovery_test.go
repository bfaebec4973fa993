package pebble

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/store/journal"
)

// killed is the disk of a store that was ended under load, and what it has said.
func killed(t *testing.T) (*vfs.MemFS, *witness) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	w := newWitness()
	if err := load(context.Background(), s, w, "u0", "0.", 1); err != nil {
		t.Fatal(err)
	}
	return fs.CrashClone(vfs.CrashCloneCfg{}), w
}

// TestRecovery_LosesNothingHoweverOftenItIsCutShort ends Open at each of its
// changes, three times in a row, each time with the power cut.
func TestRecovery_LosesNothingHoweverOftenItIsCutShort(t *testing.T) {
	t.Parallel()
	base, w := killed(t)
	for n, fired := int64(1), true; fired; n++ {
		fs := base.CrashClone(vfs.CrashCloneCfg{})
		fired = false
		for again := range 3 {
			f := &fault{err: syscall.EIO, stays: true}
			f.left.Store(n)
			if s, err := Open(context.Background(), "data", small(faulty{fs, f})); err == nil {
				f.healed.Store(true)
				_ = s.Close()
			}
			fired = fired || f.fired.Load()
			fs = clonePart(fs, int(n)+again)
		}
		s := open(t, "data", small(fs))
		w.verify(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecovery_ReadsOnlyWhatThereIs: looking into what a crash has left changes
// nothing, and shows what Open would.
func TestRecovery_ReadsOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	fs, w := killed(t)
	for range 2 {
		s, err := OpenReadOnly("data", small(fs))
		if err != nil {
			t.Fatal(err)
		}
		for name, e := range w.acked {
			if got, err := s.Message(context.Background(), e.Channel, e.ID); e.ID != "" && (err != nil || got.Channel != e.Channel) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		sound(t, "data", small(fs))
	}
	w.verify(t, open(t, "data", small(fs)))
}

func TestRecovery_RefusesTablesAndJournalsThatDoNotBelongTogether(t *testing.T) {
	t.Parallel()
	base, _ := killed(t)
	for name, goes := range map[string]func(name string) bool{
		"no journal": journal.Is,
		"no tables":  func(name string) bool { return !journal.Is(name) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := base.CrashClone(vfs.CrashCloneCfg{})
			names, err := fs.List("data")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if !goes(name) {
					continue
				}
				if err := fs.Remove("data/" + name); err != nil {
					t.Fatal(err)
				}
			}
			before := journals(t, fs)
			_, err = Open(context.Background(), "data", small(fs))
			if !errors.Is(err, journal.ErrDamaged) && !errors.Is(err, errForeignJournal) {
				t.Errorf("opened with %v", err)
			}
			if after := journals(t, fs); after != before {
				t.Error("what there was of the journal was changed")
			}
		})
	}
}

// journals is all that stands in the segments.
func journals(t *testing.T, fs vfs.FS) string {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		if journal.Is(name) {
			fmt.Fprintf(&all, "%s %x\n", name, contents(t, fs, "data/"+name))
		}
	}
	return all.String()
}
