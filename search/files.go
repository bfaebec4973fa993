package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/parley-chat/parley/internal/pacing"
	"github.com/parley-chat/parley/reserve"
)

// lockName is Pebble's, of the file that says whose the folder is.
const lockName = "LOCK"

// leastRoom is the free space that opening takes: Pebble, which writes while it
// opens, would try for ever on a full disk, and nobody would know why.
const leastRoom = 1 << 20

var errForeign = errors.New("it is of another log or format")

// isOfMachine reports whether err would befall any index here: making it anew
// would lose one that is good.
func isOfMachine(err error) bool {
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, fs.ErrPermission} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// openFiles opens the index of this log. One that cannot be read, or is of
// another log or format, is thrown away: it is made of the log again.
func (x *Index) openFiles() (err error) {
	o := &x.options
	if err := o.FS.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	if err := reserve.Of(o.FS, o.Dir, leastRoom, 64, o.Now).Check(); err != nil {
		return err
	}
	if x.lock, err = pebble.LockDirectory(o.Dir, o.FS); err != nil {
		return fmt.Errorf("take its lock, which another process may have: %w", err)
	}
	if err = x.openPebble(); err == nil {
		err = x.claim()
	}
	if err != nil && !isOfMachine(err) {
		err = x.makeAnew(err)
	}
	if err != nil {
		err = errors.Join(err, x.closePebble(), x.lock.Close())
	}
	return err
}

// openPebble opens Pebble. It has no log of its own: what a crash takes back is
// read from the store's again.
func (x *Index) openPebble() (err error) {
	o := &x.options
	memory := o.MemoryBytes
	if memory == 0 {
		memory = 16 << 20
		if disk := x.room.Total(); disk > 0 {
			memory = min(memory, max(disk/64, 256<<10))
		}
	}
	compactions := pacing.NewCompactions(o.Now)
	settings := &pebble.Options{
		FS:                          pacing.NewFlushes(o.Now, x.ending).On(o.FS),
		Lock:                        x.lock,
		DisableWAL:                  true,
		Logger:                      logger{x},
		Merger:                      newMerger(),
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   o.CacheBytes,
		MemTableSize:                memory,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       20,
		BytesPerSync:                1 << 20,
		EventListener: &pebble.EventListener{
			FlushEnd: func(pebble.FlushInfo) { compactions.Flushed() },
			BackgroundError: func(err error) {
				if errors.Is(err, errUnreadable) {
					x.hurt(err)
				}
			},
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				x.hurt(fmt.Errorf("%s is damaged: %w", info.Path, info.Details))
			},
		},
	}
	compactions.Of(settings)
	for i := range settings.Levels {
		// A search looks for one document after another in a few terms: with blocks
		// of 4 KiB phrases take a fifth longer, of 32 hardly less (bench find).
		settings.Levels[i].BlockSize = 16 << 10
		settings.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		settings.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
	defer func() {
		if p := recover(); p != nil { // with which Pebble gives up
			err = fmt.Errorf("pebble: %v", p)
		}
	}()
	if x.db, err = pebble.Open(o.Dir, settings); err == nil {
		compactions.Start()
	}
	return err
}

// claim takes an empty index for this log; of one that is another's it is
// errForeign.
func (x *Index) claim() error {
	kept, err := x.text(keyFormat)
	if err != nil {
		return err
	}
	epoch, err := x.text(keyEpoch)
	switch {
	case err != nil:
		return err
	case kept == "" && epoch == "":
		err = x.db.Set(keyFormat, []byte(format), pebble.NoSync)
		return errors.Join(err, x.db.Set(keyEpoch, []byte(x.options.Log.Epoch()), pebble.NoSync))
	case kept != format, epoch != x.options.Log.Epoch():
		return errForeign
	}
	return nil
}

// makeAnew throws away what is in the folder, whose lock it keeps, and begins an
// empty index.
func (x *Index) makeAnew(why error) error {
	x.log.Warn("the search index is made anew", "dir", x.options.Dir, "why", why)
	_ = x.closePebble() // with what is wrong with it
	o := &x.options
	names, err := o.FS.List(o.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name != lockName {
			err = errors.Join(err, o.FS.RemoveAll(o.FS.PathJoin(o.Dir, name)))
		}
	}
	if err != nil {
		return err
	}
	x.opened.Store(false)
	_ = x.damage() // of what was there
	x.damaged.Store(false)
	if err := x.openPebble(); err != nil {
		return err
	}
	return x.claim()
}

// closePebble closes Pebble, if it is open. What it panics with after a failure
// is an error.
func (x *Index) closePebble() (err error) {
	db := x.db
	if db == nil {
		return nil
	}
	x.db = nil
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pebble: %v", p)
		}
	}()
	return db.Close()
}

// renew makes an index anew that turned out to be damaged. Searches that are
// under way end first, and none begins meanwhile.
func (x *Index) renew(why error) error {
	x.using.Lock()
	defer x.using.Unlock()
	x.level.Store(false)
	_ = x.written.db.Close() // it holds memory alone
	if err := x.makeAnew(why); err != nil {
		return err
	}
	x.attach()
	return nil
}

// attach has all that reads and writes do so in the Pebble that was opened.
func (x *Index) attach() {
	x.opened.Store(true)
	x.names.attach(x.db)
	x.written = newBatch(x)
	n, _ := x.text(keyDocuments)
	documents, _ := binary.Uvarint([]byte(n))
	x.documents.Store(int64(documents))
}

// text is what a key holds, "" if there is none.
func (x *Index) text(key []byte) (string, error) {
	value, closer, err := x.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text := string(value) // before it is given back: in one statement the order is not defined
	return text, closer.Close()
}

// hurt notes that the index is damaged, for the follower. It does not block, for
// Pebble calls it while it reads. That an error is one of damage says less: the
// store's files may be what is damaged.
func (x *Index) hurt(why error) {
	x.damaged.Store(true)
	select {
	case x.hurts <- why:
	default: // one reason is enough
	}
}

// damage is what hurt noted last, or nil.
func (x *Index) damage() error {
	select {
	case why := <-x.hurts:
		return why
	default:
		return nil
	}
}

// flush leaves little to be read again. It gives up where it takes long: on a
// full disk Pebble would try for ever.
func (x *Index) flush(ctx context.Context) {
	flushed, err := x.db.AsyncFlush()
	if err != nil {
		return
	}
	select {
	case <-flushed:
	case <-ctx.Done():
	}
}

// logger is Pebble's, whose own ends the process when Pebble gives up. Here the
// server goes on without search.
type logger struct{ x *Index }

// Infof drops Pebble's chatter.
func (l logger) Infof(string, ...any) {}

// Errorf is pebble.Logger's.
func (l logger) Errorf(format string, args ...any) {
	l.x.log.Error("search: pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf stops the search. Pebble takes it that it does not return, and panics
// on what it finds if it does: the goroutine is held for as long as the process
// lives, with what it has locked. While Pebble is being opened it returns, for
// then an error follows.
func (l logger) Fatalf(format string, args ...any) {
	if !l.x.opened.Load() {
		l.Errorf(format, args...)
		return
	}
	if !l.x.broken.Swap(true) {
		l.x.log.Error("the search has stopped: " + fmt.Sprintf(format, args...))
	}
	select {}
}
