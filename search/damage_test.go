package search_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

// damages are what may have become of a file.
var damages = map[string]func(content []byte) []byte{
	"cut":     func(content []byte) []byte { return content[:len(content)/2] },
	"garbled": func(content []byte) []byte { return garbled(content, len(content)/3, len(content)/2) },
	"ends in other bytes": func(content []byte) []byte {
		return garbled(content, len(content)-min(len(content), 8), len(content))
	},
	"gone": nil,
}

func garbled(content []byte, from, to int) []byte {
	for i := from; i < to; i++ {
		content[i] ^= 0x5a
	}
	return content
}

// The index is made of the log: whatever has become of its files, the server
// starts, and finds what it found.
func TestIndex_IsMadeAnewWhateverIsDamaged(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	for i := range 150 {
		w.post(ada, fmt.Sprint("c", i%3), fmt.Sprintf("damask %d %s", i, strings.Repeat(fmt.Sprintf("w%d ", i), 1+i%7)))
	}
	sound := vfs.NewMem()
	x := w.opened(search.Options{Dir: "search", FS: sound, Bus: w.bus.Join(), MemoryBytes: 64 << 10})
	awaitLevel(t, x)
	want, err := x.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := sound.List("search")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for how, damage := range damages {
			fs := vfs.NewMem()
			if _, err := vfs.Clone(sound, fs, "search", "search"); err != nil {
				t.Fatal(err)
			}
			changeFile(t, fs, fs.PathJoin("search", name), damage)
			x := w.opened(search.Options{Dir: "search", FS: fs, Bus: w.bus.Join(), MemoryBytes: 64 << 10})
			until(t, func() bool {
				found, err := x.Find(t.Context(), ada, search.Ask{Query: "damask", Limit: search.MaxLimit})
				if err != nil && chat.CodeOf(err) != chat.CodeUnavailable {
					t.Fatalf("%s %s: %v", name, how, err)
				}
				rows, failed := x.Rows() // which reads all of it
				return err == nil && failed == nil && len(found.Hits) == search.MaxLimit && maps.Equal(rows, want)
			})
			if err := x.Close(); err != nil {
				t.Fatalf("%s %s: %v", name, how, err)
			}
		}
	}
}

func changeFile(t *testing.T, fs vfs.FS, name string, change func([]byte) []byte) {
	t.Helper()
	if change == nil {
		if err := fs.Remove(name); err != nil {
			t.Fatal(err)
		}
		return
	}
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	if f, err = fs.Create(name, vfs.WriteCategoryUnspecified); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(change(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// What another process has is not thrown away under its hands.
func TestOpen_LeavesAloneWhatAnotherHas(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.post(user("ada"), "general", "said before")
	w.level()
	_, err := search.Open(t.Context(), search.Options{Dir: w.dir, Log: w.store, Permit: w.hub.Permit})
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a folder that is taken: %v", err)
	}
	w.close()
	w.open()
	if n := w.index.Stats().Documents; n != 1 {
		t.Errorf("%d documents are left", n)
	}
}

// A disk without room, or that lets nobody read, says nothing about the index:
// it is kept, and what is wrong is said.
func TestOpen_KeepsTheIndexWhereNoneCouldBe(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var forbidden atomic.Bool
	disk := &disk{free: 1 << 29, FS: errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if forbidden.Load() && op.Kind == errorfs.OpOpen && strings.Contains(op.Path, "MANIFEST") {
			return syscall.EACCES
		}
		return nil
	}))}
	o := search.Options{Dir: "search", FS: disk, Bus: w.bus.Join(), Log: w.store, Permit: w.hub.Permit}
	w.post(user("ada"), "general", "said before")
	x := w.opened(o)
	awaitLevel(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	forbidden.Store(true)
	if _, err := search.Open(t.Context(), o); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("where nobody may read: %v", err)
	}
	forbidden.Store(false)
	disk.free = 1000
	if _, err := search.Open(t.Context(), o); chat.CodeOf(err) != chat.CodeStorageFull {
		t.Errorf("on a full disk: %v", err)
	}
	disk.free = 1 << 29
	x = w.opened(o)
	if n := x.Stats().Documents; n != 1 {
		t.Errorf("%d documents are left", n)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

// records are what was logged.
type records struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *records) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// That the store is damaged is nothing that an index made anew would mend.
func TestIndex_IsKeptWhereTheLogIsDamaged(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.post(user("ada"), "general", "said before")
	w.level()
	w.close()
	w.post(user("ada"), "general", "said since")
	var said records
	log := &tapped{Log: w.store, events: func(chat.ChannelID) error { return &chat.Error{Code: chat.CodeInternal, Cause: pebble.ErrCorruption} }}
	x, err := search.Open(t.Context(), search.Options{Dir: w.dir, Log: log, Permit: w.hub.Permit, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return strings.Contains(said.String(), "index what is new") })
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if n := x.Stats().Documents; n != 1 || strings.Contains(said.String(), "anew") {
		t.Errorf("%d documents are left:\n%s", n, said.String())
	}
	w.open() // for the end
}

// tapped is a log of which each reading of events is told.
type tapped struct {
	search.Log
	events func(ch chat.ChannelID) error
}

func (l *tapped) Events(ctx context.Context, ch chat.ChannelID, after uint64, limit int) ([]*chat.Event, error) {
	if err := l.events(ch); err != nil {
		return nil, err
	}
	return l.Log.Events(ctx, ch, after, limit)
}
