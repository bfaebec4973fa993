package pebble

import (
	"context"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// maxPage bounds a page's limit.
const maxPage = 1000

// Messages is chat.Log's.
func (s *Store) Messages(ctx context.Context, ch chat.ChannelID, page chat.Page) (events []*chat.Event, err error) {
	if page.Limit < 1 || page.Limit > maxPage {
		return nil, chat.E(chat.CodeInvalid, "the limit is not between 1 and %d", maxPage)
	}
	if page.Thread != "" {
		if page.BySequence {
			return nil, chat.E(chat.CodeInvalid, "the messages of a thread are not counted by sequence")
		}
		err = s.readLog(ctx, ch, func(l *log) error {
			events, err = l.thread(page)
			return err
		})
		return events, err
	}
	err = s.readLog(ctx, ch, func(l *log) error {
		low, high, err := l.bounds(page)
		if err != nil || low >= high {
			return err
		}
		iter, err := l.iterate(spaceMessage, low, high)
		if err != nil {
			return err
		}
		if fromFirst(page) {
			events, err = l.page(iter, iter.First, iter.Next, page.Limit)
		} else {
			events, err = l.page(iter, iter.Last, iter.Prev, page.Limit)
			slices.Reverse(events)
		}
		if err == nil {
			err = l.annotate(iter, events)
		}
		if cerr := iter.Close(); err == nil && cerr != nil {
			err = readFailed(cerr)
		}
		return err
	})
	return events, err
}

// fromFirst reports whether the page is full when it has the first messages
// that fit, not the last.
func fromFirst(page chat.Page) bool { return page.Forward || page.After > 0 }

// thread is a page of the replies to one message.
func (l *log) thread(page chat.Page) ([]*chat.Event, error) {
	first, err := l.message(page.Thread)
	if err != nil {
		return nil, err
	}
	low, high, err := l.bounds(page)
	if err != nil || low >= high {
		return nil, err
	}
	iter, err := l.iterateAt(spaceThread, threadPath(l.path, first.event.Seq), low, high)
	if err != nil {
		return nil, err
	}
	begin, next := iter.Last, iter.Prev
	if fromFirst(page) {
		begin, next = iter.First, iter.Next
	}
	var seqs []uint64
	for ok := begin(); ok && len(seqs) < page.Limit; ok = next() {
		seqs = append(seqs, seqOf(iter.Key()))
	}
	if !fromFirst(page) {
		slices.Reverse(seqs)
	}
	return l.pick(iter, seqs)
}

// pick are the messages with those seqs, in their order, which must be rising.
// It closes iter, an iterator of the log that has found the seqs.
func (l *log) pick(iter *pebble.Iterator, seqs []uint64) ([]*chat.Event, error) {
	err := iter.Error()
	events := make([]*chat.Event, 0, len(seqs))
	for _, seq := range seqs {
		if err != nil {
			break
		}
		var r *row
		if r, err = l.row(spaceMessage, seq); err == nil && r == nil {
			err = errHole
		}
		if err == nil {
			events = append(events, r.event)
		}
	}
	if err == nil {
		err = l.annotate(iter, events)
	}
	if cerr := iter.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, readFailed(err)
	}
	return events, nil
}

// Pins is chat.Log's.
func (s *Store) Pins(ctx context.Context, ch chat.ChannelID) (events []*chat.Event, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		iter, err := l.iterate(spacePin, l.head.horizon+1, l.head.seq+1)
		if err != nil {
			return err
		}
		var seqs []uint64
		for ok := iter.First(); ok; ok = iter.Next() {
			seqs = append(seqs, seqOf(iter.Key()))
		}
		events, err = l.pick(iter, seqs)
		return err
	})
	return events, err
}

func (l *log) page(iter *pebble.Iterator, first, next func() bool, limit int) ([]*chat.Event, error) {
	events := make([]*chat.Event, 0, limit)
	var room []chat.Event // for the next events: fewer allocations than one by one
	for ok := first(); ok && len(events) < limit; ok = next() {
		if len(room) == 0 {
			room = make([]chat.Event, min(len(events)+1, 16, limit-len(events)))
		}
		r := row{event: &room[0]}
		room = room[1:]
		r.event.Channel, r.event.Seq = l.id, seqOf(iter.Key())
		value, err := iter.ValueAndErr()
		if err == nil {
			err = r.read(value)
		}
		if err != nil {
			return nil, readFailed(err)
		}
		events = append(events, r.event)
	}
	return events, nil
}

// bounds are the seqs of a page: from low up to high, excluded.
func (l *log) bounds(page chat.Page) (low, high uint64, err error) {
	low, high = l.head.horizon+1, l.head.seq+1
	if !page.BySequence {
		if page.Before > 0 {
			high = min(high, page.Before)
		}
		if page.After >= l.head.seq {
			return high, high, nil
		}
		return max(low, page.After+1), high, nil
	}
	if page.Before > 0 {
		if high, err = l.find(page.Before); err != nil {
			return 0, 0, err
		}
	}
	if page.After > 0 {
		low, err = l.find(page.After)
	}
	return low, high, err
}

// find is the seq of the first kept message whose sequence is at least wanted,
// or the seq after the head. There is no index: messages lie densely enough
// for guessing, and every guess that fails still halves what is left.
func (l *log) find(wanted uint64) (uint64, error) {
	low, high := l.head.horizon+1, l.head.seq+1 // the answer is in low..high
	lowSequence, highSequence := l.head.first, l.head.next
	if wanted <= lowSequence {
		return low, nil
	}
	if wanted >= highSequence {
		return high, nil
	}
	iter, err := l.iterate(spaceMessage, low, high)
	if err != nil {
		return 0, err
	}
	defer iter.Close()
	for halve := false; low < high; halve = !halve {
		guess := low + (high-low)/2
		if !halve {
			// At least wanted-lowSequence events lie between, and at most as
			// many as leave room for the messages behind.
			span := float64(high-low) * float64(wanted-lowSequence) / float64(highSequence-lowSequence)
			guess = min(low+uint64(span), high-1)
		}
		l.key = seqKey(l.key, spaceMessage, l.path, guess)
		if !iter.SeekGE(l.key) {
			if err := iter.Error(); err != nil {
				return 0, readFailed(err)
			}
			high = guess
			continue
		}
		r, err := l.rowAt(iter)
		if err != nil {
			return 0, err
		}
		switch e := r.event; {
		case e.Sequence == wanted:
			return e.Seq, nil
		case e.Sequence > wanted:
			high, highSequence = guess, e.Sequence
		default:
			low, lowSequence = e.Seq+1, e.Sequence+1
		}
	}
	return low, nil
}
