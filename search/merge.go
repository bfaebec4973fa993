package search

import (
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// newMerger joins the blocks that were written to one key one after the other:
// when Pebble reads the key, and for good when it writes it to a file again.
func newMerger() *pebble.Merger {
	return &pebble.Merger{
		Name: "parley.search.block",
		Merge: func(_, value []byte) (pebble.ValueMerger, error) {
			m := &merging{}
			return m, m.add(value)
		},
	}
}

// merging is a pebble.ValueMerger.
type merging struct {
	blocks []*block
	older  bool // each is older than the one before it
}

func (m *merging) add(value []byte) error {
	b, err := readBlock(slices.Clone(value)) // which is Pebble's
	m.blocks = append(m.blocks, &b)
	return err
}

// MergeNewer is pebble.ValueMerger's.
func (m *merging) MergeNewer(value []byte) error { return m.add(value) }

// MergeOlder is pebble.ValueMerger's.
func (m *merging) MergeOlder(value []byte) error {
	m.older = true
	return m.add(value)
}

// Finish joins neighbours until one block is left, so that none is copied often.
func (m *merging) Finish(bool) ([]byte, io.Closer, error) {
	if m.older {
		slices.Reverse(m.blocks)
	}
	for len(m.blocks) > 1 {
		half := m.blocks[:0]
		for pair := range slices.Chunk(m.blocks, 2) {
			if len(pair) == 2 {
				pair[0] = joined(pair[0], pair[1])
			}
			half = append(half, pair[0])
		}
		m.blocks = half
	}
	return m.blocks[0].append(nil), nil, nil
}
