package pebble

import (
	"context"

	"github.com/parley-chat/parley/chat"
)

// A channel is deleted by one small commit, whatever is in it: its head then says
// so, and that everything lies below its horizon. What lies there is removed after
// that, in commits that keep nobody waiting. The head stays, for its seqs.

// purgeKeys is how many members, or keys of shared state, one commit removes.
const purgeKeys = 1000

// DeleteChannel is chat.Directory's.
func (s *Store) DeleteChannel(ctx context.Context, ch chat.ChannelID) (chat.Head, error) {
	d := &deleting{answer: newAnswer(), id: ch}
	if err := s.do(ctx, d, d.done); err != nil {
		return chat.Head{}, err
	}
	return d.head, d.err
}

type deleting struct {
	answer
	id   chat.ChannelID
	head chat.Head
}

func (d *deleting) size() int   { return 512 }
func (d *deleting) frees() bool { return true }

func (d *deleting) prepare(w *writer) {
	c, err := w.channel(d.id)
	if err == nil {
		err = c.refuses()
	}
	if err == nil && !c.made {
		err = chat.E(chat.CodeNotFound, "there is no such channel")
	}
	if err != nil {
		d.err = err
		return
	}
	h := &c.head
	h.seq++ // no event's: whoever had read all is below the horizon, too
	h.horizon, h.first, h.oldest = h.seq, h.next, 0
	h.plain, h.fate = 0, emptying
	c.made, c.pins, c.keys = false, nil, -1
	w.moved(c)
	w.key = append(append(w.key[:0], spaceChannel), c.path...)
	_ = w.cur.db.Delete(w.key, nil)
	d.head = h.public()
}

// Purge is chat.Directory's.
func (s *Store) Purge(ctx context.Context, ch chat.ChannelID) error {
	for {
		r, a, err := s.nextPurge(ctx, ch)
		if err != nil || r == nil {
			return err
		}
		if err := s.do(ctx, r, a.done); err != nil {
			return err
		}
		if a.err != nil {
			return a.err
		}
	}
}

// nextPurge is what removes the next part of what is left of a deleted channel,
// with its answer; or nil: there is nothing left.
func (s *Store) nextPurge(ctx context.Context, ch chat.ChannelID) (r request, a *answer, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		if l.head.fate != emptying {
			return nil
		}
		t := &trimming{answer: newAnswer(), id: ch, purges: l.head.horizon}
		if err := t.leavings(l); err != nil || t.count > 0 {
			r, a = t, &t.answer
			return err
		}
		p := &purging{answer: newAnswer(), id: ch, horizon: l.head.horizon}
		r, a = p, &p.answer
		return p.collect(l)
	})
	return r, a, err
}

// leavings collects the oldest events of a deleted channel.
func (t *trimming) leavings(l *log) error {
	oldest, err := l.oldest()
	if err != nil || oldest == 0 {
		return err
	}
	l.head.seq = l.head.horizon - 1 // the last that there was
	events, err := l.events(oldest-1, trimSize)
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := t.add(l, e); err != nil {
			return err
		}
	}
	return nil
}

// oldest is the seq of the first event that lies there, 0 if none does.
func (l *log) oldest() (oldest uint64, err error) {
	for _, space := range []byte{spaceMessage, spaceEvent} {
		iter, err := l.iterate(space, 0, l.head.seq+1)
		if err != nil {
			return 0, err
		}
		if iter.First() {
			if seq := seqOf(iter.Key()); oldest == 0 || seq < oldest {
				oldest = seq
			}
		}
		if err := iter.Close(); err != nil {
			return 0, readFailed(err)
		}
	}
	return oldest, nil
}

// purging removes some members and keys of shared state, of which more is kept
// elsewhere; where there are none, all else; and where there is nothing, it
// notes that. That is a commit of its own, so that the writer, who looks at the
// batch before, too, finds nothing of what was.
type purging struct {
	answer
	id      chat.ChannelID
	horizon uint64   // the deletion's
	keys    [][]byte // to be removed, of about so many
	bytes   int
	rest    bool // something else is left
}

// empties reports that c is still being emptied after the deletion with that
// horizon. What was collected for another one is not of now.
func (c *channel) empties(horizon uint64) bool {
	return c.head.fate == emptying && c.head.horizon == horizon
}

func (p *purging) size() int   { return 512 + p.bytes }
func (p *purging) frees() bool { return true }

func (p *purging) remove(keys ...[]byte) {
	for _, key := range keys {
		p.keys = append(p.keys, key)
		p.bytes += 32 + len(key)
	}
}

// collect finds members and keys of shared state, and whether there is anything
// else.
func (p *purging) collect(l *log) error {
	err := l.list(channelKey(nil, spaceMember, l.id), "", purgeKeys, func(user string, _ []byte) (bool, error) {
		p.remove(userKey(nil, spaceMember, l.id, user), joinedKey(l.id, user))
		return true, nil
	})
	if err != nil {
		return err
	}
	prefix := append([]byte{spaceState}, l.path...)
	err = l.list(prefix, "", purgeKeys, func(name string, b []byte) (bool, error) {
		k, err := readState(name, b)
		if err != nil {
			return false, err
		}
		p.remove(stateKey(l.path, name))
		if !k.ExpiresAt.IsZero() {
			p.remove(dueState(l.path, k.ExpiresAt, name, k.Version))
		}
		return true, nil
	})
	if err != nil || len(p.keys) > 0 {
		return err
	}
	for _, space := range channelSpaces {
		prefix := append([]byte{space}, l.path...)
		err := l.scan(prefix, after(prefix), func([]byte, []byte) (bool, error) {
			p.rest = true
			return false, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// channelSpaces are those in which a channel's keys lie together.
var channelSpaces = []byte{
	spaceReaction, spaceChannel, spaceEvent, spacePin, spaceState, spaceMessage, spaceNonce,
	spaceMember, spaceCursor, spaceThread, spaceMention, spaceNotes,
}

func (p *purging) prepare(w *writer) {
	c, err := w.channel(p.id)
	if err != nil {
		p.err = err
		return
	}
	if !c.empties(p.horizon) {
		return // another Purge was faster
	}
	for _, key := range p.keys {
		_ = w.cur.db.Delete(key, nil)
	}
	switch {
	case p.rest:
		for _, space := range channelSpaces {
			w.key = append(append(w.key[:0], space), c.path...)
			w.removeRange(w.key, after(w.key))
		}
	case len(p.keys) == 0:
		if a, b, direct := chat.DirectUsers(c.id.Name); direct { // theirs also where they have left
			_ = w.cur.db.Delete(joinedKey(c.id, a), nil)
			_ = w.cur.db.Delete(joinedKey(c.id, b), nil)
		}
		c.head.fate, c.head.members = emptied, false
		w.moved(c)
	}
}
