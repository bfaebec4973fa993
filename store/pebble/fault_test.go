package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/journal"
)

// faulty is a file system whose n-th change fails, and, if it stays broken,
// every one after it.
type faulty struct {
	vfs.FS
	*fault
}

type fault struct {
	left   atomic.Int64 // changes until the fault
	err    error
	short  bool // writes write half before they fail
	stays  bool
	healed atomic.Bool
	fired  atomic.Bool
}

// strike reports whether this change fails.
func (f *fault) strike() bool {
	n := f.left.Add(-1)
	if f.healed.Load() {
		return false
	}
	if n == 0 || f.stays && n < 0 {
		f.fired.Store(true)
		return true
	}
	return false
}

func (f *fault) check() error {
	if f.strike() {
		return f.err
	}
	return nil
}

func (f faulty) wrap(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return faultyFile{file, f.fault}, nil
}

func (f faulty) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Create(name, c))
}

func (f faulty) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.OpenReadWrite(name, c, opts...))
}

func (f faulty) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.ReuseForWrite(old, name, c))
}

func (f faulty) OpenDir(name string) (vfs.File, error) { return f.wrap(f.FS.OpenDir(name)) }

func (f faulty) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Open(name, opts...))
}

func (f faulty) Rename(old, name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.Rename(old, name)
}

func (f faulty) Remove(name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f faulty) MkdirAll(dir string, perm os.FileMode) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir, perm)
}

func (f faulty) Unwrap() vfs.FS { return f.FS }

type faultyFile struct {
	vfs.File
	*fault
}

func (f faultyFile) Write(p []byte) (int, error) {
	if f.strike() {
		n := 0
		if f.short {
			n, _ = f.File.Write(p[:len(p)/2])
		}
		return n, f.err
	}
	return f.File.Write(p)
}

func (f faultyFile) Sync() error {
	if err := f.check(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f faultyFile) SyncData() error {
	if err := f.check(); err != nil {
		return err
	}
	return f.File.SyncData()
}

func (f faultyFile) SyncTo(n int64) (bool, error) {
	if err := f.check(); err != nil {
		return false, err
	}
	return f.File.SyncTo(n)
}

// faultLoad is a short run of so many rounds that meets every kind of I/O: it
// fills memtables, so that they are flushed, and compactions follow. It ends at
// the first error.
func faultLoad(s *Store, w *witness, rounds int) error {
	for i := range rounds {
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for n := range 8 {
			d := &chat.Draft{
				Channel: crashChannels[n%3], Kind: chat.KindMessage, Sender: fmt.Sprint("u", n), Nonce: fmt.Sprint(i),
				Body: append(fmt.Appendf(nil, `"%d`, i), append(make64('x', 1500), '"')...),
			}
			wg.Add(1)
			s.Append(d, func(c chat.Committed, err error) {
				defer wg.Done()
				if err != nil {
					errs <- err
					return
				}
				w.mu.Lock()
				defer w.mu.Unlock()
				w.acked[nonceName(d.Channel, d.Sender, d.Nonce)] = c.Event
			})
		}
		wg.Wait()
		select {
		case err := <-errs:
			return err
		default:
		}
		if err := look(context.Background(), s, w, crashChannels[0], "u0"); err != nil {
			return err
		}
	}
	return nil
}

// faultOnce runs the load with a fault at the n-th change, cuts the power and
// opens what is left. It reports whether the fault came.
func faultOnce(t *testing.T, f *fault, n int64) bool {
	disk := vfs.NewCrashableMem()
	f.left.Store(n)
	opts := small(faulty{disk, f})
	opts.MemTableBytes = 32 << 10
	fatal := make(chan error, 10)
	opts.Fatal = func(err error) { fatal <- err }
	w := newWitness()
	s, err := Open(context.Background(), "data", opts)
	if err == nil {
		err = faultLoad(s, w, 12)
		if err != nil {
			stoppedCleanly(t, s, w, err, fatal)
		}
		if m := s.db.Metrics(); !f.fired.Load() {
			t.Logf("without fault %d the load had %d flushes and %d compactions", n, m.Flush.Count, m.Compact.Count)
		}
		f.healed.Store(true) // let Close work
		_ = s.Close()
	}
	if err != nil && !f.fired.Load() {
		t.Fatalf("fault %d did not come, and yet: %v", n, err)
	}
	clone := disk.CrashClone(vfs.CrashCloneCfg{})
	again := open(t, "data", small(clone))
	w.verify(t, again)
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	return f.fired.Load()
}

// stoppedCleanly checks a store that has refused an append.
func stoppedCleanly(t *testing.T, s *Store, w *witness, err error, fatal <-chan error) {
	t.Helper()
	code := chat.CodeOf(err)
	if code != chat.CodeUnavailable && code != chat.CodeInternal && code != chat.CodeStorageFull {
		t.Fatalf("refused with %v", err)
	}
	if code != chat.CodeUnavailable {
		return
	}
	<-fatal // the answer may come first
	if len(fatal) > 0 {
		t.Fatal("Fatal was called twice")
	}
	if _, err := appendWait(s, &chat.Draft{Channel: crashChannels[0], Kind: chat.KindMessage, Sender: "u", Body: []byte("1")}); chat.CodeOf(err) != chat.CodeUnavailable {
		t.Fatalf("a stopped store answers %v", err)
	}
	for ch, seen := range w.read {
		for _, id := range crashChannels {
			if id.String() != ch {
				continue
			}
			if h, err := s.Head(context.Background(), id); err == nil && h.Seq < seen {
				t.Fatalf("%s: the head fell from %d to %d", ch, seen, h.Seq)
			}
		}
	}
}

func TestFault_AtEveryChangeIsACleanStopOrARefusal(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() *fault
	}{
		{"EIO once", func() *fault { return &fault{err: syscall.EIO} }},
		{"EIO from there on", func() *fault { return &fault{err: syscall.EIO, stays: true} }},
		{"short write", func() *fault { return &fault{err: syscall.ENOSPC, short: true} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			quiet := 0
			for n := int64(1); quiet < 3; n++ {
				if faultOnce(t, c.make(), n) {
					quiet = 0
				} else {
					quiet++
				}
				if n%100 == 0 {
					t.Logf("%d faults", n)
				}
			}
		})
	}
}

