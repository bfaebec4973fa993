package pebble

import (
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/internal/kernel"
)

// disk is the machine's file system. Its files are journal.Syncers.
type disk struct{ vfs.FS }

func (d disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return onDisk(d.FS.Create(name, category))
}

func (d disk) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return onDisk(d.FS.ReuseForWrite(old, name, category))
}

func (d disk) Unwrap() vfs.FS { return d.FS }

type diskFile struct{ vfs.File }

func onDisk(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

// WriteSync is journal.Syncer's.
func (f diskFile) WriteSync(p []byte) error { return kernel.WriteSync(f.Fd(), p) }
