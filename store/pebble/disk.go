package pebble

import (
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// gate refuses writes while the disk has less than the reserve free, so that
// Pebble, which cannot refuse what it has begun, never meets a full one.
type gate struct {
	fs      vfs.FS
	dir     string
	total   uint64 // 0: unknown
	reserve uint64
}

func newGate(fs vfs.FS, dir string, reserve uint64) *gate {
	g := &gate{fs: fs, dir: dir, reserve: reserve}
	if usage, err := fs.GetDiskUsage(dir); err == nil {
		g.total = usage.TotalBytes
	}
	if reserve == 0 {
		g.reserve = 256 << 20
		if g.total > 0 {
			g.reserve = min(g.reserve, g.total/8)
		}
	}
	return g
}

// check is CodeStorageFull while the disk is full. A file system that does not
// say is taken to have room.
func (g *gate) check() error {
	usage, err := g.fs.GetDiskUsage(g.dir)
	if err != nil || usage.AvailBytes >= g.reserve {
		return nil
	}
	return chat.E(chat.CodeStorageFull, "the disk is full")
}
