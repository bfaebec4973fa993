package pacing

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// written is how long writing takes to a file on a disk that rests, ten seconds
// after it was made, on a clock that goes on by a millisecond with each look at it.
func written(t *testing.T, category vfs.DiskWriteCategory, hurried chan struct{}, writes int) time.Duration {
	t.Helper()
	looks := 0
	fs := restingFS{vfs.NewMem(), NewFlushes(func() time.Time {
		looks++
		return time.Now().Add(time.Duration(looks) * time.Millisecond)
	}, hurried)}
	time.Sleep(10 * time.Second) // of the bubble's time
	begun := time.Now()
	f, err := fs.Create("file", category)
	if err != nil {
		t.Fatal(err)
	}
	for range writes {
		if _, err := f.Write([]byte("some")); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return time.Since(begun).Truncate(10 * time.Millisecond)
}

func TestFlushes_RestBetweenShifts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		category vfs.DiskWriteCategory
		hurried  bool
		writes   int
		want     time.Duration
	}{
		{"each time", flushCategory, false, 10, 10 * flushRest * time.Millisecond},
		{"but not for long", flushCategory, false, 10_000, 10 * time.Second / flushShare},
		{"nor when the database closes", flushCategory, true, 10_000, 0},
		{"and nothing else does", "pebble-compaction", false, 10_000, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hurried := make(chan struct{})
				if c.hurried {
					close(hurried)
				}
				if took := written(t, c.category, hurried, c.writes); took != c.want {
					t.Errorf("it rested for %v, want %v", took, c.want)
				}
			})
		})
	}
}

// What Pebble calls its flushes is not in its API.
func TestFlushes_ArePebbles(t *testing.T) {
	t.Parallel()
	var looks atomic.Int64
	fs := restingFS{vfs.NewMem(), NewFlushes(func() time.Time {
		looks.Add(1)
		return time.Now()
	}, nil)}
	db, err := pebble.Open("db", &pebble.Options{FS: fs, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Set([]byte("key"), nil, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	before := looks.Load()
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if looks.Load() < before+3 { // when it was made, written and closed
		t.Errorf("the clock was looked at %d times", looks.Load()-before)
	}
}
