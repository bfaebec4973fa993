package search

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// How what was gathered in memory is written while the server has better to do:
// after each shift the core is others' for flushRest times as long, for at most
// flushRests with each file.
const (
	flushRest  = 4
	flushRests = time.Second

	flushCategory = "pebble-memtable-flush" // Pebble's name for files of its flushes
)

// restingFS is a disk that has who writes flushes rest. Nothing else of Pebble is
// asked while it works on one.
type restingFS struct {
	vfs.FS
	now     func() time.Time
	hurried <-chan struct{} // closed when nobody may rest any more
}

// Create is vfs.FS's.
func (fs restingFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, category)
	if err != nil || category != flushCategory {
		return f, err
	}
	return &restingFile{File: f, fs: fs, began: fs.now(), left: flushRests}, nil
}

// Unwrap is vfs.FS's.
func (fs restingFS) Unwrap() vfs.FS { return fs.FS }

// restingFile is a file of a flush.
type restingFile struct {
	vfs.File
	fs    restingFS
	began time.Time     // of the shift
	left  time.Duration // that rests may take
}

// Write is vfs.File's.
func (f *restingFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if worked := f.fs.now().Sub(f.began); worked >= shift && f.left > 0 {
		rest := min(flushRest*worked, f.left)
		f.left -= rest
		timer := time.NewTimer(rest)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-f.fs.hurried:
		}
		f.began = f.fs.now()
	}
	return n, err
}
