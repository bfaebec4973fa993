package search

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

const (
	postingBytes = 40 // is about what a posting takes in memory
	pauseBlocks  = 16 // are written again before others may have the core: less than a millisecond's
)

// pending are the postings that a batch adds and removes, by the keys of their
// blocks: of what many messages say it is known at the end alone what a key has.
type pending struct {
	keys    map[string]int // → into added
	added   [][]posting
	places  []byte // of the postings with many
	removed map[string]map[[restSize]byte]struct{}
	size    int    // postings
	pause   func() // called after some blocks that are read to be written again; nil: nothing is

	block block // the one that is being written
	value []byte
}

// posting is a document of a block.
type posting struct {
	rest     [restSize]byte
	place    byte
	from, to int // of pending.places
}

func newPending() pending {
	return pending{keys: make(map[string]int), removed: make(map[string]map[[restSize]byte]struct{})}
}

// add has the document in the block of key, with the term's places in its text.
func (p *pending) add(key []byte, d *document, places []int) {
	i, known := p.keys[string(key)]
	if !known {
		i = len(p.keys)
		p.keys[string(key)] = i
		if i == len(p.added) {
			p.added = append(p.added, nil)
		}
	}
	next := posting{rest: d.rest(), place: anywhere}
	switch {
	case len(places) == 0, len(places) > maxPlaces:
	case len(places) == 1 && places[0] < many:
		next.place = byte(places[0])
	default:
		next.place, next.from = many, len(p.places)
		p.places = appendPlaces(p.places, places)
		next.to = len(p.places)
	}
	p.added[i] = append(p.added[i], next)
	p.size++
}

// remove takes the document out of the block of key, in which it is not pending.
func (p *pending) remove(key []byte, d *document) {
	rests := p.removed[string(key)]
	if rests == nil {
		rests = make(map[[restSize]byte]struct{})
		p.removed[string(key)] = rests
	}
	rests[d.rest()] = struct{}{}
	p.size++
}

// write has b hold the changes, the keys in their order: then what Pebble keeps
// in memory takes less to be found a place for.
func (p *pending) write(b *pebble.Batch, db *pebble.DB) error {
	for i, key := range slices.Sorted(maps.Keys(p.removed)) {
		if err := p.rewrite(b, db, []byte(key)); err != nil {
			return err
		}
		if i%pauseBlocks == pauseBlocks-1 && p.pause != nil {
			p.pause()
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		p.block.clear()
		added := p.added[p.keys[key]]
		slices.SortFunc(added, func(a, b posting) int { return bytes.Compare(a.rest[:], b.rest[:]) })
		for i := range added {
			p.block.add(added[i].rest[:], added[i].place, p.places[added[i].from:added[i].to])
		}
		p.value = p.block.append(p.value[:0])
		if err := b.Merge([]byte(key), p.value, nil); err != nil {
			return err
		}
	}
	return nil
}

// rewrite has b hold what is left of a block that documents are removed from.
func (p *pending) rewrite(b *pebble.Batch, db *pebble.DB, key []byte) error {
	value, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	stored, err := readBlock(value)
	if err == nil {
		if left := stored.without(p.removed[string(key)]); left.size() > 0 {
			err = b.Set(key, left.append(nil), nil)
		} else {
			err = b.Delete(key, nil)
		}
	}
	return cmp.Or(err, closer.Close())
}

// clear forgets the changes.
func (p *pending) clear() {
	for _, i := range p.keys {
		p.added[i] = p.added[i][:0]
	}
	clear(p.keys)
	clear(p.removed)
	p.places, p.size = p.places[:0], 0
}
