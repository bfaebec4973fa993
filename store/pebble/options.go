package pebble

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/internal/pacing"
)

// Options of a store. The zero value works.
type Options struct {
	FS     vfs.FS           // default: the disk
	Logger *slog.Logger     // default: none
	Now    func() time.Time // default: time.Now
	// Fatal is called once, when a failed sync has stopped the store. It must
	// not call the store.
	Fatal func(error)

	MaxBatch      int    // requests to a sync; default 1000
	QueueLen      int    // requests that may wait before Append does; default 8192
	QueueBytes    int    // the same in bytes; default 32 MiB
	Channels      int    // heads that the writer keeps in memory; default 262144
	FilterBytes   int64  // bound on the nonce filter; default 256 MiB
	CacheBytes    int64  // blocks kept in memory; default 64 MiB
	MemTableBytes uint64 // default 16 MiB, less on a small disk
	// ReserveBytes is the free space below which writes are refused with
	// CodeStorageFull; default 256 MiB. Of a small disk it is at most an eighth.
	ReserveBytes uint64

	twoHands bool // tests: the writer never commits by itself
}

// filled is o with its defaults, for a disk of that many bytes; 0: unknown.
func (o Options) filled(disk uint64) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	setDefault(&o.MaxBatch, 1000)
	setDefault(&o.QueueLen, 8192)
	setDefault(&o.QueueBytes, 32<<20)
	setDefault(&o.Channels, 1<<18)
	setDefault(&o.FilterBytes, 256<<20)
	setDefault(&o.CacheBytes, 64<<20)
	setDefault(&o.MemTableBytes, 16<<20)
	if disk > 0 {
		o.MemTableBytes = min(o.MemTableBytes, max(disk/64, 256<<10))
	}
	return o
}

func setDefault[T int | int64 | uint64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// fs is where the store lives.
func (o *Options) fs() vfs.FS {
	if o.FS == nil {
		return disk{vfs.Default}
	}
	return o.FS
}

// batchBytes bounds a batch so that it fits a memtable.
func (o *Options) batchBytes() int { return int(min(o.MemTableBytes/4, 4<<20)) }

// pebbleOptions are Pebble's for s.
func pebbleOptions(fs vfs.FS, lock *pebble.Lock, s *Store) *pebble.Options {
	o := &pebble.Options{
		// Not by s.opts.Now, which may jump.
		FS:                          pacing.NewFlushes(time.Now, s.quit).On(fs),
		ReadOnly:                    s.readOnly,
		Lock:                        lock,
		Logger:                      logger{s},
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   s.opts.CacheBytes,
		MemTableSize:                s.opts.MemTableBytes,
		MemTableStopWritesThreshold: stopWrites,
		// Stopping writes would leave senders waiting without an answer; the
		// reserve has them refused when compactions have no room.
		L0StopWritesThreshold: 1000,
		L0CompactionThreshold: 4,
		BytesPerSync:          1 << 20,
		DisableWAL:            true,
		EventListener: &pebble.EventListener{
			BackgroundError: s.flushes.failed(s),
			FlushEnd: func(info pebble.FlushInfo) {
				s.compactions.Flushed()
				s.flushes.ended(info)
			},
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				s.log.Error("a file of the store is damaged", "file", info.Path, "error", info.Details)
			},
		},
	}
	s.compactions.Of(o)
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
	return o
}

// logger is Pebble's. Its Fatalf returns, where Pebble's own ends the process;
// the fence makes that safe.
type logger struct{ s *Store }

// Infof drops Pebble's chatter.
func (l logger) Infof(string, ...any) {}

// Errorf is pebble.Logger's.
func (l logger) Errorf(format string, args ...any) {
	l.s.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf stops the store.
func (l logger) Fatalf(format string, args ...any) {
	l.s.stop(fmt.Errorf("pebble: %w", fmt.Errorf(format, args...)))
}
