package search

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// sweepMessages are removed before others have their turn: under a millisecond's,
// without the commit, which rests by itself.
const sweepMessages = 64

// sweep removes what the log no longer keeps, a step after the other. How far it
// got is noted with each, so that one that is interrupted goes on from there.
func (x *Index) sweep(ctx context.Context, ch chat.ChannelID, horizon uint64) error {
	for begun := false; ; begun = true {
		c, err := x.written.channel(ch)
		if err != nil || c.place.swept >= horizon {
			return err
		}
		if !begun { // what the batch adds is not seen by forget; what between adds is committed
			err = x.written.commit()
		}
		if err == nil {
			err = x.forget(ctx, c, horizon)
		}
		if err == nil {
			err = x.between(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// forget removes the channel's next messages up to and including seq, as many as
// others can wait for.
func (x *Index) forget(ctx context.Context, c *channel, seq uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	iter, err := x.db.NewIter(&pebble.IterOptions{LowerBound: forwardKey(nil, c.number, c.place.swept+1), UpperBound: forwardKey(nil, c.number, seq+1)})
	if err != nil {
		return err
	}
	ok := iter.First()
	for n := 0; ok && err == nil && n < sweepMessages && !x.written.full(); n++ {
		at := forwardSeq(iter.Key())
		if err = x.written.remove(c, at); err == nil {
			c.place.swept = at
			ok = iter.Next()
		}
	}
	if err = errors.Join(err, iter.Error(), iter.Close()); err != nil {
		return err
	}
	if !ok {
		c.place.swept = seq
	}
	return x.written.put(c)
}
