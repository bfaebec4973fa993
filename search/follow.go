package search

import (
	"context"
	"errors"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pacing"
)

// Bounds on what the follower does at a time.
const (
	pageEvents = 128  // read from a log at once
	stepEvents = 256  // of one log, before others have their turn
	walkHeads  = 1000 // compared

	// After a shift of work the cores are others' for so many times as long.
	restAtLeast    = 1  // of what is old
	restOfPunctual = 8  // of what is new, while that is not late
	restOfWait     = 20 // for each millisecond beyond noWait that it waits for a core when it yields
	restMost       = 50 // for that, of what is new; less the later the index is, 8 at last, as of what is old

	patience = 30 * time.Second      // until that is so
	noWait   = 50 * time.Microsecond // is no wait
)

// follow indexes what is new until ctx ends: at first and now and then by
// comparing all heads, else what hints name.
func (x *Index) follow(ctx context.Context) {
	every := walkEvery
	if x.options.Bus != nil {
		every = sweepEvery
	}
	walks := time.NewTicker(every)
	defer walks.Stop()
	for walk := true; ; {
		err := x.round(ctx, walk)
		if err == nil {
			x.settle()
			walk, err = x.rest(ctx, walks.C)
		}
		if err != nil {
			walk = true // what the round left out is found so
			x.fail(ctx, err)
		}
		if ctx.Err() != nil || x.broken.Load() {
			return
		}
	}
}

// rest waits until there is something to do: to compare all heads, or what has
// gathered in a while.
func (x *Index) rest(ctx context.Context, walks <-chan time.Time) (walk bool, err error) {
	select {
	case <-ctx.Done():
	case <-walks:
		return true, nil
	case why := <-x.hurts:
		x.hurt(why)
		return false, why
	case <-x.news.wake:
		pacing.Pause(ctx.Done(), x.options.Gather-x.news.age())
	}
	return false, nil
}

// settle notes that the index is level with what it has heard of.
func (x *Index) settle() {
	if x.stalled.Swap(false) {
		x.log.Info("the disk has room: the search goes on")
	}
	x.level.Store(true)
	x.news.settle()
}

// fail has the index made anew if it is damaged. Else it notes why a round was
// not finished, a full disk only once, and waits.
func (x *Index) fail(ctx context.Context, err error) {
	x.news.owe()
	if errors.Is(err, errUnreadable) {
		x.hurt(err)
	}
	if why := x.damage(); why != nil {
		if err := x.renew(why); err != nil && !x.broken.Swap(true) {
			x.log.Error("the search has stopped: its index cannot be made anew", "err", err)
		}
		return
	}
	x.written.begin()
	switch {
	case ctx.Err() != nil || x.broken.Load():
	case chat.CodeOf(err) != chat.CodeStorageFull:
		x.log.Error("index what is new", "err", err)
	case !x.stalled.Swap(true):
		x.log.Warn("the disk is full: new messages are not found until there is room")
	}
	pacing.Pause(ctx.Done(), retryEvery)
}

// round indexes what hints have named, and with walk all that is behind.
func (x *Index) round(ctx context.Context, walk bool) error {
	x.shifts.Begin()
	if x.stalled.Load() {
		if err := x.room.Check(); err != nil {
			return err
		}
	}
	if err := x.written.load(ctx); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if more, err = x.hearsay(ctx); err != nil {
			return err
		}
	}
	for x.news.missed() || walk {
		walk = false
		if err := x.walk(ctx); err != nil {
			return err
		}
	}
	return x.written.commit()
}

// hearsay follows the channels that were hinted at, each a step: those that are
// far behind must not keep the others waiting. It reports whether some are
// still behind.
func (x *Index) hearsay(ctx context.Context) (more bool, err error) {
	channels := x.news.take()
	if len(channels) == 0 {
		return false, nil
	}
	for ch, t := range channels {
		level, err := x.step(ctx, ch, t)
		if err != nil {
			return false, err
		}
		if !level {
			x.news.hear(chat.Hint{Channel: ch, Seq: t.seq})
			more = true
		}
		x.giveWay(ctx)
	}
	if err := x.written.commit(); err != nil {
		return false, err
	}
	if !more {
		x.news.done()
	}
	return more, nil
}

// giveWay rests after a shift: indexed in one go, what has gathered would keep a
// core from the messages for as long.
func (x *Index) giveWay(ctx context.Context) {
	_, lag := x.news.waiting()
	x.shifts.Rest(ctx.Done(), restOfNew(lag, x.options.Gather, x.shifts.Waited()))
}

// pause rests after a shift amid a commit, which is of what is old or of what is new:
// as of what is old, but hurries for what is new and late.
func (x *Index) pause() {
	_, lag := x.news.waiting()
	waited := x.shifts.Waited()
	x.shifts.Rest(x.ending, min(restOfOld(waited), restOfNew(lag, x.options.Gather, waited)))
}

