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
	err = s.readLog(ctx, ch, func(l *log) error {
		low, high, err := l.bounds(page)
		if err != nil || low >= high {
			return err
		}
		iter, err := l.iterate(spaceMessage, low, high)
		if err != nil {
			return err
		}
		if page.Forward || page.After > 0 {
			events, err = l.page(iter, iter.First, iter.Next, page.Limit)
		} else {
			events, err = l.page(iter, iter.Last, iter.Prev, page.Limit)
			slices.Reverse(events)
		}
		if cerr := iter.Close(); err == nil && cerr != nil {
			err = readFailed(cerr)
		}
		return err
	})
	return events, err
}

func (l *log) page(iter *pebble.Iterator, first, next func() bool, limit int) ([]*chat.Event, error) {
	events := make([]*chat.Event, 0, limit)
	for ok := first(); ok && len(events) < limit; ok = next() {
		r, err := l.rowAt(iter)
		if err != nil {
			return nil, err
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
