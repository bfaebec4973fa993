package pebble

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// view is the store as of one synced commit. Pebble shows a key before its
// sync returns, so nothing but a view is ever read: what is in one is durable.
type view struct {
	pebble.Reader
	snapshot *pebble.Snapshot
	refs     atomic.Int64 // one is the views', until the next commit
	open     *sync.WaitGroup
}

// release ends one use of the view.
func (v *view) release() {
	if v.refs.Add(-1) == 0 {
		_ = v.snapshot.Close()
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

// views holds the newest view.
type views struct {
	db     *pebble.DB
	newest atomic.Pointer[view]
	open   sync.WaitGroup // views not yet closed
}

// advance makes what was committed until now the newest view. The caller is
// the only one that commits, and has nothing under way.
func (vs *views) advance() {
	v := &view{snapshot: vs.db.NewSnapshot(), open: &vs.open}
	v.Reader = v.snapshot
	if planted.Is("read_above_durable") {
		v.Reader = vs.db
	}
	v.refs.Store(1)
	vs.open.Add(1)
	if old := vs.newest.Swap(v); old != nil {
		old.release()
	}
}

// acquire gives the newest view, which the caller must release, or nil after
// close.
func (vs *views) acquire() *view {
	for {
		v := vs.newest.Load()
		if v == nil {
			return nil
		}
		// A view whose count has come to zero is being closed: its successor
		// is already there.
		for n := v.refs.Load(); n > 0; n = v.refs.Load() {
			if v.refs.CompareAndSwap(n, n+1) {
				return v
			}
		}
	}
}

// close lets nobody acquire any more and waits for those who have.
func (vs *views) close() {
	if old := vs.newest.Swap(nil); old != nil {
		old.release()
	}
	vs.open.Wait()
}
