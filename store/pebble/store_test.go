package pebble

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/storetest"
)

// TestMain has rapid check the models less often than it would: they run twice,
// with the race detector, and each check leaves channels behind that all later
// ones expire too. -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	if f := flag.Lookup("rapid.checks"); f != nil {
		if err := f.Value.Set("40"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	flag.Parse()
	os.Exit(m.Run())
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// small are options for tests on a file system in memory: little of anything,
// so that its bounds are met.
func small(fs vfs.FS) Options {
	return Options{FS: fs, MemTableBytes: 256 << 10, CacheBytes: 1 << 20, Channels: 2, MaxBatch: 20}
}

func open(t *testing.T, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore_KeepsTheContractOnDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opened { return opened(t, t.TempDir(), Options{}) })
}

func TestStore_KeepsTheContractWithLittleOfEverything(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opened { return opened(t, "data", small(vfs.NewMem())) })
}

func opened(t *testing.T, dir string, opts Options) storetest.Opened {
	c := newClock()
	opts.Now = c.Now
	s := open(t, dir, opts)
	t.Cleanup(func() {
		_ = s.Close()
		sound(t, dir, opts)
	})
	return storetest.Opened{
		Store: s,
		Reopen: func() chat.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, opts)
			return s
		},
		Advance: c.Advance,
	}
}

// sound looks into a store that nobody has open for what does not fit together.
func sound(t *testing.T, dir string, opts Options) {
	t.Helper()
	s, err := OpenReadOnly(dir, opts)
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	if err := s.Verify(context.Background(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}
