package pebble

import (
	"context"

	"github.com/parley-chat/parley/chat"
)

// Heads visits the channels with a log, of all projects, in the order of their
// names, projects first, those behind after, until visit says false. The zero
// after is the beginning. What is visited is one durable state of the store.
func (s *Store) Heads(ctx context.Context, after chat.ChannelID, visit func(chat.ChannelID, chat.Head) bool) error {
	low := []byte{spaceHead}
	if after != (chat.ChannelID{}) {
		low = append(channelKey(nil, spaceHead, after), 0)
	}
	return s.read(ctx, func(v *view) error {
		return v.scan(low, []byte{spaceHead + 1}, func(key, value []byte) (bool, error) {
			ch, _, err := cutPath(key[1:])
			if err != nil {
				return false, err
			}
			h, err := readHead(value)
			if err != nil {
				return false, err
			}
			return visit(ch, h.public()), ctx.Err()
		})
	})
}
