// Package reserve keeps a part of a disk free: what cannot refuse a write that
// it has begun, as Pebble, must not meet a full one.
package reserve

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// To ask a file system what is free takes some 10 µs. It is not asked again
// before so much can have been written that it matters.
const (
	askedEvery = 100 * time.Millisecond // at least
	mostBytes  = 1600 << 20             // more than a disk takes in that time
)

// Reserve is what is kept free of the disk that a folder is on.
type Reserve struct {
	fs    vfs.FS
	dir   string
	bytes uint64
	share uint64
	now   func() time.Time

	mu   sync.Mutex
	room time.Time // until then there is room
}

// Of keeps that many bytes free of dir's disk; of a small one a share-th part,
// if that is less.
func Of(fs vfs.FS, dir string, bytes, share uint64, now func() time.Time) *Reserve {
	return &Reserve{fs: fs, dir: dir, bytes: bytes, share: share, now: now}
}

// Total is the size of the disk in bytes; 0: it is not known.
func (r *Reserve) Total() uint64 {
	usage, err := r.fs.GetDiskUsage(r.dir)
	if err != nil {
		return 0
	}
	return usage.TotalBytes
}

// Check is CodeStorageFull while less is free. A file system that does not say
// is taken to have room.
func (r *Reserve) Check() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Before(r.room) {
		return nil
	}
	usage, err := r.fs.GetDiskUsage(r.dir)
	least := min(r.bytes, usage.TotalBytes/r.share)
	if err == nil && usage.AvailBytes < least {
		return chat.E(chat.CodeStorageFull, "the disk is full")
	}
	spare := min(usage.AvailBytes-least, mostBytes)
	r.room = now.Add(time.Duration(spare) * askedEvery / mostBytes)
	return nil
}
