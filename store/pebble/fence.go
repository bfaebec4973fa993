package pebble

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/store/journal"
)

// fence is a file system that changes nothing any more once it is shut. After
// a failed sync nobody knows what is on the disk; Pebble's background work,
// which its logger cannot stop, must then not remove what a manifest still
// needs, nor sync what failed to sync.
//
// An error of a vital file or of a folder's sync it keeps from Pebble, which
// would end the process by a panic, half of them under a mutex that it does
// not hold, or go on with a state of its own that does not fit together: the
// store stops instead, and Pebble goes on writing to nowhere. Nothing is
// answered on that ground: the committer asks whether the store has stopped
// after it has synced, and no segment of the journal goes any more. What was
// readable stays so, as no other file goes either.
//
// Files in other folders are a backup's: their errors are the backup's alone,
// and it can be told to end.
type fence struct {
	vfs.FS
	dir   string
	shut  *atomic.Bool
	stop  func(error)                   // shuts the fence
	abort *atomic.Pointer[func() error] // why a backup must end, or nil
}

func newFence(fs vfs.FS, dir string, shut *atomic.Bool, stop func(error)) fence {
	return fence{fs, filepath.Clean(dir), shut, stop, new(atomic.Pointer[func() error])}
}

var errShut = errors.New("the store has stopped: its files stay as they are")

func (f fence) check() error {
	if f.shut.Load() {
		return errShut
	}
	return nil
}

// own reports whether the file is the store's, not a backup's.
func (f fence) own(name string) bool { return f.FS.PathDir(name) == f.dir }

// vital reports whether Pebble cannot do without the file: its log, which is
// empty, manifests, and the markers that say which of them count.
func (f fence) vital(name string) bool {
	if !f.own(name) {
		return false
	}
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	return strings.HasSuffix(base, ".log") || strings.HasPrefix(base, "MANIFEST-") || strings.HasPrefix(base, "marker.")
}

// marker reports whether the file says which others count.
func (f fence) marker(name string) bool { return strings.HasPrefix(f.FS.PathBase(name), "marker.") }

// fenced is what Pebble gets for a file that was made or could not be.
func (f fence) fenced(name string, file vfs.File, err error) (vfs.File, error) {
	switch {
	case err == nil && !f.own(name):
		return copiedFile{file, f}, nil
	case err == nil:
		return fencedFile{file, f, f.vital(name)}, nil
	case f.vital(name):
		f.stop(err)
		return nowhere{vfs.NewMemFile(nil)}, nil
	}
	return nil, err
}

// Create and the others that change something are vfs.FS's.
func (f fence) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(); err != nil {
		// Pebble tries a flush that failed again at once, for ever.
		time.Sleep(10 * time.Millisecond)
		return f.fenced(name, nil, err)
	}
	if f.own(name) && f.marker(name) {
		// Pebble syncs the folder once for a manifest and the marker that names
		// it; a power cut before may then leave the marker alone.
		if err := journal.SyncDir(f, f.dir); err != nil {
			return f.fenced(name, nil, err)
		}
	}
	file, err := f.FS.Create(name, category)
	return f.fenced(name, file, err)
}

func (f fence) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenReadWrite(name, category, opts...)
	return f.fenced(name, file, err)
}

func (f fence) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	if filepath.Clean(name) != f.dir {
		return file, nil
	}
	return fencedDir{file, f}, nil
}

func (f fence) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(); err != nil {
		return f.fenced(name, nil, err)
	}
	file, err := f.FS.ReuseForWrite(old, name, category)
	return f.fenced(name, file, err)
}

func (f fence) Link(old, name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.Link(old, name)
}

func (f fence) Remove(name string) error {
	err := f.check()
	if err == nil {
		err = f.FS.Remove(name)
	}
	if err != nil && f.own(name) && f.marker(name) {
		f.stop(err)
		return nil
	}
	return err
}

func (f fence) RemoveAll(name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.RemoveAll(name)
}

func (f fence) Rename(old, name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.Rename(old, name)
}

func (f fence) MkdirAll(dir string, perm os.FileMode) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir, perm)
}

func (f fence) Lock(name string) (io.Closer, error) { return f.FS.Lock(name) }

// Unwrap is vfs.FS's.
func (f fence) Unwrap() vfs.FS { return f.FS }

type fencedDir struct {
	vfs.File
	fence fence
}

func (d fencedDir) Sync() error {
	if d.fence.shut.Load() {
		return nil // nothing that is not synced is answered any more
	}
	if err := d.File.Sync(); err != nil {
		d.fence.stop(fmt.Errorf("sync the folder: %w", err))
	}
	return nil
}

type fencedFile struct {
	vfs.File
	fence fence
	vital bool
}

// try makes one change, unless the fence is shut.
func (f fencedFile) try(change func() error) error {
	err := f.fence.check()
	if err == nil {
		err = change()
	}
	if err != nil && f.vital {
		f.fence.stop(err)
		return nil
	}
	return err
}

func (f fencedFile) Write(p []byte) (n int, err error) {
	err = f.try(func() error {
		n, err = f.File.Write(p)
		return err
	})
	if err == nil {
		n = len(p)
	}
	return n, err
}

func (f fencedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.try(func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	if err == nil {
		n = len(p)
	}
	return n, err
}

func (f fencedFile) Preallocate(off, n int64) error {
	return f.try(func() error { return f.File.Preallocate(off, n) })
}

// WriteSync is journal.Syncer's.
func (f fencedFile) WriteSync(p []byte) error {
	return f.try(func() error { return journal.WriteSync(f.File, p) })
}

func (f fencedFile) Sync() error     { return f.try(f.File.Sync) }
func (f fencedFile) SyncData() error { return f.try(f.File.SyncData) }

// Close gives the descriptor back also when the fence is shut.
func (f fencedFile) Close() error {
	err := f.File.Close()
	if err != nil && f.vital {
		f.fence.stop(err)
		return nil
	}
	return err
}

func (f fencedFile) SyncTo(n int64) (full bool, err error) {
	err = f.try(func() error {
		full, err = f.File.SyncTo(n)
		return err
	})
	return full, err
}

// copiedFile is a file of a backup.
type copiedFile struct {
	vfs.File
	fence fence
}

func (f copiedFile) Write(p []byte) (int, error) {
	if abort := f.fence.abort.Load(); abort != nil {
		if err := (*abort)(); err != nil {
			return 0, err
		}
	}
	return f.File.Write(p)
}

// nowhere is a vital file that could not be made.
type nowhere struct{ vfs.File }

func (nowhere) Write(p []byte) (int, error)            { return len(p), nil }
func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (nowhere) Preallocate(int64, int64) error         { return nil }
func (nowhere) Sync() error                            { return nil }
func (nowhere) SyncData() error                        { return nil }
func (nowhere) SyncTo(int64) (bool, error)             { return true, nil }
func (nowhere) Close() error                           { return nil }
func (nowhere) Fd() uintptr                            { return vfs.InvalidFd }
