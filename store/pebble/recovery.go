package pebble

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/store/journal"
)

// A commit is a record of the journal, durable before it is applied to Pebble,
// whose own log is switched off. What Pebble's tables hold is all that was
// applied up to some commit. keyJournal names a record, and is written when all
// before it were applied: where it stands in a table, so do they. Records from
// there on are applied again by Open, in their order, to tables that may have
// some of them: a key has its last value then, whatever it had before.
var keyJournal = []byte{spaceStore, 'j'}

// journalAhead is how far a segment is filled with zeros before what is written.
const journalAhead = 1 << 20

// retirement is what the journal need not hold once that was flushed.
type retirement struct {
	before  uint64
	flushed <-chan struct{}
}

func (s *Store) journalOptions(from, next uint64) journal.Options {
	// Half of a memtable's: whatever else Pebble keeps there with it, what a
	// segment holds is flushed because the segment is full.
	size := int64(s.opts.MemTableBytes / 2)
	return journal.Options{Bytes: size, Ahead: min(journalAhead, size/2), From: from, Next: next}
}

// recover applies what the tables lack, and goes on with the journal.
func (s *Store) recover() error {
	value, err := s.own(keyJournal)
	if err != nil {
		return err
	}
	if len(value) != 8 {
		return errors.New("it does not say where its journal begins: it is damaged")
	}
	apply := s.applyAgain
	if s.readOnly {
		s.views.overlay = s.db.NewIndexedBatch()
		apply = s.overlay
	}
	from := binary.BigEndian.Uint64(value)
	next, err := journal.Read(s.fs, s.dir, from, apply)
	if err != nil || s.readOnly {
		return err
	}
	if s.journal, err = journal.Open(s.fs, s.dir, s.journalOptions(from, next)); err != nil {
		return err
	}
	if next == from {
		s.dropBefore(retirement{before: from})
		return nil
	}
	r, err := s.retire()
	s.retired <- r
	return err
}

// applyAgain applies a record of the journal.
func (s *Store) applyAgain(record []byte) error {
	b := s.db.NewBatch()
	defer b.Close()
	if err := b.SetRepr(record); err != nil {
		return err
	}
	return s.db.Apply(b, pebble.NoSync)
}

// overlay has a record of the journal read as if it had been applied.
func (s *Store) overlay(record []byte) error {
	b := s.db.NewBatch()
	defer b.Close()
	if err := b.SetRepr(record); err != nil {
		return err
	}
	return s.views.overlay.Apply(b, nil)
}

var errForeignJournal = errors.New("the journal of another store stands there")

// beginJournal makes the journal of a store that has none, and adds to b that
// it has.
func (s *Store) beginJournal(b *pebble.Batch) error {
	exists, err := journal.Exists(s.fs, s.dir)
	if err != nil {
		return err
	}
	if exists { // of an Open that was cut short, or one that has lost its tables
		next, err := journal.Read(s.fs, s.dir, 1, func([]byte) error { return errForeignJournal })
		if err != nil || next != 1 {
			return errors.Join(errForeignJournal, err)
		}
	}
	if s.journal, err = journal.Open(s.fs, s.dir, s.journalOptions(1, 1)); err != nil {
		return err
	}
	return b.Set(keyJournal, binary.BigEndian.AppendUint64(nil, 1), nil)
}

// How long is waited for a flush by Open, and by Close, which can do without:
// where it cannot succeed Pebble tries for ever.
const (
	openWithin  = 30 * time.Second
	closeWithin = 2 * time.Second
)

var errNotFlushed = errors.New("what opening has written cannot be flushed")

// keep makes b durable without the journal, by flushing. Nobody else may write.
func (s *Store) keep(b *pebble.Batch) error {
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case <-s.halted:
		return s.stopped()
	case <-time.After(openWithin):
		return errNotFlushed
	}
}

// retire has everything that was applied flushed, so that the journal can let
// go of what comes before its next record. Nobody else may write.
func (s *Store) retire() (retirement, error) {
	r := retirement{before: s.journal.Next()}
	err := s.db.Set(keyJournal, binary.BigEndian.AppendUint64(nil, r.before), pebble.NoSync)
	if err == nil {
		r.flushed, err = s.db.AsyncFlush()
	}
	return r, err
}

// turn begins another segment of the journal.
func (s *Store) turn() error {
	if err := s.journal.Turn(); err != nil {
		return err
	}
	r, err := s.retire()
	if err != nil {
		return err
	}
	s.flushes.changed.Store(true)
	select {
	case s.retired <- r:
	default: // the next one is about these as well
	}
	return nil
}

// drop lets go of segments as soon as they may go, until the store is closed.
func (s *Store) drop() {
	for {
		select {
		case r := <-s.retired:
			select {
			case <-r.flushed:
				s.dropBefore(r)
			case <-s.quit:
				return
			}
		case <-s.quit:
			return
		}
	}
}

// dropBefore lets go of segments; a backup that is under way may need them.
func (s *Store) dropBefore(r retirement) {
	s.copying.Lock()
	defer s.copying.Unlock()
	if err := s.journal.Drop(r.before); err != nil {
		s.log.Warn("a segment of the journal stays", "error", err)
	}
}

// empty leaves nothing in the journal for the next Open to apply, unless that
// fails or takes too long: what was answered is durable without it.
func (s *Store) empty() {
	err := s.journal.Turn()
	var r retirement
	if err == nil {
		r, err = s.retire()
	}
	if err != nil {
		s.log.Warn("the journal is left for the next start to apply", "error", err)
		return
	}
	select {
	case <-r.flushed:
		s.dropBefore(r)
	case <-time.After(closeWithin):
	}
}
