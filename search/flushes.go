package search

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// How what was gathered in memory is written while the server has better to do:
// after each shift the core is others' for flushRest times as long, for a quarter
// of the time that no flush was under way. Of an index that is behind little is
// left of that.
const (
	flushRest  = 4
	flushShare = 4

	flushCategory = "pebble-memtable-flush" // Pebble's name for files of its flushes
)

// flushes are an index's, one at a time.
type flushes struct {
	now     func() time.Time
	hurried <-chan struct{} // closed when none may rest any more

	mu    sync.Mutex
	ended time.Time     // the last one's file
	left  time.Duration // that rests may take
}

func newFlushes(now func() time.Time, hurried <-chan struct{}) *flushes {
	return &flushes{now: now, hurried: hurried, ended: now()}
}

func (f *flushes) begin() (at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at = f.now()
	f.left = max(f.left, at.Sub(f.ended)/flushShare)
	return at
}

func (f *flushes) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = f.now()
}

// rest rests after a shift that began then, and is when the next one does.
func (f *flushes) rest(began time.Time) time.Time {
	worked := f.now().Sub(began)
	if worked < shift {
		return began
	}
	f.mu.Lock()
	rest := min(flushRest*worked, f.left)
	f.left -= rest
	f.mu.Unlock()
	pause(f.hurried, rest)
	return f.now()
}

// restingFS is a disk that has who writes flushes rest. Nothing else of Pebble
// waits for that.
type restingFS struct {
	vfs.FS
	flushes *flushes
}

// Create is vfs.FS's.
func (fs restingFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, category)
	if err != nil || category != flushCategory {
		return f, err
	}
	return &restingFile{f, fs.flushes, fs.flushes.begin()}, nil
}

// Unwrap is vfs.FS's.
func (fs restingFS) Unwrap() vfs.FS { return fs.FS }

// restingFile is a file of a flush.
type restingFile struct {
	vfs.File
	flushes *flushes
	began   time.Time // of the shift
}

// Write is vfs.File's.
func (f *restingFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.began = f.flushes.rest(f.began)
	return n, err
}

// Close is vfs.File's.
func (f *restingFile) Close() error {
	f.flushes.end()
	return f.File.Close()
}
