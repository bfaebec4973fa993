package pacing

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// After each shift the core is others' for flushRest times as long, for a
// flushShare-th of the time that no flush was under way. Where one follows upon
// the other little is left of that.
const (
	flushRest  = 4
	flushShare = 4

	flushCategory = "pebble-memtable-flush" // Pebble's name for files of its flushes
)

// Flushes are those of one database, one at a time.
type Flushes struct {
	now     func() time.Time
	hurried <-chan struct{} // closed when none may rest any more

	mu    sync.Mutex
	ended time.Time     // the last one's file
	left  time.Duration // that rests may take
}

// NewFlushes rest by that clock, until hurried is closed.
func NewFlushes(now func() time.Time, hurried <-chan struct{}) *Flushes {
	return &Flushes{now: now, hurried: hurried, ended: now()}
}

func (f *Flushes) begin() (at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at = f.now()
	f.left = max(f.left, at.Sub(f.ended)/flushShare)
	return at
}

func (f *Flushes) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = f.now()
}

// rest rests after a shift that began then, and is when the next one does.
func (f *Flushes) rest(began time.Time) time.Time {
	worked := f.now().Sub(began)
	if worked < shift {
		return began
	}
	f.mu.Lock()
	rest := min(flushRest*min(worked, longest), f.left)
	f.left -= rest
	f.mu.Unlock()
	Pause(f.hurried, rest)
	return f.now()
}

// On is fs for a database whose flushes these are.
func (f *Flushes) On(fs vfs.FS) vfs.FS { return restingFS{fs, f} }

// restingFS is a disk that has who writes flushes rest. Nothing else of Pebble
// waits for that.
type restingFS struct {
	vfs.FS
	flushes *Flushes
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
	flushes *Flushes
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
