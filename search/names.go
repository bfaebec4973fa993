package search

import (
	"bytes"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// maxNamed bounds how many names are kept in memory.
const maxNamed = 1 << 16

// names are the numbers of projects and channels. A project is the channel of
// its that has no name. Names never go.
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

// row is what is kept of a name.
type row struct {
	number uint32
	place  place
	full   []byte // name
	sum    nameSum
}

// rowOf is a row of ch of which nothing was read.
func rowOf(ch chat.ChannelID) (r row) {
	r.full = fullName(nil, ch)
	r.sum = sumOf(r.full)
	r.number = r.sum.number()
	return r
}

func (r *row) append(dst []byte) []byte { return append(r.place.append(dst), r.full...) }

// look completes a row from rowOf. If there is none yet, it has the number that
// it is to have.
func (n *names) look(r *row) (there bool, err error) {
	var key [5]byte
	for ; ; r.number++ {
		value, closer, err := n.db.Get(nameKey(key[:], r.number))
		if errors.Is(err, pebble.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		place, full := cutPlace(value)
		if there = bytes.Equal(full, r.full); there {
			r.place = place
		}
		if err := closer.Close(); there || err != nil {
			return there, err
		}
	}
}

// add writes a new row. One goroutine alone adds rows.
func (n *names) add(r *row) error {
	return n.db.Set(nameKey(nil, r.number), r.append(nil), pebble.NoSync)
}

// each visits all rows, by their numbers, until visit fails.
func (n *names) each(visit func(number uint32, value []byte) error) error {
	iter, err := n.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceName}, UpperBound: []byte{spaceName + 1}})
	if err != nil {
		return err
	}
	for ok := iter.First(); ok && err == nil; ok = iter.Next() {
		var value []byte
		if value, err = iter.ValueAndErr(); err == nil {
			err = visit(readNumber(iter.Key()[1:]), value)
		}
	}
	return errors.Join(err, iter.Error(), iter.Close())
}

// find is the number of ch; false if nothing of it was ever indexed.
func (n *names) find(ch chat.ChannelID) (number uint32, there bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if number, there = n.numbers[ch]; there {
		return number, true, nil
	}
	r := rowOf(ch)
	if there, err = n.look(&r); there && err == nil {
		n.keep(ch, r.number)
	}
	return r.number, there, err
}

// of is the channel that has the number.
func (n *names) of(number uint32) (ch chat.ChannelID, there bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch, there = n.named[number]; there {
		return ch, true, nil
	}
	value, closer, err := n.db.Get(nameKey(nil, number))
	if errors.Is(err, pebble.ErrNotFound) {
		return ch, false, nil
	}
	if err != nil {
		return ch, false, err
	}
	_, full := cutPlace(value)
	ch = cutFullName(full)
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
