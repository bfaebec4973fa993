package pebble

import (
	"context"
	"fmt"

	"github.com/parley-chat/parley/chat"
)

// Usage is what a store takes on the disk, and what that has, in bytes.
type Usage struct {
	Store       uint64
	Free, Total uint64 // both 0: the file system does not say
}

// Usage looks at the disk.
func (s *Store) Usage(ctx context.Context) (u Usage, err error) {
	err = s.read(ctx, func(*view) error {
		u.Store = s.db.Metrics().DiskSpaceUsage()
		if s.journal != nil {
			u.Store += uint64(s.journal.Size())
		}
		return nil
	})
	if disk, failed := s.opts.fs().GetDiskUsage(s.dir); failed == nil {
		u.Free, u.Total = disk.AvailBytes, disk.TotalBytes
	}
	return u, err
}

// Size is about how many bytes of the disk the channel's messages and events
// take. What was written last is not counted until it was flushed.
func (s *Store) Size(ctx context.Context, ch chat.ChannelID) (bytes uint64, err error) {
	err = s.read(ctx, func(*view) error {
		for _, space := range []byte{spaceMessage, spaceEvent} {
			low := channelKey(nil, space, ch)
			n, err := s.db.EstimateDiskUsage(low, after(low))
			if err != nil {
				return fmt.Errorf("measure %s: %w", ch, err)
			}
			bytes += n
		}
		return nil
	})
	return bytes, err
}
