// Package search finds messages by what they say: an index that follows the
// log, for those who may read what it finds.
//
// What holds throughout:
//
//   - The index is behind the log, never in the way of it. Nothing is answered
//     from it but where to look: every message is read from the store, and
//     held against the query, before it is in an answer.
//   - How far a channel's log was read is written in one batch with what was
//     read, so that a crash takes both back or neither.
//   - It holds no bodies, and nothing that the log does not have: the folder
//     can be removed, and is made anew.
package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pacing"
	"github.com/parley-chat/parley/reserve"
)

// Log is what an index follows; see chat.Log.
type Log interface {
	Epoch() string
	// Heads visits the channels with a log, of all projects, in some order that
	// stays, those behind after, until visit says false. The zero after is the
	// beginning.
	Heads(ctx context.Context, after chat.ChannelID, visit func(chat.ChannelID, chat.Head) bool) error
	Events(ctx context.Context, ch chat.ChannelID, after uint64, limit int) ([]*chat.Event, error)
	Messages(ctx context.Context, ch chat.ChannelID, page chat.Page) ([]*chat.Event, error)
}

// Options of an index. Dir, Log, Permit and Text are needed.
type Options struct {
	Dir string // a folder of its own
	FS  vfs.FS // nil: the disk
	Log Log
	Bus chat.Bus // tells what is new in the log; nil: it is looked for once a minute alone

	// Permit decides who may read a channel; see chat.Hub.
	Permit func(ctx context.Context, id *chat.Identity, channel string, op chat.Operation) error
	// Text is what a person reads of a body.
	Text func(body []byte) string

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now

	CacheBytes   int64         // blocks kept in memory; 0: 32 MiB
	MemoryBytes  uint64        // what is written is gathered in memory up to this; 0: 16 MiB, less on a small disk
	ReserveBytes uint64        // free space below which nothing is indexed; 0: 512 MiB. Of a small disk it is at most a quarter
	Gather       time.Duration // how long what is new gathers, and about how long indexing it then takes where a core is idle; 0: 400 ms
	Within       time.Duration // how long a search may take, and wait before; 0: 5 s each
	AtOnce       int           // searches under way, half of them of one user; 0: 4

	places int // a power of two; 0: mostPlaces
}

// The periods of an index.
const (
	retryEvery = time.Second      // after a failure
	walkEvery  = time.Minute      // without a bus: all heads are compared
	sweepEvery = 10 * time.Minute // with one: also to remove what has expired
	endWithin  = 2 * time.Second
)

// Index finds messages. Make it with Open.
type Index struct {
	options Options
	log     *slog.Logger
	lock    *pebble.Lock // of the folder
	db      *pebble.DB
	names   names
	room    *reserve.Reserve
	turns   turns
	written batch // the follower's
	shifts  *pacing.Shifts

	following context.CancelFunc
	ending    <-chan struct{} // closed by it
	unhear    func()
	running   sync.WaitGroup // the follower, and searches
	using     sync.RWMutex   // held by each search; by the follower while it makes the index anew
	opened    atomic.Bool    // Pebble is open
	broken    atomic.Bool    // Pebble gave up
	damaged   atomic.Bool    // a file is, until the index is made anew
	hurts     chan error     // says so

	news news

	documents atomic.Int64
	searches  atomic.Uint64
	level     atomic.Bool // all heads were compared once
	stalled   atomic.Bool // the disk is full

	closing sync.Mutex
	closed  bool
}

// Open opens the index in o.Dir and begins to follow the log. What is there is
// made anew if it is not of this log, or cannot be read. It fails if another
// process has the folder, and where no index could be: on a full disk, without
// the right to write.
func Open(ctx context.Context, o Options) (*Index, error) {
	o = o.filled()
	x := &Index{
		options: o, log: o.Logger, turns: newTurns(o.AtOnce), shifts: pacing.NewShifts(o.Now), hurts: make(chan error, 1),
	}
	x.room = reserve.Of(o.FS, o.Dir, o.ReserveBytes, 4, o.Now)
	x.news = newNews(o.Now)
	ctx, x.following = context.WithCancel(context.WithoutCancel(ctx))
	x.ending = ctx.Done()
	if err := x.openFiles(); err != nil {
		x.following()
		return nil, fmt.Errorf("open the search index in %s: %w", o.Dir, err)
	}
	x.attach()
	if o.Bus != nil {
		x.unhear = o.Bus.Listen(x.news.hear)
	}
	x.running.Go(func() { x.follow(ctx) })
	return x, nil
}

func (o Options) filled() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	setDefault(&o.CacheBytes, 32<<20)
	setDefault(&o.ReserveBytes, 512<<20)
	setDefault(&o.places, mostPlaces)
	setDefault(&o.Gather, 400*time.Millisecond)
	setDefault(&o.Within, 5*time.Second)
	setDefault(&o.AtOnce, 4)
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// enter begins a use of the index, which leave ends.
func (x *Index) enter() error {
	x.closing.Lock()
	defer x.closing.Unlock()
	if x.closed || x.broken.Load() {
		return chat.E(chat.CodeUnavailable, "the search has stopped")
	}
	if !x.using.TryRLock() {
		return madeAnew()
	}
	x.running.Add(1)
	return nil
}

func (x *Index) leave() {
	x.using.RUnlock()
	x.running.Done()
}

func madeAnew() error {
	return chat.E(chat.CodeUnavailable, "the search index is damaged, and is made anew")
}

// Close waits for what is under way, then writes what is in memory. After
// endWithin it leaves the rest: what was not written is read from the log again.
func (x *Index) Close() error {
	x.closing.Lock()
	done := x.closed
	x.closed = true
	x.closing.Unlock()
	if done {
		return nil
	}
	if x.unhear != nil {
		x.unhear()
	}
	x.following()
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	if !x.ends(ctx, x.running.Wait) {
		return nil
	}
	_ = x.written.db.Close() // what it holds is read again
	if x.broken.Load() {
		return nil // Pebble waits for ever: see Fatalf
	}
	x.flush(ctx)
	var err error
	if !x.ends(ctx, func() { err = x.closePebble() }) {
		return nil
	}
	return errors.Join(err, x.lock.Close())
}

// ends waits for f to return, until ctx ends. Pebble closes when a compaction
// has ended, and on a disk that fails it may keep whoever asks something of it
// for ever; the server must end all the same.
func (x *Index) ends(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		x.log.Warn("the search has not ended in time, and is left", "within", endWithin)
		return false
	}
}

// Stats say how the index is doing.
type Stats struct {
	Documents int64         // messages that can be found
	Waiting   int           // channels in which something new was heard of
	Lag       time.Duration // for how long something has waited to be indexed
	Searches  uint64
	Indexing  bool // it has not been level with the log yet
	Stalled   bool // the disk is full: nothing is indexed
}

// Stats is cheap.
func (x *Index) Stats() Stats {
	waiting, lag := x.news.waiting()
	return Stats{
		Documents: x.documents.Load(), Waiting: waiting, Lag: lag, Searches: x.searches.Load(),
		Indexing: !x.level.Load(), Stalled: x.stalled.Load(),
	}
}
