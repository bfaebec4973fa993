package pebble

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// filter knows of every nonce whether it is surely new, so that the store is
// asked only about those that may not be. It is a list of Bloom filters with
// blocks of one cache line, each twice the size of the one before. One
// goroutine uses it; another may join what it has read from the store.
//
// Its hash is seeded by the process: nobody can choose nonces that collide.
type filter struct {
	seed   maphash.Seed
	layers []*layer
	bits   uint64 // of all layers that grow has made
	most   uint64 // bound on bits: from there on "maybe" grows more frequent
	joined atomic.Pointer[filter]
	whole  bool // joined holds what was stored before; until then everything may be known

	asks, maybes atomic.Uint64
}

const (
	blockBits  = 512
	bitsPerKey = 12
	probes     = 6
	firstLayer = 1 << 16 // keys
)

type layer struct {
	blocks []([blockBits / 64]uint64)
	room   uint64 // keys until it is full
}

func newFilter(seed maphash.Seed, mostBytes uint64) *filter {
	return &filter{seed: seed, most: mostBytes * 8}
}

func (f *filter) hash(key []byte) uint64 { return maphash.Bytes(f.seed, key) }

// join adds the nonces of another filter with the same seed, which the other
// goroutine must not use again.
func (f *filter) join(stored *filter) { f.joined.Store(stored) }

// known reports whether the nonce with this hash may have been added.
func (f *filter) known(hash uint64) bool {
	f.asks.Add(1)
	if !f.whole {
		stored := f.joined.Load()
		if stored == nil {
			f.maybes.Add(1)
			return true
		}
		f.layers = append(stored.layers, f.layers...)
		f.bits += stored.bits
		f.whole = true
	}
	for _, l := range f.layers {
		if l.has(hash) {
			f.maybes.Add(1)
			return true
		}
	}
	return false
}

func (f *filter) add(hash uint64) {
	if n := len(f.layers); n == 0 || f.layers[n-1].room == 0 {
		f.grow()
	}
	l := f.layers[len(f.layers)-1]
	l.add(hash)
}

func (f *filter) grow() {
	keys := uint64(firstLayer)
	if n := len(f.layers); n > 0 {
		l := f.layers[n-1]
		keys = uint64(len(l.blocks)) * blockBits / bitsPerKey * 2
		if f.bits >= f.most {
			l.room = keys // it is as large as it may be: fill it up
			return
		}
	}
	blocks := keys*bitsPerKey/blockBits + 1
	f.bits += blocks * blockBits
	f.layers = append(f.layers, &layer{blocks: make([][blockBits / 64]uint64, blocks), room: keys})
}

// block picks a block by the hash's high bits; the low ones pick bits in it.
func (l *layer) block(hash uint64) *[blockBits / 64]uint64 {
	i, _ := bits.Mul64(hash, uint64(len(l.blocks)))
	return &l.blocks[i]
}

func (l *layer) has(hash uint64) bool {
	b := l.block(hash)
	h := hash * 0x9e3779b97f4a7c15
	for range probes {
		if b[h&7]&(1<<(h>>3&63)) == 0 {
			return false
		}
		h >>= 9
	}
	return true
}

func (l *layer) add(hash uint64) {
	b := l.block(hash)
	h := hash * 0x9e3779b97f4a7c15
	for range probes {
		b[h&7] |= 1 << (h >> 3 & 63)
		h >>= 9
	}
	l.room--
}
