package pebble

import (
	"sync"

	"github.com/parley-chat/parley/chat"
)

// mostOpenings bounds the heads that are handed to the writer: whoever opens a
// channel to append to it does so at once.
const mostOpenings = 1024

// openings are the heads that Open has read lately, for the writer, which else
// reads them again right after.
type openings struct {
	mu    sync.Mutex
	heads map[chat.ChannelID]opening
}

// opening is a head that was read when the batches up to as were applied.
type opening struct {
	head head
	as   uint64
}

func (o *openings) put(ch chat.ChannelID, h head, as uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.heads == nil {
		o.heads = make(map[chat.ChannelID]opening, mostOpenings)
	}
	if len(o.heads) >= mostOpenings {
		for some := range o.heads {
			delete(o.heads, some)
			break
		}
	}
	o.heads[ch] = opening{h, as}
}

// take is the head of ch, if no batch after the given one can have changed it
// since it was read.
func (o *openings) take(ch chat.ChannelID, after uint64) (h head, there bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	read, there := o.heads[ch]
	delete(o.heads, ch)
	return read.head, there && read.as >= after
}
