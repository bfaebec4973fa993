package pebble

import (
	"context"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// Cursor is chat.Cursors'.
func (s *Store) Cursor(ctx context.Context, ch chat.ChannelID, user string) (chat.Cursor, error) {
	c := chat.Cursor{Channel: ch, User: user}
	err := s.read(ctx, func(v *view) error {
		_, err := v.get(userKey(nil, spaceCursor, ch, user), func(b []byte) (err error) {
			c, err = readCursor(ch, user, b)
			return err
		})
		return err
	})
	return c, err
}

// Cursors is chat.Cursors'.
func (s *Store) Cursors(ctx context.Context, ch chat.ChannelID, after string, limit int) (all []chat.Cursor, err error) {
	err = s.list(ctx, channelKey(nil, spaceCursor, ch), after, limit, func(user string, b []byte) error {
		c, err := readCursor(ch, user, b)
		all = append(all, c)
		return err
	})
	return all, err
}

// Mentions is chat.Cursors'.
func (s *Store) Mentions(ctx context.Context, ch chat.ChannelID, user string, after uint64, most int) (n int, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		low := max(after, l.head.horizon)
		if low >= l.head.seq {
			return nil
		}
		iter, err := l.iterateAt(spaceMention, mentionPath(l.path, user), low+1, l.head.seq+1)
		if err != nil {
			return err
		}
		for ok := iter.First(); ok && n < most; ok = iter.Next() {
			n++
		}
		if err := iter.Close(); err != nil {
			return readFailed(err)
		}
		return nil
	})
	return n, err
}

// MoveCursors is chat.Cursors'.
func (s *Store) MoveCursors(ctx context.Context, moves []chat.Cursor) ([]chat.Cursor, error) {
	for _, m := range moves {
		if err := chat.CheckUserID(m.User); err != nil {
			return nil, err
		}
	}
	if len(moves) == 0 {
		return nil, nil
	}
	m := &moving{answer: newAnswer(), moves: moves}
	if err := s.do(ctx, m, m.done); err != nil {
		return nil, err
	}
	return m.moved, m.err
}

type moving struct {
	answer
	moves, moved []chat.Cursor
}

func (m *moving) size() int   { return 128 * len(m.moves) }
func (m *moving) frees() bool { return false }

func (m *moving) prepare(w *writer) {
	m.moved = make([]chat.Cursor, len(m.moves))
	for i, move := range m.moves {
		if m.moved[i], m.err = w.move(move); m.err != nil {
			return
		}
	}
}

// move takes one cursor forward. It may come up to the head of this very
// batch: both become durable together.
func (w *writer) move(to chat.Cursor) (chat.Cursor, error) {
	c, err := w.channel(to.Channel)
	if err != nil {
		return chat.Cursor{}, err
	}
	if c.refuses() != nil { // cursors of several channels are moved at once
		return chat.Cursor{Channel: c.id, User: to.User}, nil
	}
	was, err := w.cursor(c, to.User)
	if err != nil {
		return chat.Cursor{}, err
	}
	now := was
	if planted.Is("last_write_wins_cursor") {
		now = chat.Cursor{Channel: c.id, User: to.User}
	}
	now.Delivered = max(now.Delivered, min(to.Delivered, c.head.seq))
	now.Read = max(now.Read, min(to.Read, c.head.seq))
	now.ReadNext = max(now.ReadNext, min(to.ReadNext, c.head.next))
	if at := instant(millis(to.ReadAt)); at.After(now.ReadAt) {
		now.ReadAt = at
	}
	if now == was {
		return now, nil
	}
	w.key = userKey(w.key, spaceCursor, c.id, to.User)
	w.cur.cursors[string(w.key)] = now
	w.buf = appendCursor(w.buf[:0], now)
	w.set(w.key, w.buf)
	return now, nil
}

// cursor is a cursor with what is under way.
func (w *writer) cursor(c *channel, user string) (chat.Cursor, error) {
	w.key = userKey(w.key, spaceCursor, c.id, user)
	for _, b := range []*batch{w.cur, w.prev} {
		if was, ok := b.cursors[string(w.key)]; ok {
			return was, nil
		}
	}
	was := chat.Cursor{Channel: c.id, User: user}
	v := w.views.acquire()
	defer v.release()
	_, err := v.get(w.key, func(b []byte) (err error) {
		was, err = readCursor(c.id, user, b)
		return err
	})
	return was, err
}
