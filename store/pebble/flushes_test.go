package pebble

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// noTables is a disk that may have no room for what is flushed.
type noTables struct {
	vfs.FS
	full atomic.Bool
}

func (d *noTables) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.full.Load() && strings.HasSuffix(name, ".sst") {
		return nil, syscall.ENOSPC
	}
	return d.FS.Create(name, c)
}

// The writer commits by itself while a flush can fail without anybody's waiting
// for it, and no longer.
func TestFlushes_HaveRoomUntilACommitMayWait(t *testing.T) {
	t.Parallel()
	const memTable = 256 << 10
	disk := &noTables{FS: vfs.NewMem()}
	s := open(t, "data", small(disk))
	t.Cleanup(func() { disk.full.Store(false) }) // or Close would wait
	write := func(bytes int) { writeBytes(t, s, bytes) }
	hasRoom := func() bool { return s.flushes.room(s.db, memTable) } // the writer has nothing to do
	if !hasRoom() {
		t.Error("none before anything was written")
	}
	for range 8 {
		write(memTable) // as often, some memtable was begun
		until(t, "what was flushed", hasRoom)
	}
	disk.full.Store(true)
	for hasRoom() {
		if s.db.Metrics().MemTable.Size > (stopWrites-1)*memTable {
			t.Fatal("there was room until a commit would have waited")
		}
		write(memTable / 4)
	}
	write(memTable / 4) // the committer's
	disk.full.Store(false)
	until(t, "the end of a flush", hasRoom)
}

// What is flushed is compacted, though Pebble waits to be told that it may.
func TestFlushes_AreCompacted(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem()))
	const flushes = 20
	for range flushes {
		writeBytes(t, s, 256<<10)
	}
	until(t, "compactions", func() bool {
		m := s.db.Metrics()
		return m.Flush.Count >= flushes/2 && m.Compact.Count > 0 && m.Levels[0].Sublevels < 4
	})
}

// writeBytes appends so many bytes.
func writeBytes(t *testing.T, s *Store, bytes int) {
	t.Helper()
	body := []byte(strings.Repeat("1", 16<<10))
	for range bytes / len(body) {
		if _, err := appendWait(s, &chat.Draft{Channel: crashChannels[0], Kind: chat.KindMessage, Sender: "u", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
