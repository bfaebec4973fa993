package pebble

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

var errHole = errors.New("the log has a hole")

// log is one channel's log in one view.
type log struct {
	*view
	id   chat.ChannelID
	path []byte
	head head
	key  []byte
}

// openLog reads ch's head, the zero head if it has no log.
func openLog(v *view, ch chat.ChannelID) (*log, error) {
	l := &log{view: v, id: ch, path: appendPath(nil, ch)}
	l.key = append(append(l.key, spaceHead), l.path...)
	_, err := v.get(l.key, func(b []byte) (err error) {
		l.head, err = readHead(b)
		return err
	})
	return l, err
}

func (s *Store) readLog(ctx context.Context, ch chat.ChannelID, f func(l *log) error) error {
	return s.read(ctx, func(v *view) error {
		l, err := openLog(v, ch)
		if err != nil {
			return err
		}
		return f(l)
	})
}

// Head is chat.Log's.
func (s *Store) Head(ctx context.Context, ch chat.ChannelID) (h chat.Head, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		h = l.head.public()
		return nil
	})
	return h, err
}

// Message is chat.Log's.
func (s *Store) Message(ctx context.Context, ch chat.ChannelID, text string) (e *chat.Event, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		r, err := l.message(text)
		if err != nil {
			return err
		}
		e = r.event
		return l.notesOf(e)
	})
	return e, err
}

// message is the message that text names, or CodeNotFound.
func (l *log) message(text string) (*row, error) {
	id, ok := parseMessageID(text)
	if !ok || id.seq() <= l.head.horizon {
		return nil, noMessage()
	}
	r, err := l.row(spaceMessage, id.seq())
	if err == nil && (r == nil || r.id != id) {
		return nil, noMessage()
	}
	return r, err
}

// row is the row at seq, or nil.
func (l *log) row(space byte, seq uint64) (r *row, err error) {
	l.key = seqKey(l.key, space, l.path, seq)
	_, err = l.get(l.key, func(b []byte) (err error) {
		r, err = readRow(l.id, seq, b)
		return err
	})
	return r, err
}

// Events is chat.Log's.
func (s *Store) Events(ctx context.Context, ch chat.ChannelID, after uint64, limit int) (events []*chat.Event, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		switch {
		case limit <= 0:
			return chat.E(chat.CodeInvalid, "the limit is not positive")
		case after < l.head.horizon:
			return s.expired(l, "horizon")
		case after > l.head.seq:
			return s.expired(l, "ahead")
		}
		events, err = l.events(after, limit)
		return err
	})
	return events, err
}

func (s *Store) expired(l *log, reason string) error {
	err := chat.E(chat.CodeExpired, "the position is gone")
	err.Expired = &chat.Expired{
		Reason: reason,
		Oldest: chat.Position{Epoch: s.epoch, Seq: l.head.horizon},
		Head:   chat.Position{Epoch: s.epoch, Seq: l.head.seq},
	}
	return err
}

// events merges the messages with the other events. Where messages follow one
// another these are not looked at.
func (l *log) events(after uint64, limit int) ([]*chat.Event, error) {
	last := min(l.head.seq, after+uint64(limit))
	if last <= after {
		return nil, nil
	}
	events := make([]*chat.Event, 0, last-after)
	messages := source{log: l, space: spaceMessage, last: last}
	others := source{log: l, space: spaceEvent, last: last}
	err := func() error {
		for seq := after + 1; seq <= last; seq++ {
			r, err := messages.at(seq)
			if err == nil && r == nil {
				r, err = others.at(seq)
			}
			if err == nil && r == nil {
				err = readFailed(errHole)
			}
			if err != nil {
				return err
			}
			events = append(events, r.event)
		}
		return l.annotate(messages.iter, events)
	}()
	for _, s := range []*source{&messages, &others} {
		if cerr := s.close(); err == nil && cerr != nil {
			err = readFailed(cerr)
		}
	}
	return events, err
}

// source reads one keyspace of a log in seq order.
type source struct {
	log   *log
	space byte
	last  uint64
	iter  *pebble.Iterator // made when it is first needed
}

// at is the row of the event with that seq, or nil. Each call's seq is above
// the one before.
func (s *source) at(seq uint64) (*row, error) {
	if s.iter == nil {
		iter, err := s.log.iterate(s.space, seq, s.last+1)
		if err != nil {
			return nil, err
		}
		s.iter = iter
		iter.First()
	}
	for s.iter.Valid() && seqOf(s.iter.Key()) < seq {
		s.iter.Next()
	}
	if !s.iter.Valid() || seqOf(s.iter.Key()) != seq {
		return nil, s.iter.Error()
	}
	r, err := s.log.rowAt(s.iter)
	if err != nil {
		return nil, err
	}
	s.iter.Next()
	return r, nil
}

func (s *source) close() error {
	if s.iter == nil {
		return nil
	}
	return s.iter.Close()
}

// iterate is an iterator over a keyspace of the log, from seq low up to high,
// excluded.
func (l *log) iterate(space byte, low, high uint64) (*pebble.Iterator, error) {
	return l.iterateAt(space, l.path, low, high)
}

// iterateAt is an iterator over the keys of a keyspace that go on with path,
// then end with a seq.
func (v *view) iterateAt(space byte, path []byte, low, high uint64) (*pebble.Iterator, error) {
	iter, err := v.NewIter(&pebble.IterOptions{
		LowerBound: seqKey(nil, space, path, low),
		UpperBound: seqKey(nil, space, path, high),
	})
	if err != nil {
		return nil, readFailed(err)
	}
	return iter, nil
}

func (l *log) rowAt(iter *pebble.Iterator) (*row, error) {
	value, err := iter.ValueAndErr()
	if err != nil {
		return nil, readFailed(err)
	}
	r, err := readRow(l.id, seqOf(iter.Key()), value)
	if err != nil {
		return nil, readFailed(err)
	}
	return r, nil
}
