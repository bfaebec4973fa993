package pebble

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// TestBackup_UnderLoadHoldsWhatWasAcknowledged backs up while senders write,
// restores each copy and holds it against what had been said by then.
func TestBackup_UnderLoadHoldsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	fs, w := vfs.NewMem(), newWitness()
	s := open(t, "data", small(fs))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := load(ctx, s, w, fmt.Sprint("u", i), "0.", uint64(i)); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	const copies = 10
	var said []*witness
	for i := range copies {
		for range 30 {
			<-w.told
		}
		said = append(said, w.snapshot())
		if err := s.Backup(context.Background(), fmt.Sprint("backup", i)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
	for i, w := range said {
		to := fmt.Sprint("restored", i)
		if err := restore(context.Background(), fs, fmt.Sprint("backup", i), to); err != nil {
			t.Fatal(err)
		}
		again := open(t, to, small(fs))
		if again.Epoch() == s.Epoch() || again.Epoch() == "" {
			t.Errorf("the copy's epoch is %q, the store's %q", again.Epoch(), s.Epoch())
		}
		w.verify(t, again)
		if _, err := appendWait(again, draftOf("after")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackup_OnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir+"/data", Options{})
	furnish(t, s)
	if err := s.PutRecords(t.Context(), map[string][]byte{"key": []byte("value")}); err != nil {
		t.Fatal(err)
	}
	stored, err := s.Events(t.Context(), durableChannel, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	references := keysOf(t, s, spaceFile)
	if err := s.Backup(context.Background(), dir+"/backup"); err != nil {
		t.Fatal(err)
	}
	if _, err := appendWait(s, draftOf("late")); err != nil {
		t.Fatal(err)
	}
	if err := Restore(context.Background(), dir+"/backup", dir+"/restored"); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir+"/restored", Options{})
	es, err := again.Events(context.Background(), durableChannel, 0, 100)
	if diff := cmp.Diff(stored, es); err != nil || diff != "" {
		t.Errorf("restored to %v:\n%s", err, diff)
	}
	if diff := cmp.Diff(references, keysOf(t, again, spaceFile)); diff != "" {
		t.Errorf("references to files:\n%s", diff)
	}
	if got := recordsOf(t, again); got["key"] != "value" {
		t.Errorf("records %v", got)
	}
}

func TestBackup_NeedsAnEmptyFolder(t *testing.T) {
	t.Parallel()
	fs, ctx := vfs.NewMem(), context.Background()
	s := open(t, "data", small(fs))
	for _, dir := range []string{"data", "full"} {
		if err := fs.MkdirAll("full/something", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.Backup(ctx, dir); !errors.Is(err, errNotEmpty) {
			t.Errorf("backed up to %s with %v", dir, err)
		}
	}
	if err := fs.MkdirAll("empty", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, "empty"); err != nil {
		t.Error(err)
	}
	for to, want := range map[string]error{"full": errNotEmpty, "data": errNotEmpty} {
		if err := restore(ctx, fs, "empty", to); !errors.Is(err, want) {
			t.Errorf("restored to %s with %v", to, err)
		}
	}
	if err := restore(ctx, fs, "full", "elsewhere"); !errors.Is(err, errNoStore) {
		t.Errorf("restored what is no store with %v", err)
	}
	if err := restore(ctx, fs, "data", "elsewhere"); err == nil {
		t.Error("restored from the folder of a store that is open")
	}
	if exists(fs, "elsewhere") || exists(fs, "elsewhere.restoring") {
		t.Error("a failed Restore leaves something")
	}
}

// backupDisk fails what is written to a backup as it is told, and tells when
// something is.
type backupDisk struct {
	vfs.FS
	err     error // of writes
	refuse  error // to make files
	writing chan struct{}
	proceed chan struct{}
}

func (d backupDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.refuse != nil && strings.HasPrefix(name, "backup/MANIFEST") {
		return nil, d.refuse
	}
	f, err := d.FS.Create(name, c)
	if err == nil && strings.HasPrefix(name, "backup/") {
		return backupFile{f, d}, nil
	}
	return f, err
}

func (d backupDisk) Unwrap() vfs.FS { return d.FS }

type backupFile struct {
	vfs.File
	disk backupDisk
}

func (f backupFile) Write(p []byte) (int, error) {
	if f.disk.err != nil {
		return 0, f.disk.err
	}
	f.disk.writing <- struct{}{}
	<-f.disk.proceed
	return f.File.Write(p)
}

func TestBackup_ToAFullDiskHarmsNobody(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]backupDisk{
		"no room to write":      {FS: vfs.NewMem(), err: syscall.ENOSPC},
		"no room for new files": {FS: vfs.NewMem(), refuse: syscall.ENOSPC, writing: make(chan struct{}, 1000), proceed: closedChan()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, "data", small(disk))
			if _, err := appendWait(s, draftOf("1")); err != nil {
				t.Fatal(err)
			}
			if err := s.Backup(context.Background(), "backup"); !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("backed up with %v", err)
			}
			if exists(disk.FS, "backup") {
				t.Error("a failed Backup leaves something")
			}
			if _, err := appendWait(s, draftOf("2")); err != nil {
				t.Errorf("after it: %v", err)
			}
		})
	}
}

