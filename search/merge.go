package search

import (
	"io"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// newMerger joins the blocks that were written to one key one after the other:
// when Pebble reads the key, and for good when it writes it to a file again.
func newMerger() *pebble.Merger {
	used := &sync.Pool{New: func() any { return &merging{} }} // every key that is read takes one
	return &pebble.Merger{
		Name: "parley.search.block",
		Merge: func(_, value []byte) (pebble.ValueMerger, error) {
			m := used.Get().(*merging)
			m.used = used
			return m, m.add(value)
		},
	}
}

// merging is a pebble.ValueMerger, and the io.Closer of what it made.
type merging struct {
	used   *sync.Pool
	values []byte // copies, for what is merged is Pebble's, one behind the other
	ends   []int
	older  bool // each is older than the one before it

	blocks []block
	at     []int
	joined block
	result []byte
}

func (m *merging) add(value []byte) error {
	m.values = append(m.values, value...)
	m.ends = append(m.ends, len(m.values))
	return nil
}

// MergeNewer is pebble.ValueMerger's.
func (m *merging) MergeNewer(value []byte) error { return m.add(value) }

// MergeOlder is pebble.ValueMerger's.
func (m *merging) MergeOlder(value []byte) error {
	m.older = true
	return m.add(value)
}

// Finish joins the blocks.
func (m *merging) Finish(bool) ([]byte, io.Closer, error) {
	if len(m.ends) == 1 {
		return m.values, m, nil
	}
	from := 0
	for _, end := range m.ends {
		b, err := readBlock(m.values[from:end])
		if err != nil {
			return nil, nil, err
		}
		m.blocks, m.at, from = append(m.blocks, b), append(m.at, 0), end
	}
	if !m.older {
		slices.Reverse(m.blocks) // the newest first
	}
	m.joined.join(m.blocks, m.at)
	m.result = m.joined.append(m.result)
	return m.result, m, nil
}

// Close is io.Closer's: nobody has what Finish gave any more.
func (m *merging) Close() error {
	m.values, m.ends, m.older = m.values[:0], m.ends[:0], false
	m.blocks, m.at, m.result = m.blocks[:0], m.at[:0], m.result[:0]
	m.joined.clear()
	m.used.Put(m)
	return nil
}