// restOfNew is for how many times a shift the follower rests after one of what is
// new; lag is for how long the oldest has waited. It has as long again as that has
// gathered, and the less of that is left, the shorter are the rests, down to none.
// Where the cores are wanted the messages come first, and the rests are long in
// spite of that, less so the nearer lag is to patience; a ninth of a core it takes
// then, which is 5000 messages a second.
func restOfNew(lag, gather, waited time.Duration) float64 {
	left := 2 - lag.Seconds()/gather.Seconds()
	most := max(restOfPunctual, restMost*(1-lag.Seconds()/patience.Seconds()))
	return max(0, restOfPunctual*min(left, 1), min(wanted(waited), most))
}

// restOfOld is the same of what it is behind with, which has no time.
func restOfOld(waited time.Duration) float64 {
	return max(restAtLeast, min(wanted(waited), restOfPunctual))
}

// wanted is how much others want the cores, by how long it waits for one.
func wanted(waited time.Duration) float64 {
	return restOfWait * float64(waited-noWait) / float64(time.Millisecond)
}

// walk compares the heads of all logs with what is indexed.
func (x *Index) walk(ctx context.Context) error {
	type head struct {
		channel chat.ChannelID
		chat.Head
	}
	var after chat.ChannelID
	for more := true; more; {
		var heads []head
		err := x.options.Log.Heads(ctx, after, func(ch chat.ChannelID, h chat.Head) bool {
			heads = append(heads, head{ch, h})
			return len(heads) < walkHeads
		})
		if err != nil {
			return err
		}
		more = len(heads) == walkHeads
		for _, h := range heads {
			after = h.channel
			if err := x.visit(ctx, h.channel, h.Head); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit makes the index level with one log. The channels in use do not wait for
// that.
func (x *Index) visit(ctx context.Context, ch chat.ChannelID, h chat.Head) error {
	for level := false; !level; {
		var err error
		if level, err = x.step(ctx, ch, told{seq: h.Seq}); err == nil {
			err = x.between(ctx)
		}
		if err != nil {
			return err
		}
	}
	return x.sweep(ctx, ch, h.Horizon)
}

// between has what is new, and who waits for a core, take a turn amid what is old.
// No channel that was got before it may be used after it.
func (x *Index) between(ctx context.Context) error {
	if x.news.age() >= x.options.Gather {
		_, err := x.hearsay(ctx)
		return err
	}
	x.shifts.Rest(ctx.Done(), restOfOld(x.shifts.Waited()))
	return nil
}

// step indexes the channel's next events up to t.seq at least, as many as others
// can wait for; it reports whether that was all.
func (x *Index) step(ctx context.Context, ch chat.ChannelID, t told) (level bool, err error) {
	c, err := x.written.channel(ch)
	if err != nil {
		return false, err
	}
	known := t.after(c.place.seq)
	if err := x.takeAll(ctx, c, known); err != nil {
		return false, err
	}
	for n := len(known); c.place.seq < t.seq; n += pageEvents {
		if n >= stepEvents {
			return false, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		events, err := x.options.Log.Events(ctx, ch, c.place.seq, pageEvents)
		if e, ok := errors.AsType[*chat.Error](err); ok && e.Expired != nil && e.Expired.Reason == "horizon" {
			c.place.seq = max(c.place.seq+1, e.Expired.Oldest.Seq)
			if err := x.written.put(c); err != nil {
				return false, err
			}
			continue
		}
		if err != nil {
			return false, err
		}
		if len(events) == 0 {
			return true, nil // a hint named more than there is
		}
		if err := x.takeAll(ctx, c, events); err != nil {
			return false, err
		}
	}
	return true, nil
}

// takeAll indexes what events change.
func (x *Index) takeAll(ctx context.Context, c *channel, events []*chat.Event) error {
	if len(events) == 0 {
		return nil
	}
	for _, e := range events {
		if err := x.take(ctx, c, e); err != nil {
			return err
		}
		if c.place.seq = e.Seq; x.written.full() { // long messages: not the whole page in memory
			if err := x.written.put(c); err != nil {
				return err
			}
		}
	}
	return x.written.put(c)
}

// take indexes what one event changes.
func (x *Index) take(ctx context.Context, c *channel, e *chat.Event) error {
	switch e.Kind {
	case chat.KindMessage:
		return x.written.message(c, e)
	case chat.KindEdit, chat.KindDelete:
		m, err := x.at(ctx, c.id, e.TargetSeq)
		if err != nil {
			return err
		}
		if err := x.written.remove(c, e.TargetSeq); err != nil || m == nil {
			return err
		}
		return x.written.message(c, m)
	}
	return nil
}

// at is the message at seq in its present state; nil: there is none.
func (x *Index) at(ctx context.Context, ch chat.ChannelID, seq uint64) (*chat.Event, error) {
	if seq == 0 {
		return nil, nil
	}
	found, err := x.options.Log.Messages(ctx, ch, chat.Page{After: seq - 1, Before: seq + 1, Forward: true, Limit: 1})
	if err != nil || len(found) == 0 || found[0].Seq != seq {
		return nil, err
	}
	return found[0], nil
}
