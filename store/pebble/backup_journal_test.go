package pebble

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/journal"
)

// interrupted is a file system on which something happens while a backup copies
// the journal.
type interrupted struct {
	vfs.FS
	once *sync.Once
	do   func()
}

func (f *interrupted) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(name, "backup/") && journal.Is(name) {
		f.once.Do(f.do)
	}
	return f.FS.Create(name, c)
}

func (f *interrupted) Unwrap() vfs.FS { return f.FS }

// TestBackup_KeepsWhatItHasStillToCopy: while it copies, so much is written that
// the journal could let go of what the copied tables lack.
func TestBackup_KeepsWhatItHasStillToCopy(t *testing.T) {
	t.Parallel()
	fs := &interrupted{FS: vfs.NewMem(), once: new(sync.Once)}
	s := open(t, "data", small(fs))
	w := newWitness()
	if err := faultLoad(s, w, 12); err != nil {
		t.Fatal(err)
	}
	said := w.snapshot()
	fs.do = func() {
		before := s.db.Metrics().Flush.Count
		d := &chat.Draft{Channel: crashChannels[0], Kind: chat.KindMessage, Sender: "u9", Body: append(append([]byte{'"'}, make64('x', 16<<10)...), '"')}
		for s.db.Metrics().Flush.Count < before+3 {
			if _, err := appendWait(s, d); err != nil {
				t.Error(err)
				return
			}
		}
		time.Sleep(50 * time.Millisecond) // in which a drop that does not wait for the backup would be done
	}
	if err := s.Backup(context.Background(), "backup"); err != nil {
		t.Fatal(err)
	}
	again := open(t, "backup", small(fs))
	for name, e := range said.acked {
		if _, err := again.Message(context.Background(), e.Channel, e.ID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