func closedChan() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestBackup_EndsWithItsContextAndItsStore(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(stop context.CancelFunc, s *Store) <-chan error{
		"context": func(stop context.CancelFunc, _ *Store) <-chan error {
			stop()
			return nil
		},
		"store": func(_ context.CancelFunc, s *Store) <-chan error {
			closed := make(chan error, 1)
			go func() { closed <- s.Close() }()
			<-s.quit
			return closed
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := backupDisk{FS: vfs.NewMem(), writing: make(chan struct{}), proceed: make(chan struct{})}
			s := open(t, "data", small(disk))
			if _, err := appendWait(s, draftOf("1")); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- s.Backup(ctx, "backup") }()
			<-disk.writing
			closed := end(stop, s)
			disk.proceed <- struct{}{}
			if err := <-ended; err == nil {
				t.Error("it went on to its end")
			}
			if closed != nil {
				if err := <-closed; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestRestore_RefusesWhatIsDamaged damages each file of a backup in turn:
// either that is said, or nothing is lost.
func TestRestore_RefusesWhatIsDamaged(t *testing.T) {
	t.Parallel()
	fs, ctx, w := vfs.NewMem(), context.Background(), newWitness()
	s := open(t, "data", small(fs))
	if err := faultLoad(s, w, 20); err != nil {
		t.Fatal(err)
	}
	// A table, whose damage cannot be taken for a power cut; when Pebble writes
	// one by itself is its own affair.
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, "backup"); err != nil {
		t.Fatal(err)
	}
	names, err := fs.List("backup")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i, name := range names {
		size := len(contents(t, fs, "backup/"+name))
		if size == 0 {
			continue
		}
		dir, to := fmt.Sprint("backup", i), fmt.Sprint("restored", i)
		if _, err := vfs.Clone(fs, fs, "backup", dir); err != nil {
			t.Fatal(err)
		}
		damage(t, fs, dir+"/"+name, size/3, false)
		if err := restore(ctx, fs, dir, to); err != nil {
			refused++
			continue
		}
		again := open(t, to, small(fs))
		w.verify(t, again)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed at all")
	}
}

func TestOpenReadOnly_ReadsAndWritesNothing(t *testing.T) {
	t.Parallel()
	fs, ctx := vfs.NewMem(), context.Background()
	if _, err := OpenReadOnly("data", small(fs)); !errors.Is(err, errNoStore) && err == nil {
		t.Fatalf("opened nothing with %v", err)
	}
	s := open(t, "data", small(fs))
	m, err := appendWait(s, draftOf("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReadOnly("data", small(fs)); err == nil {
		t.Fatal("opened what another has open")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReadOnly("data", small(fs))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Message(ctx, durableChannel, m.Event.ID); err != nil || got.Nonce != "1" {
		t.Errorf("read %+v, %v", got, err)
	}
	if all, err := r.Projects(ctx); err != nil || len(all) != 1 || all[0] != "p" {
		t.Errorf("projects %v, %v", all, err)
	}
	if r.Epoch() != s.Epoch() {
		t.Errorf("epoch %s, was %s", r.Epoch(), s.Epoch())
	}
	_, err = appendWait(r, draftOf("2"))
	for what, err := range map[string]error{
		"Append": err, "PutBlock": r.PutBlock(ctx, "p", "ann", "bob", true), "Backup": r.Backup(ctx, "backup"),
		"PutChannel": r.PutChannel(ctx, &chat.Channel{ID: durableChannel, Kind: chat.Open}),
	} {
		if chat.CodeOf(err) != chat.CodeUnavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := r.Expire(ctx, time.Now()); chat.CodeOf(err) != chat.CodeUnavailable {
		t.Errorf("Expire: %v", err)
	}
	_ = r.Stats()
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProjects_AreAll(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem()))
	for _, project := range []string{"b", "a", "ab"} {
		for _, name := range []string{"x", "y", "z"} {
			d := draftOf("")
			d.Channel = chat.ChannelID{Project: project, Name: name}
			if _, err := appendWait(s, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	if all, err := s.Projects(context.Background()); err != nil || strings.Join(all, " ") != "a ab b" {
		t.Errorf("%v, %v", all, err)
	}
}
