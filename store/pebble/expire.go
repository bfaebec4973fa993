package pebble

import (
	"cmp"
	"context"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pacing"
)

// trimSize is how many events one commit removes at most: the writer must not
// keep senders waiting.
const trimSize = 2000

// headsAtOnce are looked at by Expire in one view.
const headsAtOnce = 1000

// expireRests is how many times as long as it worked Expire leaves the core to
// others while it looks for what is old enough.
const expireRests = 9

// Expire is chat.Store's.
func (s *Store) Expire(ctx context.Context, now time.Time) (int, error) {
	s.expire.Lock()
	defer s.expire.Unlock()
	if err := s.expiring(ctx, true); err != nil {
		return 0, err
	}
	// Without it the writer would go on noting what no Expire asks for.
	defer func() { _ = s.expiring(context.WithoutCancel(ctx), false) }()
	shifts := pacing.NewShifts(time.Now)
	total, from := 0, []byte{spaceHead}
	for from != nil {
		var channels []chat.ChannelID
		var err error
		if channels, from, err = s.mayExpire(ctx, from, now); err != nil {
			return total, err
		}
		freed := false
		for _, ch := range channels {
			n, err := s.expireChannel(ctx, ch, now)
			if total += n; err != nil {
				return total, err
			}
			if n > 0 {
				freed = true
			} else if from != nil { // what frees room does not rest, nor do the last heads
				shifts.Rest(ctx.Done(), expireRests)
			}
		}
		if from != nil && !freed {
			shifts.Rest(ctx.Done(), expireRests)
		}
	}
	return total, nil
}

// mayExpire looks at some heads, of all projects, and lists the channels that
// may have something to expire. It gives the key to go on from; nil: there are
// no more.
func (s *Store) mayExpire(ctx context.Context, from []byte, now time.Time) (some []chat.ChannelID, next []byte, err error) {
	looked := 0
	err = s.read(ctx, func(v *view) error {
		return v.scan(from, []byte{spaceHead + 1}, func(key, value []byte) (bool, error) {
			if looked++; looked > headsAtOnce {
				next = append([]byte(nil), key...)
				return false, nil
			}
			h, err := readHead(value)
			if err != nil || h.young(now) {
				return true, err
			}
			ch, _, err := cutPath(key[1:])
			some = append(some, ch)
			return true, err
		})
	})
	return some, next, err
}

// young reports that the head alone says that nothing is old enough.
func (h *head) young(now time.Time) bool {
	if h.fate == emptying {
		return false
	}
	if h.seq == h.horizon {
		return true // nothing is kept
	}
	if h.plain == 0 || h.oldest == 0 {
		return false
	}
	return !instant(h.oldest).Before(now.Add(-chat.DefaultRetention)) // as plain settings keep it
}

func (s *Store) expireChannel(ctx context.Context, ch chat.ChannelID, now time.Time) (int, error) {
	o, err := s.Open(ctx, ch)
	if err != nil {
		return 0, err
	}
	if o.Head.Deleted {
		return 0, s.Purge(ctx, ch)
	}
	settings := cmp.Or(o.Settings, &chat.Channel{})
	keep, bounded := settings.KeepFor()
	if !bounded {
		return 0, nil
	}
	total := 0
	for {
		t := &trimming{answer: newAnswer(), id: ch}
		if err := s.readLog(ctx, ch, func(l *log) error { return t.collect(l, now.Add(-keep)) }); err != nil {
			return total, err
		}
		if t.count == 0 {
			return total, nil
		}
		if err := s.do(ctx, t, t.done); err != nil {
			return total, err
		}
		if t.err != nil {
			return total, t.err
		}
		if total += t.count; t.count < trimSize {
			return total, nil
		}
	}
}

// trimming moves a channel's horizon and removes what lies below, with
// everything else that belongs to what goes, in one commit.
type trimming struct {
	answer
	id      chat.ChannelID
	horizon uint64 // the new one
	first   uint64 // sequence of the first message above it
	oldest  int64  // no event above it is older
	nonces  [][]byte
	others  [][]byte // mentions, references to files, and what is due
	count   int
	bytes   int
	purges  uint64 // the channel was deleted, and this is its horizon, which stays
}

