package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/journal"
)

var errLostSilently = errors.New("an acknowledged message is gone, and nothing was said")

// TestDamage_IsAnErrorOrNoLoss flips a bit in, or cuts short, each file of a
// store in turn, at several places. Either the store says that it cannot be
// opened or read, or everything that was acknowledged is there.
//
// There is one gap: what the last record holds cannot be told from what a power
// cut left, nor can a journal that ends too soon. A store that was closed has
// nothing there.
func TestDamage_IsAnErrorOrNoLoss(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(map[bool]string{true: "closed", false: "killed"}[closed], func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewCrashableMem()
			opts := small(fs)
			opts.MemTableBytes = 1 << 20
			s := open(t, "data", opts)
			w := newWitness()
			if err := faultLoad(s, w, 20); err != nil {
				t.Fatal(err)
			}
			if closed {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			damageAll(t, fs, w, closed)
		})
	}
}

func damageAll(t *testing.T, fs *vfs.MemFS, w *witness, closed bool) {
	whole := fs.CrashClone(vfs.CrashCloneCfg{})
	names, err := whole.List("data")
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, name := range names {
		b := contents(t, whole, "data/"+name)
		if journal.Is(name) {
			b = bytes.TrimRight(b, "\x00") // what it is filled with ahead
		}
		size := len(b)
		last := journal.Is(name) && !slices.ContainsFunc(names, func(other string) bool { return journal.Is(other) && other > name })
		for _, at := range []int{0, size / 3, size / 2, size - 1} {
			for _, cut := range []bool{false, true} {
				if size == 0 || last && !closed && (cut || at == size-1) {
					continue
				}
				clone := fs.CrashClone(vfs.CrashCloneCfg{})
				damage(t, clone, "data/"+name, at, cut)
				err := intact(clone, w)
				if errors.Is(err, errLostSilently) {
					t.Errorf("%s of %d bytes, damaged at %d (cut: %v): %v", name, size, at, cut, err)
				}
				if err != nil {
					said++
				}
			}
		}
	}
	if said == 0 {
		t.Error("no damage was noticed at all")
	}
}

// damage flips a bit of a file, or drops the rest of it.
func damage(t *testing.T, fs vfs.FS, name string, at int, cut bool) {
	t.Helper()
	b := contents(t, fs, name)
	if cut {
		b = b[:at]
	} else {
		b[at] ^= 0x10
	}
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// intact opens the store and looks for everything acknowledged.
func intact(fs vfs.FS, w *witness) error {
	ctx := context.Background()
	s, err := Open(ctx, "data", small(fs))
	if err != nil {
		return err
	}
	defer s.Close()
	for name, e := range w.acked {
		got, err := s.Message(ctx, e.Channel, e.ID)
		if err != nil && chat.CodeOf(err) != chat.CodeNotFound {
			return err
		}
		if err != nil || string(got.Body) != string(e.Body) {
			return fmt.Errorf("%s: %w", name, errLostSilently)
		}
	}
	return nil
}
