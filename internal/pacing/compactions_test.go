package pacing

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// uncompacted is a database whose levels wait to be compacted.
func uncompacted(t *testing.T, files int) vfs.FS {
	t.Helper()
	disk := vfs.NewMem()
	db, err := pebble.Open("db", &pebble.Options{FS: disk, Logger: quiet(), DisableAutomaticCompactions: true, L0StopWritesThreshold: 1000})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range files {
		scatter(t, db, random)
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return disk
}

// scatter writes keys from all over the database.
func scatter(t *testing.T, db *pebble.DB, random *rand.Rand) {
	t.Helper()
	for range 100 {
		if err := db.Set(fmt.Appendf(nil, "%08d", random.IntN(1e6)), []byte("value"), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
}

func openWith(t *testing.T, disk vfs.FS, c *Compactions) *pebble.DB {
	t.Helper()
	o := &pebble.Options{FS: disk, Logger: quiet(), L0CompactionThreshold: 2}
	o.Experimental.CompactionScheduler = c
	db, err := pebble.Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func quiet() pebble.Logger { return silence{} }

type silence struct{}

func (silence) Infof(string, ...any)  {}
func (silence) Errorf(string, ...any) {}
func (silence) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

func sublevels(db *pebble.DB) int { return int(db.Metrics().Levels[0].Sublevels) }

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestCompactions_BeginWhenPebbleIsOpenAndGoOnUntilNoneIsLeft(t *testing.T) {
	disk := uncompacted(t, 6)
	c := NewCompactions(time.Now)
	db := openWith(t, disk, c)
	for range 3 { // Pebble asks again after each flush
		if err := db.Set([]byte("k"), nil, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if m := db.Metrics(); m.Compact.Count+m.Compact.NumInProgress != 0 || m.Levels[0].Sublevels < 6 {
		t.Errorf("before any was allowed %d were done, %d are under way, and L0 has %d sublevels", m.Compact.Count, m.Compact.NumInProgress, m.Levels[0].Sublevels)
	}
	c.Start()
	until(t, "L0 compacted", func() bool { return sublevels(db) < 2 })
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestCompactions_OneAtATimeUnderWritesAndNoneIsForgotten(t *testing.T) {
	c := NewCompactions(time.Now)
	db := openWith(t, vfs.NewMem(), c)
	c.Start()
	random := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		scatter(t, db, random)
		if _, err := db.AsyncFlush(); err != nil {
			t.Fatal(err)
		}
		if n := db.Metrics().Compact.NumInProgress; n > 1 {
			t.Errorf("%d at once", n)
		}
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	until(t, "L0 compacted", func() bool { return sublevels(db) < 2 })
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestCompactions_DoNotRestWhenTheDatabaseCloses(t *testing.T) {
	c := NewCompactions(time.Now)
	db := openWith(t, vfs.NewMem(), c)
	c.Start()
	rested := make(chan struct{})
	c.Started()
	c.began = c.began.Add(-time.Hour) // it has worked for long, and rests for as long
	go func() {
		c.CumulativeStats(pebble.CompactionGrantHandleStats{})
		close(rested)
	}()
	select {
	case <-rested:
		t.Error("it did not rest")
	case <-time.After(50 * time.Millisecond):
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	<-rested
	if began, _ := c.TrySchedule(); began {
		t.Error("one began after that")
	}
}

// late is a database that has a compaction only after it was asked for one, and
// could not have it for being asked.
type late struct {
	c         *Compactions
	asked     int
	scheduled bool
}

func (l *late) GetAllowedWithoutPermission() int { return 1 }

func (l *late) GetWaitingCompaction() (bool, pebble.WaitingCompaction) {
	l.asked++
	if l.asked > 1 {
		return true, pebble.WaitingCompaction{}
	}
	l.c.TrySchedule()
	return false, pebble.WaitingCompaction{}
}

func (l *late) Schedule(pebble.CompactionGrantHandle) bool {
	l.scheduled = true
	return true
}

func TestCompactions_OneThatComesWhileThereIsNoneIsBegun(t *testing.T) {
	c := NewCompactions(time.Now)
	l := &late{c: c}
	c.Register(1, l)
	c.Start()
	if !l.scheduled {
		t.Error("it waits for ever")
	}
}
