package pebble

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// TestDamage_IsAnErrorOrNoLoss flips a bit in, or cuts short, each file of a
// stopped store in turn. Either the store says that it cannot be opened or
// read, or everything that was acknowledged is there.
func TestDamage_IsAnErrorOrNoLoss(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	w := newWitness()
	if err := faultLoad(s, w); err != nil {
		t.Fatal(err)
	}
	whole := fs.CrashClone(vfs.CrashCloneCfg{})
	names, err := whole.List("data")
	if err != nil {
		t.Fatal(err)
	}
	detected := map[string]int{}
	for _, name := range names {
		size := len(contents(t, whole, "data/"+name))
		for _, at := range []int{0, size / 3, size / 2, size - 1} {
			for _, cut := range []bool{false, true} {
				if size == 0 {
					continue
				}
				clone := fs.CrashClone(vfs.CrashCloneCfg{})
				damage(t, clone, "data/"+name, at, cut)
				if err := intact(clone, w); err != nil {
					detected[name[strings.LastIndexByte(name, '.')+1:]]++
				}
			}
		}
	}
	t.Logf("errors by kind of file: %v", detected)
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

// intact opens the store and looks for everything acknowledged. A message that
// is missing without an error panics: nothing would have been said.
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
			return fmt.Errorf("silently lost: %s", name)
		}
	}
	return nil
}
