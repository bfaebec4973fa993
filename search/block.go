package search

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sort"
)

// A window is a stretch of 1.024 s: all of a document's time but its last 10
// bits. The documents of a window in which a term stands are one block, under one
// key: what many messages say takes few keys.
const (
	windowSize = 5    // bytes of a document, of the last of which a part
	windowPart = 0xfc // is the window's,
	restSize   = 11   // and a part its rest's first byte
	recordSize = restSize + 1
	spotSize   = 8

	// What may stand in a record in place of a word's only place in the text.
	anywhere = 0xff // it is not known
	many     = 0xfe // there are some, or a large one: they are behind the records
)

var errUnreadable = errors.New("a row of the search index cannot be read")

// block is a value of spacePosting: documents of one window in their order, with
// the places of the term in each. It is written as
//
//	two uvarints   how many records there are, and spots
//	records        of each document: its rest; a place, many or anywhere
//	spots          of each record with many: its number, where its places end
//	places         as appendPlaces writes them
type block struct{ records, spots, places []byte }

func readBlock(value []byte) (b block, err error) {
	records, n := binary.Uvarint(value)
	spots, m := binary.Uvarint(value[max(n, 0):])
	if n <= 0 || m <= 0 {
		return b, errUnreadable
	}
	value = value[n+m:]
	size := uint64(len(value))
	if records > size/recordSize || spots > (size-records*recordSize)/spotSize {
		return b, errUnreadable
	}
	b.records, value = value[:records*recordSize], value[records*recordSize:]
	b.spots, b.places = value[:spots*spotSize], value[spots*spotSize:]
	return b, nil
}

func (b *block) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.size()))
	dst = binary.AppendUvarint(dst, uint64(len(b.spots)/spotSize))
	return append(append(append(dst, b.records...), b.spots...), b.places...)
}

// size is how many documents there are.
func (b *block) size() int { return len(b.records) / recordSize }

// rest is the i-th document's.
func (b *block) rest(i int) []byte { return b.records[i*recordSize:][:restSize] }

func (b *block) place(i int) byte { return b.records[i*recordSize+restSize] }

// document is the i-th, of the window that key ends in.
func (b *block) document(key []byte, i int) (d document) {
	copy(d[:], key[len(key)-windowSize:])
	rest := b.rest(i)
	d[windowSize-1] |= rest[0]
	copy(d[windowSize:], rest[1:])
	return d
}

// search is the number of the first document from the i-th on that is not before
// the one with rest.
func (b *block) search(i int, rest []byte) int {
	step := 1 // what is sought is mostly near
	for ; i+step < b.size() && bytes.Compare(b.rest(i+step), rest) < 0; step *= 2 {
		i += step
	}
	return i + sort.Search(min(step, b.size()-i), func(k int) bool { return bytes.Compare(b.rest(i+k), rest) >= 0 })
}

// readPlaces appends the places of the term in the i-th document; false: they are
// not known.
func (b *block) readPlaces(dst []int, i int) ([]int, bool) {
	switch place := b.place(i); place {
	case anywhere:
		return dst, false
	case many:
		places := b.placesAt(b.spotOf(i))
		return readPlaces(dst, places), len(places) > 0
	default:
		return append(dst, int(place)), true
	}
}

// spotOf is the number of the first spot that is of the i-th document or one
// behind it.
func (b *block) spotOf(i int) int {
	return sort.Search(len(b.spots)/spotSize, func(s int) bool { return b.numberAt(s) >= i })
}

// numberAt is the number of the document that a spot is of.
func (b *block) numberAt(spot int) int { return int(binary.BigEndian.Uint32(b.spots[spot*spotSize:])) }

// placesAt are the places of that document; none if it has no spot.
func (b *block) placesAt(spot int) []byte {
	if spot*spotSize >= len(b.spots) {
		return nil
	}
	from := 0
	if spot > 0 {
		from = int(binary.BigEndian.Uint32(b.spots[spot*spotSize-4:]))
	}
	to := int(binary.BigEndian.Uint32(b.spots[spot*spotSize+4:]))
	if from > to || to > len(b.places) {
		return nil
	}
	return b.places[from:to]
}

// add appends a document, which is behind those that b has.
func (b *block) add(rest []byte, place byte, places []byte) {
	if place == many {
		b.addSpot(b.size(), places)
	}
	b.records = append(append(b.records, rest...), place)
}

func (b *block) addSpot(number int, places []byte) {
	b.places = append(b.places, places...)
	b.spots = binary.BigEndian.AppendUint32(b.spots, uint32(number))
	b.spots = binary.BigEndian.AppendUint32(b.spots, uint32(len(b.places)))
}

// take appends another's documents from the first up to end, which are behind
// those that b has.
func (b *block) take(from *block, first, end int) {
	spot := -1
	for i := first; i < end; i++ {
		if from.place(i) != many {
			continue
		}
		if spot++; spot == 0 {
			spot = from.spotOf(i)
		}
		b.addSpot(b.size()+i-first, from.placesAt(spot))
	}
	b.records = append(b.records, from.records[first*recordSize:end*recordSize]...)
}

// join appends the documents of all blocks, which are behind those that b has. Of
// one that several have it is the first's. at has a zero for each block.
func (b *block) join(blocks []block, at []int) {
	for {
		first, then := -1, -1 // whose next document comes first, and whose after that
		for i := 0; i < len(blocks); i++ {
			if at[i] == blocks[i].size() {
				continue
			}
			next := blocks[i].rest(at[i])
			if first < 0 {
				first = i
				continue
			}
			switch order := bytes.Compare(next, blocks[first].rest(at[first])); {
			case order == 0:
				at[i]++
				i-- // to look at the one behind it
			case order < 0:
				first, then = i, first
			case then < 0 || bytes.Compare(next, blocks[then].rest(at[then])) < 0:
				then = i
			}
		}
		if first < 0 {
			return
		}
		end := blocks[first].size()
		if then >= 0 {
			end = blocks[first].search(at[first], blocks[then].rest(at[then]))
		}
		b.take(&blocks[first], at[first], end)
		at[first] = end
	}
}

// clear leaves an empty block, with its memory.
func (b *block) clear() { b.records, b.spots, b.places = b.records[:0], b.spots[:0], b.places[:0] }

// without are the documents whose rests are not among some.
func (b *block) without(rests map[[restSize]byte]struct{}) *block {
	left := &block{}
	for i := range b.size() {
		if _, found := rests[[restSize]byte(b.rest(i))]; !found {
			left.take(b, i, i+1)
		}
	}
	return left
}
