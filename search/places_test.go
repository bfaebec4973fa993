package search

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// What is known is what was put last. As long as there was room for all, nothing
// that was put is free, nor what has another's number; all else is.
func TestPlaces_GiveWhatWasPutLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.SampledFrom([]int{4, 16, 4096}).Draw(rt, "slots")
		table, put, numbers := newPlaces(most), map[uint32]place{}, map[uint32]uint32{}
		table.whole = true
		for i, name := range rapid.SliceOfN(rapid.Uint32Range(0, 900), 0, 1200).Draw(rt, "names") {
			sum := sumOfNumber(name)
			p := place{seq: uint64(i) << 20, swept: uint64(name)} // of which some are too much
			number, there := numbers[name]
			if !there {
				number = sum.number()
				if name%7 == 0 { // as if another had it
					number = ^number
				}
			}
			table.put(&sum, number, p)
			put[name], numbers[name] = p, number
		}
		whole := len(put) <= most/4*3
		if whole != table.whole || table.taken > len(table.slots)/4*3 || len(table.slots) > most {
			rt.Fatalf("whole: %t, of %d %d in %d slots", table.whole, len(put), table.taken, len(table.slots))
		}
		for name := range uint32(1000) {
			sum := sumOfNumber(name)
			p, was := put[name]
			foreign, big := was && numbers[name] != sum.number(), p.seq >= 1<<32
			got, known, free := table.get(&sum)
			switch {
			case known && (got != p || !was || foreign || big):
				rt.Fatalf("%d is at %+v, not %+v", name, got, p)
			case free && (!whole || was && !foreign):
				rt.Fatalf("%d is free", name)
			case whole && !known && was && !foreign && !big, whole && !free && !was:
				rt.Fatalf("%d is not known, or not free", name)
			}
		}
	})
}

func TestPlaces_ANumberThatIsAnothersIsNotFree(t *testing.T) {
	t.Parallel()
	table, a, b := newPlaces(16), sumOfNumber(1), sumOfNumber(1)
	table.whole = true
	b[11]++ // another mark
	table.put(&a, a.number(), place{seq: 1})
	if _, known, free := table.get(&b); known || free {
		t.Errorf("known: %t, free: %t", known, free)
	}
	if _, known, _ := table.get(&a); !known {
		t.Error("what was put is not known")
	}
}

func sumOfNumber(n uint32) nameSum {
	return sha256.Sum256(binary.BigEndian.AppendUint32(nil, n))
}
