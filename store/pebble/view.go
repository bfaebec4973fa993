package pebble

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// view is the store as of one commit. What is in one is durable, as a batch is
// applied after its sync.
type view struct {
	pebble.Reader
	snapshot *pebble.Snapshot // nil where nobody commits
	as       uint64           // at least the batches up to this number are in it
	refs     atomic.Int64     // one is the views', until the next commit
	open     *sync.WaitGroup
}

// release ends one use of the view.
func (v *view) release() {
	if v.refs.Add(-1) == 0 {
		if v.snapshot != nil {
			_ = v.snapshot.Close()
		}
		v.open.Done()
	}
}

// get gives the value of key to read, which must not keep it; false if there
// is none.
func (v *view) get(key []byte, read func(value []byte) error) (bool, error) {
	value, closer, err := v.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, readFailed(err)
	}
	err = read(value)
	if cerr := closer.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return false, readFailed(err)
	}
	return true, nil
}

// scan visits the keys from low up to high, excluded, until visit says false.
func (v *view) scan(low, high []byte, visit func(key, value []byte) (bool, error)) error {
	iter, err := v.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: high})
	if err != nil {
		return readFailed(err)
	}
	more := true
	for ok := iter.First(); ok && more && err == nil; ok = iter.Next() {
		var value []byte
		if value, err = iter.ValueAndErr(); err == nil {
			more, err = visit(iter.Key(), value)
		}
	}
	if cerr := iter.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return readFailed(err)
	}
	return nil
}

func readFailed(err error) error {
	return &chat.Error{Code: chat.CodeInternal, Message: "reading the store", Cause: err}
}

// views holds the newest view, if somebody has asked for it since the last
// commit: a server that has all it needs in memory reads nothing.
type views struct {
	db *pebble.DB
	// overlay is what is read where the store is open for reading only: the
	// database with what its journal says. By one goroutine at a time.
	overlay *pebble.Batch
	applied *atomic.Uint64 // the store's

	newest atomic.Pointer[view]
	mu     sync.Mutex // held to change newest
	closed bool
	open   sync.WaitGroup // views not yet closed
}

// advance is told that something was committed.
func (vs *views) advance() { vs.forget(false) }

// forget lets go of the newest view.
func (vs *views) forget(forGood bool) {
	vs.mu.Lock()
	old := vs.newest.Swap(nil)
	vs.closed = vs.closed || forGood
	vs.mu.Unlock()
	if old != nil {
		old.release()
	}
}

// acquire gives the newest view, which the caller must release, or nil after
// close.
func (vs *views) acquire() *view {
	for {
		v := vs.newest.Load()
		if v == nil {
			if v = vs.make(); v == nil {
				return nil
			}
		}
		// A view whose count has come to zero is being closed: something was
		// committed meanwhile.
		for n := v.refs.Load(); n > 0; n = v.refs.Load() {
			if v.refs.CompareAndSwap(n, n+1) {
				return v
			}
		}
	}
}

// make makes the newest view, unless somebody else does; nil after close.
func (vs *views) make() *view {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v := vs.newest.Load(); v != nil || vs.closed {
		return v
	}
	v := &view{open: &vs.open, as: vs.applied.Load()} // before the snapshot is made
	if vs.overlay != nil {
		v.Reader = vs.overlay
	} else {
		v.snapshot = vs.db.NewSnapshot()
		v.Reader = v.snapshot
	}
	v.refs.Store(1)
	vs.open.Add(1)
	vs.newest.Store(v)
	return v
}

// close lets nobody acquire any more and waits for those who have.
func (vs *views) close() {
	vs.forget(true)
	vs.open.Wait()
}
