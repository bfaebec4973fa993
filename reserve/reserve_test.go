package reserve_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/reserve"
)

// disk says of itself what it is told.
type disk struct {
	vfs.FS
	usage vfs.DiskUsage
	err   error
}

func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) { return d.usage, d.err }

// asked counts how often it was asked.
type asked struct {
	disk
	times int
}

func (a *asked) GetDiskUsage(dir string) (vfs.DiskUsage, error) {
	a.times++
	return a.disk.GetDiskUsage(dir)
}

func TestReserve_AsksTheSoonerTheLessIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &asked{disk: disk{usage: vfs.DiskUsage{TotalBytes: 100 << 30, AvailBytes: 50 << 30}}}
		r := reserve.Of(d, "data", 1<<30, 4, time.Now)
		within := func(span time.Duration) int {
			before := d.times
			for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(time.Millisecond / 2) {
				if err := r.Check(); err != nil {
					t.Fatal(err)
				}
			}
			return d.times - before
		}
		if n := within(time.Second); n != 10 {
			t.Errorf("with much free it was asked %d times a second", n)
		}
		time.Sleep(time.Second)
		d.usage.AvailBytes = 1<<30 + 64<<20
		if n := within(time.Second); n < 200 {
			t.Errorf("with little free it was asked %d times a second", n)
		}
		d.usage.AvailBytes = 1 << 20
		time.Sleep(100 * time.Millisecond)
		for range 3 {
			before := d.times
			if err := r.Check(); chat.CodeOf(err) != chat.CodeStorageFull || d.times == before {
				t.Errorf("when it was full: %v", err)
			}
		}
		d.usage.AvailBytes = 50 << 30
		if err := r.Check(); err != nil {
			t.Errorf("as soon as there was room again: %v", err)
		}
	})
}

func TestReserve_IsFullBelowItsBytesOrItsShareOfASmallDisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disk disk
		full bool
	}{
		"a byte less than the bytes": {disk{usage: vfs.DiskUsage{TotalBytes: 1 << 20, AvailBytes: 999}}, true},
		"the bytes":                  {disk{usage: vfs.DiskUsage{TotalBytes: 1 << 20, AvailBytes: 1000}}, false},
		"a byte less than the share": {disk{usage: vfs.DiskUsage{TotalBytes: 400, AvailBytes: 99}}, true},
		"the share":                  {disk{usage: vfs.DiskUsage{TotalBytes: 400, AvailBytes: 100}}, false},
		"a disk that does not say":   {disk{err: errors.New("unsupported")}, false},
	} {
		r := reserve.Of(&c.disk, "data", 1000, 4, time.Now)
		if err := r.Check(); (chat.CodeOf(err) == chat.CodeStorageFull) != c.full || (err != nil) != c.full {
			t.Errorf("%s: %v", name, err)
		}
		if r.Total() != c.disk.usage.TotalBytes {
			t.Errorf("%s: a disk of %d bytes", name, r.Total())
		}
	}
}
