package search

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// mostPlaces bounds the table to 48 MB; it has room for a million and a half.
const mostPlaces = 1 << 21

// nameSum is a full name's. Its first 32 bits are the name's number, if no other
// has it, else one behind it: the same in every index, so that cursors outlive a
// rebuilding. These and the next 64 tell names apart in places.
type nameSum [sha256.Size]byte

func sumOf(full []byte) nameSum { return sha256.Sum256(full) }

func (s *nameSum) number() uint32 { return binary.BigEndian.Uint32(s[:]) }

func (s *nameSum) mark() uint64 { return binary.BigEndian.Uint64(s[4:]) }

// places are the names' rows without the names: a million channels are too many
// to keep as such, and to look for one in the files, as much if it is not there,
// costs more than indexing a short message. It is one goroutine's.
type places struct {
	slots []placed // as many as a power of two; a row is at its number, or behind
	taken int
	most  int // slots
	// whole says that no row is missing: what is not here is not in the files.
	whole bool
}

// placed is one row; the zero placed is an empty slot.
type placed struct {
	mark       uint64
	number     uint32
	seq, swept uint32
	taken      bool
	read       bool // seq and swept are what the row has, which may be too much for them
}

func newPlaces(most int) places {
	return places{slots: make([]placed, min(1<<10, most)), most: most}
}

// get is the place of the name with that sum, if it is known, under the number
// that the sum gives. If it is not, free says that there is no row of that
// number, and so none of the name.
func (t *places) get(s *nameSum) (p place, known, free bool) {
	number, mark := s.number(), s.mark()
	for i := t.at(number); t.slots[i].taken; i = t.next(i) {
		switch slot := &t.slots[i]; {
		case slot.number != number:
		case slot.mark == mark && slot.read:
			return place{uint64(slot.seq), uint64(slot.swept)}, true, false
		default:
			return place{}, false, false
		}
	}
	return place{}, false, t.whole
}

// put notes a name's row. Where there is no room left all is forgotten.
func (t *places) put(s *nameSum, number uint32, p place) {
	row := placed{mark: s.mark(), number: number, taken: true}
	if p.seq <= math.MaxUint32 && p.swept <= math.MaxUint32 {
		row.seq, row.swept, row.read = uint32(p.seq), uint32(p.swept), true
	}
	t.insert(row)
}

func (t *places) insert(row placed) {
	i := t.at(row.number)
	for t.slots[i].taken && t.slots[i].number != row.number {
		i = t.next(i)
	}
	if !t.slots[i].taken {
		if t.taken >= len(t.slots)/4*3 {
			t.grow()
			t.insert(row)
			return
		}
		t.taken++
	}
	t.slots[i] = row // a number is one name's
}

func (t *places) grow() {
	old := t.slots
	if len(old) >= t.most {
		clear(old)
		t.taken, t.whole = 0, false
		return
	}
	t.slots, t.taken = make([]placed, 2*len(old)), 0
	for _, row := range old {
		if row.taken {
			t.insert(row)
		}
	}
}

func (t *places) at(number uint32) int { return int(number) & (len(t.slots) - 1) }

func (t *places) next(i int) int { return (i + 1) & (len(t.slots) - 1) }
