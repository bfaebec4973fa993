package search

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// maxNamed bounds how many names are kept in memory.
const maxNamed = 1 << 16

// names are the numbers of projects and channels. A project is the channel of
// its that has no name.
type names struct {
	db      *pebble.DB
	mu      sync.Mutex
	numbers map[chat.ChannelID]uint32
	named   map[uint32]chat.ChannelID
}

// attach has names read and written in db.
func (n *names) attach(db *pebble.DB) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.db, n.numbers, n.named = db, nil, nil
}

// find is the number of ch; false if nothing of it was ever indexed.
func (n *names) find(ch chat.ChannelID) (uint32, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	number, ok := n.numbers[ch]
	if ok {
		return number, true, nil
	}
	value, closer, err := n.db.Get(numberKey(ch))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	number = readNumber(value)
	n.keep(ch, number)
	return number, true, closer.Close()
}

// give is the number of ch, a new one if it has none. One goroutine alone gives
// numbers. They are written before whatever is written under them.
func (n *names) give(ch chat.ChannelID) (uint32, error) {
	number, ok, err := n.find(ch)
	if err != nil || ok {
		return number, err
	}
	for number = numbered(ch); ; number++ {
		if _, taken, err := n.of(number); err != nil {
			return 0, err
		} else if !taken {
			break
		}
	}
	if err := n.db.Set(nameKey(number), fullName(nil, ch), pebble.NoSync); err != nil {
		return 0, err
	}
	if err := n.db.Set(numberKey(ch), appendNumber(nil, number), pebble.NoSync); err != nil {
		return 0, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keep(ch, number)
	return number, nil
}

// of is the channel that has the number.
func (n *names) of(number uint32) (ch chat.ChannelID, ok bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch, ok = n.named[number]; ok {
		return ch, true, nil
	}
	value, closer, err := n.db.Get(nameKey(number))
	if errors.Is(err, pebble.ErrNotFound) {
		return ch, false, nil
	}
	if err != nil {
		return ch, false, err
	}
	ch = cutFullName(value)
	n.keep(ch, number)
	return ch, true, closer.Close()
}

// keep remembers a number. mu is held.
func (n *names) keep(ch chat.ChannelID, number uint32) {
	if n.numbers == nil || len(n.numbers) >= maxNamed {
		n.numbers, n.named = make(map[chat.ChannelID]uint32), make(map[uint32]chat.ChannelID)
	}
	n.numbers[ch], n.named[number] = number, ch
}
