package pebble

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// batch is what one sync commits: requests, and what they write. Until its
// commit is in the newest view, the writer finds here what it has changed.
type batch struct {
	number   uint64
	db       *pebble.Batch
	requests []request
	size     int
	now      int64  // ms, when it was begun
	refuse   error  // why this batch may not write, or nil
	events   uint64 // appended

	rows     map[rowKey]*row         // as this batch leaves them
	notes    map[rowKey]*chat.Notes  // the same
	values   map[string][]byte       // other keys that the writer reads again; nil: removed
	nonces   map[uint64]pendingUse   // by the filter's hash
	members  map[string]*chat.Member // by key
	cursors  map[string]chat.Cursor  // by key
	settings map[*channel]*chat.Channel
	heads    []*channel // whose head this batch moves
	stray    [][]byte   // a planted bug's

	answered atomic.Bool // by the committer, or by the writer when it cannot
}

type rowKey struct {
	channel *channel
	seq     uint64
}

type pendingUse struct {
	use
	row *row
}

func newBatch() *batch {
	return &batch{
		rows:     make(map[rowKey]*row),
		notes:    make(map[rowKey]*chat.Notes),
		values:   make(map[string][]byte),
		nonces:   make(map[uint64]pendingUse),
		members:  make(map[string]*chat.Member),
		cursors:  make(map[string]chat.Cursor),
		settings: make(map[*channel]*chat.Channel),
	}
}

// begin empties b for new requests.
func (b *batch) begin(number uint64, db *pebble.DB, now int64) {
	clear(b.requests)
	clear(b.heads)
	b.number, b.now = number, now
	b.requests, b.heads = b.requests[:0], b.heads[:0]
	b.size, b.events, b.refuse = 0, 0, nil
	b.stray = nil
	b.answered.Store(false)
	clear(b.rows)
	clear(b.notes)
	clear(b.values)
	clear(b.nonces)
	clear(b.members)
	clear(b.cursors)
	clear(b.settings)
	b.db = db.NewBatch()
}

// finish answers every request, in order, if that has not been done.
func (b *batch) finish(err error) {
	if b.answered.Swap(true) {
		return
	}
	for _, r := range b.requests {
		r.finish(err)
	}
}
