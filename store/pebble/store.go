// Package pebble keeps chat's log in an embedded Pebble: chat.Store for a
// server that runs alone.
//
// What holds throughout:
//
//   - One writer assigns seqs; a seq, its row, its nonce and what else it
//     changes are one Pebble batch, and that is one record of a journal. One
//     record syncs at a time.
//   - A batch is applied to Pebble after its record's sync: what can be read is
//     durable. Nothing is answered before the sync of all that the answer rests
//     on.
//   - A failed sync stops the store: nothing more is written, and the files
//     stay as they are.
package pebble

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pacing"
	"github.com/parley-chat/parley/reserve"
	"github.com/parley-chat/parley/store/journal"
)

var _ chat.Store = (*Store)(nil)

// Store is a chat.Store in one folder. Make it with Open.
type Store struct {
	opts  Options
	log   *slog.Logger
	db    *pebble.DB
	fs    fence
	dir   string
	lock  *pebble.Lock
	views views
	queue *queue
	// applied is the number of the last batch that can be read.
	applied  atomic.Uint64
	openings openings
	// journal is nil where the store is open for reading only.
	journal *journal.Journal
	retired chan retirement
	epoch   string
	// format is that of what is stored; another than this program's only where
	// the store is open for reading.
	format   byte
	readOnly bool

	filter *filter
	// room is what the disk must have free for writes to be taken.
	room *reserve.Reserve
	// flushes says whether the writer may commit by itself: see writer.run.
	flushes     flushes
	compactions *pacing.Compactions
	writer      *writer
	stats       counters

	shut    atomic.Bool // the fence's
	open    atomic.Bool // Open has succeeded, or is about to
	failure atomic.Pointer[chat.Error]
	closing sync.Once
	closed  error
	quit    chan struct{}  // closed by Close, for rebuild
	halted  chan struct{}  // closed when the store has stopped
	running sync.WaitGroup // writer, drop, rebuild
	expire  sync.Mutex     // held by the one Expire that runs
	copying sync.Mutex     // held by the one Backup that runs, and to drop segments
}

// Open opens the store in dir, or makes one. It fails if another process has
// it, or if another version of the format or a damaged file stands there.
func Open(ctx context.Context, dir string, opts Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	// Before anything else: how large the disk is decides on what is kept free.
	if err := opts.fs().MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	s := newStore(dir, opts)
	if err := s.openDB(); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	s.start()
	return s, nil
}

func newStore(dir string, opts Options) *Store {
	s := &Store{
		log: opts.Logger, dir: dir, retired: make(chan retirement, 16),
		quit: make(chan struct{}), halted: make(chan struct{}),
		compactions: pacing.NewCompactions(time.Now),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	fs := opts.fs()
	s.room = reserve.Of(fs, dir, cmp.Or(opts.ReserveBytes, 256<<20), 8, func() time.Time { return s.opts.Now() })
	s.opts = opts.filled(s.room.Total())
	s.fs = newFence(fs, dir, &s.shut, s.stop)
	return s
}

// openDB opens Pebble and checks what is in it.
func (s *Store) openDB() (err error) {
	if s.lock, err = pebble.LockDirectory(s.dir, s.fs); err != nil {
		return fmt.Errorf("another process may have it: %w", err)
	}
	if s.db, err = openPebble(s.dir, pebbleOptions(s.fs, s.lock, s)); err == nil {
		s.views.db, s.views.applied = s.db, &s.applied
		err = s.identify()
	}
	if err == nil && s.journal == nil && s.format >= sinceJournal {
		err = s.recover()
	}
	if failed := s.failure.Load(); failed != nil {
		err = errors.Join(err, failed.Cause)
	}
	if err != nil {
		s.shut.Store(true)
		err = errors.Join(err, s.closeDB())
	}
	return err
}

// openPebble turns the panics with which Pebble gives up into errors.
func openPebble(dir string, o *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pebble: %v", p)
		}
	}()
	return pebble.Open(dir, o)
}

// start begins the goroutines that Close waits for.
func (s *Store) start() {
	s.open.Store(true)
	seed := s.prepare()
	var entropy [32]byte
	_, _ = crand.Read(entropy[:]) // it never fails
	s.writer = &writer{
		Store:     s,
		cur:       newBatch(),
		prev:      newBatch(),
		channels:  channels{known: make(map[chat.ChannelID]*channel), most: s.opts.Channels},
		random:    rand.NewChaCha8(entropy),
		commits:   make(chan *batch),
		committed: make(chan struct{}, 1),
		done:      make(chan struct{}),
	}
	s.flushes.changed.Store(true)
	s.compactions.Start()
	s.running.Go(s.drop)
	s.running.Go(s.writer.run)
	go s.writer.commit() // Close waits for it as long as it makes sense
	s.running.Go(func() { s.rebuild(newFilter(seed, uint64(s.opts.FilterBytes))) })
}