func TestOpen_RefusesASecondOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := Open(context.Background(), dir, Options{}); err == nil {
		t.Fatal("the folder was opened twice")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, Options{})
}

func TestOpen_RefusesAnotherFormat(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, "data", small(fs))
	if err := s.db.Set(keyFormat, []byte{format + 1}, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), "data", small(fs))
	if err == nil || !errors.Is(err, errFormat) {
		t.Fatalf("opened with %v", err)
	}
}

// inJournal is a file system where changes of the journal's files are faulty.
type inJournal struct{ faulty }

func (f inJournal) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if !journal.Is(name) {
		return f.FS.Create(name, c)
	}
	return f.faulty.Create(name, c)
}

func (f inJournal) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if !journal.Is(name) {
		return f.FS.ReuseForWrite(old, name, c)
	}
	return f.faulty.ReuseForWrite(old, name, c)
}

func (f inJournal) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.FS.OpenReadWrite(name, c, opts...)
}

func (f inJournal) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.FS.Open(name, opts...)
}

func (f inJournal) OpenDir(name string) (vfs.File, error)       { return f.FS.OpenDir(name) }
func (f inJournal) Rename(old, name string) error               { return f.FS.Rename(old, name) }
func (f inJournal) Remove(name string) error                    { return f.FS.Remove(name) }
func (f inJournal) MkdirAll(dir string, perm os.FileMode) error { return f.FS.MkdirAll(dir, perm) }

// What was answered does not rest on the segment that Close begins; that the
// disk failed is said all the same.
func TestClose_SaysThatItsSegmentFailed(t *testing.T) {
	for n := int64(1); ; n++ {
		disk := vfs.NewCrashableMem()
		f := &fault{err: syscall.EIO}
		opts := small(inJournal{faulty{disk, f}})
		var said bytes.Buffer
		opts.Logger = slog.New(slog.NewTextHandler(&said, nil))
		w := newWitness()
		s := open(t, "data", opts)
		if err := faultLoad(s, w, 1); err != nil {
			t.Fatal(err)
		}
		f.left.Store(n)
		err := s.Close()
		if !f.fired.Load() {
			if n < 4 {
				t.Fatalf("Close has made %d changes: one makes a file, writes it, and syncs it", n-1)
			}
			return
		}
		if err != nil || !strings.Contains(said.String(), syscall.EIO.Error()) {
			t.Errorf("change %d failed, Close: %v; it said %q", n, err, &said)
		}
		again := open(t, "data", small(disk.CrashClone(vfs.CrashCloneCfg{})))
		w.verify(t, again)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
