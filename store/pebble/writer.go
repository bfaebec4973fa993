package pebble

import (
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// writer prepares batches on one goroutine; the committer syncs them on
// another, one at a time. While one batch syncs the next is prepared, against
// three layers: itself, the batch under way, and the newest view. Nothing of
// it is written or answered before the one under way is synced and applied.
type writer struct {
	*Store
	cur, prev *batch // prev is under way, or committed
	channels  channels
	random    *rand.ChaCha8
	commits   chan *batch
	committed chan struct{}
	busy      bool          // the committer has prev
	done      chan struct{} // closed when the committer has ended

	// repointed are the nonces that were given to another event while an
	// Expire runs, which must not remove them; nil while none runs.
	repointed map[string]struct{}

	taken     []request
	key, key2 []byte // key2 is the nonce's while a draft is appended
	buf       []byte
}

// inline is up to how many requests are committed by the writer itself when
// nothing else waits: there is nothing to prepare meanwhile, and waking the
// committer costs more than it saves.
const inline = 8

// run takes requests until the queue is drained.
func (w *writer) run() {
	defer close(w.commits)
	w.begin()
	for {
		if !w.busy && len(w.cur.requests) > 0 {
			w.seal()
			if w.alone() {
				w.cur.finish(w.sync(w.cur))
			} else {
				w.commits <- w.cur
				w.busy = true
			}
			w.cur, w.prev = w.prev, w.cur
			w.begin()
		}
		var ready, committed chan struct{}
		if w.busy {
			committed = w.committed
		}
		if !w.full() && !w.queue.drained() {
			ready = w.queue.ready
		}
		if ready == nil && committed == nil {
			return
		}
		select {
		case <-ready:
			w.prepare()
		case <-committed:
			w.busy = false
			w.prepare()
		case <-w.halted:
			w.refuseAll()
			return
		}
	}
}

// alone reports that the writer should commit the batch by itself: there is
// nothing else to do. Where Pebble may let the commit wait for a flush it must
// not, for nobody would be left to refuse what waits if that cannot succeed.
func (w *writer) alone() bool {
	return !w.opts.twoHands && len(w.cur.requests) <= inline && w.queue.len() == 0 &&
		w.flushes.room(w.db, w.opts.MemTableBytes)
}

// refuseAll answers everything from here on with the store's failure. The
// committer may never come back: Pebble lets a commit wait for a flush that
// cannot succeed any more.
func (w *writer) refuseAll() {
	if w.busy {
		w.prev.finish(w.stopped())
	}
	w.cur.finish(w.stopped())
	for !w.queue.drained() {
		<-w.queue.ready
		for _, r := range w.queue.take(nil, w.opts.MaxBatch, w.opts.batchBytes()) {
			r.finish(w.stopped())
		}
	}
}

func (w *writer) begin() {
	w.cur.begin(w.prev.number+1, w.db, w.opts.Now().UnixMilli())
}

func (w *writer) full() bool {
	return len(w.cur.requests) >= w.opts.MaxBatch || w.cur.size >= w.opts.batchBytes()
}

// prepare adds what waits to the current batch.
func (w *writer) prepare() {
	b := w.cur
	room := w.opts.MaxBatch - len(b.requests)
	if room <= 0 || w.full() {
		return
	}
	w.taken = w.queue.take(w.taken[:0], room, w.opts.batchBytes()-b.size)
	if len(w.taken) == 0 {
		return
	}
	if len(b.requests) == 0 {
		b.now = w.opts.Now().UnixMilli()
		b.refuse = w.room.Check()
	}
	for _, r := range w.taken {
		b.requests = append(b.requests, r)
		b.size += r.size()
		if b.refuse != nil && !r.frees() {
			r.refuse(b.refuse)
			continue
		}
		r.prepare(w)
	}
	clear(w.taken)
}

// seal writes the heads that the batch moves.
func (w *writer) seal() {
	for _, c := range w.cur.heads {
		w.putHead(c)
	}
}

func (w *writer) putHead(c *channel) {
	w.key = append(append(w.key[:0], spaceHead), c.path...)
	w.buf = appendHead(w.buf[:0], c.head)
	w.set(w.key, w.buf)
}

// set adds to the batch in memory, which cannot fail.
func (w *writer) set(key, value []byte) { _ = w.cur.db.Set(key, value, nil) }

// put sets a key that the writer reads again: see value.
func (w *writer) put(key, value []byte) {
	value = append([]byte(nil), value...)
	w.cur.values[string(key)] = value
	w.set(key, value)
}

// remove removes a key, also one that the writer reads again.
func (w *writer) remove(key []byte) {
	w.cur.values[string(key)] = nil
	_ = w.cur.db.Delete(key, nil)
}

// removeRange removes the keys from low up to high, excluded, none of which
// the writer reads again.
func (w *writer) removeRange(low, high []byte) { _ = w.cur.db.DeleteRange(low, high, nil) }

// value gives what key holds with what is under way to read, which must not
// keep it; false if there is no such key. Keys that were put and removed by
// other methods are not seen.
func (w *writer) value(key []byte, read func([]byte) error) (bool, error) {
	for _, b := range []*batch{w.cur, w.prev} {
		if v, ok := b.values[string(key)]; ok {
			if v == nil {
				return false, nil
			}
			return true, read(v)
		}
	}
	v := w.views.acquire()
	defer v.release()
	return v.get(key, read)
}

// commit syncs batches and answers their requests. It ends with the writer,
// unless Pebble keeps it.
func (w *writer) commit() {
	defer close(w.done)
	for b := range w.commits {
		err := w.sync(b)
		b.finish(err)
		w.committed <- struct{}{}
	}
}

// sync makes b durable, and then has it read.
func (w *writer) sync(b *batch) error {
	defer b.db.Close()
	if err := w.stopped(); err != nil {
		return err
	}
	w.stats.batches.Add(1)
	if b.db.Empty() {
		return nil
	}
	size := b.db.Len() // of a large one Pebble leaves nothing
	if err := w.record(b.db.Repr()); err != nil {
		w.stop(err)
	} else if err := w.db.Apply(b.db, pebble.NoSync); err != nil {
		w.stop(err)
	}
	// What fails in the background, and what the fence keeps from Pebble, stops
	// the store as well.
	if err := w.stopped(); err != nil {
		return err
	}
	w.applied.Store(b.number)
	w.flushes.apply(size, w.opts.MemTableBytes)
	w.stats.events.Add(b.events)
	w.views.advance()
	for i := 0; i < len(b.stray); i += 2 {
		_ = w.db.Set(b.stray[i], b.stray[i+1], pebble.NoSync)
	}
	return nil
}

// record writes a batch to the journal.
func (w *writer) record(batch []byte) error {
	if w.journal.Full() {
		if err := w.turn(); err != nil {
			return err
		}
	}
	if planted.Is("read_above_durable") {
		_ = w.applyAgain(slices.Clone(batch))
		w.views.advance()
	}
	start := w.opts.Now()
	write := w.journal.Append
	if planted.Is("ack_before_sync") {
		write = w.journal.AppendUnsynced
	}
	if err := write(batch); err != nil {
		return err
	}
	w.stats.syncs.Add(1)
	w.stats.syncTime.Add(int64(w.opts.Now().Sub(start)))
	return nil
}

// row is the row of (c, seq) with what is under way; nil if there is none.
func (w *writer) row(c *channel, kind chat.Kind, seq uint64) (*row, error) {
	at := rowKey{c, seq}
	if r := w.cur.rows[at]; r != nil {
		return r, nil
	}
	if r := w.prev.rows[at]; r != nil {
		return r, nil
	}
	v := w.views.acquire()
	defer v.release()
	var r *row
	w.key = seqKey(w.key, spaceOf(kind), c.path, seq)
	_, err := v.get(w.key, func(b []byte) (err error) {
		r, err = readRow(c.id, seq, b)
		return err
	})
	return r, err
}

func spaceOf(kind chat.Kind) byte {
	if kind == chat.KindMessage {
		return spaceMessage
	}
	return spaceEvent
}

// putRow writes r in its present state.
func (w *writer) putRow(c *channel, r *row) {
	w.cur.rows[rowKey{c, r.event.Seq}] = r
	w.key = seqKey(w.key, spaceOf(r.event.Kind), c.path, r.event.Seq)
	w.buf = appendRow(w.buf[:0], r)
	w.set(w.key, w.buf)
}
