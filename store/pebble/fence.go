package pebble

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fence is a file system that changes nothing any more once it is shut. After
// a failed sync nobody knows what is on the disk; Pebble's background work,
// which its logger cannot stop, must then not remove a log that a manifest
// still needs, nor sync what failed to sync.
type fence struct {
	vfs.FS
	shut *atomic.Bool
}

var errShut = errors.New("the store has stopped: its files stay as they are")

func (f fence) check() error {
	if f.shut.Load() {
		return errShut
	}
	return nil
}

func (f fence) file(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return fencedFile{file, f}, nil
}

// Create and the others that change something are vfs.FS's.
func (f fence) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.file(f.FS.Create(name, category))
}

func (f fence) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.file(f.FS.OpenReadWrite(name, category, opts...))
}

func (f fence) OpenDir(name string) (vfs.File, error) { return f.file(f.FS.OpenDir(name)) }

func (f fence) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.file(f.FS.ReuseForWrite(old, name, category))
}

func (f fence) Link(old, name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.Link(old, name)
}

func (f fence) Remove(name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.FS.Remove(name)
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

type fencedFile struct {
	vfs.File
	fence fence
}

func (f fencedFile) Write(p []byte) (int, error) {
	if err := f.fence.check(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f fencedFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.fence.check(); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f fencedFile) Preallocate(off, n int64) error {
	if err := f.fence.check(); err != nil {
		return err
	}
	return f.File.Preallocate(off, n)
}

func (f fencedFile) Sync() error {
	if err := f.fence.check(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f fencedFile) SyncData() error {
	if err := f.fence.check(); err != nil {
		return err
	}
	return f.File.SyncData()
}

func (f fencedFile) SyncTo(n int64) (bool, error) {
	if err := f.fence.check(); err != nil {
		return false, err
	}
	return f.File.SyncTo(n)
}