func (t *trimming) size() int   { return 512 + t.bytes }
func (t *trimming) frees() bool { return true }

// collect finds the oldest events that are not after until.
func (t *trimming) collect(l *log, until time.Time) error {
	t.horizon, t.first, t.oldest = l.head.horizon, l.head.first, l.head.oldest
	// Most channels have nothing to expire: look at one event first.
	for _, n := range []int{1, trimSize} {
		events, err := l.events(t.horizon, n-t.count)
		if err != nil {
			return err
		}
		for _, e := range events {
			if !e.At.Before(until) {
				t.oldest = millis(e.At)
				return nil
			}
			if err := t.add(l, e); err != nil {
				return err
			}
		}
		if t.count < n {
			return nil
		}
	}
	return nil
}

func (t *trimming) add(l *log, e *chat.Event) error {
	t.count++
	t.horizon, t.oldest = e.Seq, millis(e.At) // times never fall
	if e.Kind == chat.KindMessage {
		t.first = e.Sequence + 1
		t.hanging(l, e)
	}
	if e.Kind == chat.KindEdit || e.Kind == chat.KindMessage && e.EditSeq == 0 {
		for _, key := range fileKeys(e) {
			t.others = append(t.others, key)
			t.bytes += 32 + len(key)
		}
	}
	if e.Nonce == "" {
		return nil
	}
	// The nonce may be another event's since: after its TTL it was new again.
	// What happens to it from this view on, repointed knows.
	var u use
	key := nonceKey(nil, l.path, e.Sender, e.Nonce)
	found, err := l.get(key, func(b []byte) (err error) {
		u, err = readUse(b)
		return err
	})
	if err == nil && found && u.seq == e.Seq {
		t.nonces = append(t.nonces, key)
		t.bytes += 32 + len(key)
	}
	return err
}

// hanging notes the keys of a message that do not lie in the order of seqs. No
// more come later; those of a message that is deleted until the commit are
// removed twice.
func (t *trimming) hanging(l *log, e *chat.Event) {
	for _, user := range e.Mentions {
		t.others = append(t.others, seqKey(nil, spaceMention, mentionPath(l.path, user), e.Seq))
	}
	if !e.ExpiresAt.IsZero() && !e.Deleted() {
		t.others = append(t.others, dueMessage(l.path, e.ExpiresAt, e.Seq))
	}
	t.bytes += 128 * len(e.Mentions)
}

func (t *trimming) prepare(w *writer) {
	c, err := w.channel(t.id)
	if err != nil {
		t.err = err
		return
	}
	switch {
	case t.purges > 0 && !c.empties(t.purges), t.purges == 0 && c.head.fate != kept:
		return // it was deleted meanwhile, or another Purge was faster
	case t.purges == 0:
		t.move(w, c)
	}
	for _, space := range []byte{spaceMessage, spaceEvent, spaceNotes, spaceReaction, spaceThread, spacePin} {
		w.key = seqKey(w.key, space, c.path, 0)
		w.key2 = seqKey(w.key2, space, c.path, t.horizon+1)
		w.removeRange(w.key, w.key2)
	}
	for _, key := range t.others {
		_ = w.cur.db.Delete(key, nil)
	}
	for _, key := range t.nonces {
		if _, ok := w.repointed[string(key)]; !ok {
			_ = w.cur.db.Delete(key, nil)
		}
	}
}

// move takes the channel's horizon up.
func (t *trimming) move(w *writer, c *channel) {
	c.head.horizon, c.head.first, c.head.oldest = t.horizon, t.first, t.oldest
	w.moved(c)
	for seq := range c.pins {
		if seq <= t.horizon {
			delete(c.pins, seq)
		}
	}
}

// expiring tells the writer, in the order of the queue, that an Expire begins
// or ends.
func (s *Store) expiring(ctx context.Context, on bool) error {
	m := &marking{answer: newAnswer(), on: on}
	if err := s.do(ctx, m, m.done); err != nil {
		return err
	}
	return m.err
}

type marking struct {
	answer
	on bool
}

func (m *marking) size() int   { return 0 }
func (m *marking) frees() bool { return true }

func (m *marking) prepare(w *writer) {
	w.repointed = nil
	if m.on {
		w.repointed = make(map[string]struct{})
	}
}
