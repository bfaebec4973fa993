package pebble

import (
	"context"
	"fmt"

	"github.com/parley-chat/parley/chat"
)

// Size is about how many bytes of the disk the channel's messages and events
// take. What was written last is not counted until it has left Pebble's log.
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