// prepare makes what also a store has that is open for reading only.
func (s *Store) prepare() maphash.Seed {
	seed := maphash.MakeSeed()
	s.filter = newFilter(seed, uint64(s.opts.FilterBytes))
	s.queue = newQueue(s.opts.QueueLen, s.opts.QueueBytes)
	return seed
}

// rebuild reads the stored nonces into the filter.
func (s *Store) rebuild(stored *filter) {
	v := s.views.acquire()
	if v == nil {
		return
	}
	defer v.release()
	err := v.scan([]byte{spaceNonce}, []byte{spaceNonce + 1}, func(key, _ []byte) (bool, error) {
		stored.add(stored.hash(key))
		select {
		case <-s.quit:
			return false, context.Canceled
		default:
			return true, nil
		}
	})
	if err == nil {
		s.filter.join(stored)
	} else if !errors.Is(err, context.Canceled) {
		s.log.Warn("reading the nonces: every nonce will be looked up in the store", "error", err)
	}
}

// Epoch is chat.Store's.
func (s *Store) Epoch() string { return s.epoch }

// Close is chat.Store's.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.queue.close()
		close(s.quit)
		s.running.Wait()
		ended := s.committerEnded()
		s.views.close()
		if ended && !s.readOnly && s.stopped() == nil {
			s.empty()
		}
		if !ended {
			s.closed = s.lock.Close()
			return
		}
		s.closed = s.closeDB()
	})
	return s.closed
}

// committerEnded waits for the committer. In a store that has stopped it may
// be in Pebble for good, which then cannot be closed either; nothing reaches
// the files any more.
func (s *Store) committerEnded() bool {
	if s.readOnly {
		return true
	}
	if s.stopped() == nil {
		<-s.writer.done
		return true
	}
	select {
	case <-s.writer.done:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// closeDB closes Pebble and lets go of the folder. What Pebble says or does
// after the fence was shut adds nothing to the failure.
func (s *Store) closeDB() (err error) {
	if s.db != nil {
		err = s.closePebble()
	}
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	if lerr := s.lock.Close(); err == nil {
		err = lerr
	}
	if err != nil && !s.shut.Load() {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// closePebble turns the panics with which Pebble closes after a failure into
// errors.
func (s *Store) closePebble() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pebble: %v", p)
		}
	}()
	if s.views.overlay != nil {
		_ = s.views.overlay.Close()
	}
	return s.db.Close()
}

// stop ends all writing, for good.
func (s *Store) stop(cause error) {
	s.shut.Store(true)
	failed := &chat.Error{Code: chat.CodeUnavailable, Message: "the store has stopped", Cause: cause}
	if !s.failure.CompareAndSwap(nil, failed) {
		return
	}
	close(s.halted)
	s.log.Error("the store has stopped: nothing more is written", "error", cause)
	if s.opts.Fatal != nil && s.open.Load() {
		s.opts.Fatal(cause)
	}
}

// stopped is why the store writes nothing any more, or nil.
func (s *Store) stopped() error {
	if e := s.failure.Load(); e != nil {
		return e
	}
	return nil
}

// gone is what a caller is told after Close.
func (s *Store) gone() error {
	if err := s.stopped(); err != nil {
		return err
	}
	if s.readOnly {
		return chat.E(chat.CodeUnavailable, "the store is closed, or open for reading only")
	}
	return chat.E(chat.CodeUnavailable, "the store is closed")
}

// read runs f on the newest view.
func (s *Store) read(ctx context.Context, f func(v *view) error) error {
	if err := ctx.Err(); err != nil {
		return waitEnded(err)
	}
	v := s.views.acquire()
	if v == nil {
		return s.gone()
	}
	defer v.release()
	return f(v)
}

func waitEnded(err error) error {
	return &chat.Error{Code: chat.CodeUnavailable, Message: "the caller has gone", Cause: err}
}

// do has the writer commit r, whose finish closes done, and waits. If ctx ends
// first, r may still be committed.
func (s *Store) do(ctx context.Context, r request, done <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return waitEnded(err)
	}
	if !s.queue.put(r) {
		return s.gone()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return waitEnded(ctx.Err())
	}
}

// Stats are counts since the store was opened.
type Stats struct {
	Batches, Syncs, Events uint64
	SyncTime               time.Duration // spent in syncs
	Queued                 int           // requests that wait now
	NonceAsks, NonceMaybes uint64        // nonces seen; those that the store had to be asked about
}

type counters struct {
	batches, syncs, events atomic.Uint64
	syncTime               atomic.Int64
}

// Stats says how the store is doing. It is cheap.
func (s *Store) Stats() Stats {
	return Stats{
		Batches:     s.stats.batches.Load(),
		Syncs:       s.stats.syncs.Load(),
		Events:      s.stats.events.Load(),
		SyncTime:    time.Duration(s.stats.syncTime.Load()),
		Queued:      s.queue.len(),
		NonceAsks:   s.filter.asks.Load(),
		NonceMaybes: s.filter.maybes.Load(),
	}
}
