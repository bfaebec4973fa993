package pebble

import (
	"time"

	"github.com/parley-chat/parley/chat"
)

// member makes the draft's standing the member's row.
func (w *writer) member(c *channel, r *row, d *chat.Draft) error {
	e, m := r.event, *d.Member
	old, err := w.standing(c, m.User)
	if err != nil {
		return err
	}
	if d.Was != nil && !d.Was.Stands(old) {
		return chat.E(chat.CodeVersion, "the standing has changed meanwhile")
	}
	switch {
	case !m.Since.IsZero():
		m.Since = instant(millis(m.Since))
	case old != nil && old.Role != chat.NoRole:
		m.Since = old.Since
	default:
		m.Since = e.At
	}
	e.Member = &m
	w.putMember(c, &m)
	return nil
}

// standing is the member's row with what is under way, or nil.
func (w *writer) standing(c *channel, user string) (*chat.Member, error) {
	w.key = userKey(w.key, spaceMember, c.id, user)
	for _, b := range []*batch{w.cur, w.prev} {
		if m, ok := b.members[string(w.key)]; ok {
			return m, nil
		}
	}
	v := w.views.acquire()
	defer v.release()
	var m *chat.Member
	_, err := v.get(w.key, func(b []byte) (err error) {
		m, err = readMember(user, b)
		return err
	})
	return m, err
}

// putMember writes m, or removes the row of a user without any standing.
func (w *writer) putMember(c *channel, m *chat.Member) {
	c.head.members = true // the head is written with the event that brings m
	w.join(c, m)
	w.key = userKey(w.key, spaceMember, c.id, m.User)
	if m.Role == chat.NoRole && !m.Muted && !m.Banned {
		w.cur.members[string(w.key)] = nil
		_ = w.cur.db.Delete(w.key, nil)
		return
	}
	w.cur.members[string(w.key)] = m
	w.buf = appendMember(w.buf[:0], m)
	w.set(w.key, w.buf)
}

// join notes whether the channel is one of the member's: see chat.People.
func (w *writer) join(c *channel, m *chat.Member) {
	if m.Role != chat.NoRole {
		w.set(joinedKey(c.id, m.User), nothing)
		return
	}
	if a, b, ok := chat.DirectUsers(c.id.Name); ok && c.head.next > 0 && (m.User == a || m.User == b) {
		return
	}
	_ = w.cur.db.Delete(joinedKey(c.id, m.User), nil)
}

// make gives c settings on its first use.
func (w *writer) make(c *channel, at time.Time) {
	if c.made {
		return
	}
	w.remake(c)
	c.made, c.head.plain = true, millis(at) // the head is written with the event
	if a, b, ok := chat.DirectUsers(c.id.Name); ok {
		for _, user := range []string{a, b} {
			w.key = userKey(w.key, spaceMember, c.id, user)
			if _, ok := w.cur.members[string(w.key)]; ok {
				continue // the very event that makes the channel says what the user is
			}
			w.putMember(c, &chat.Member{User: user, Role: chat.Ordinary, Since: at})
		}
	}
	w.putChannel(c, plainSettings(c.id, at))
}

// remake has c be one that was never deleted. A direct one of which messages are
// counted is both users' whatever is said there first: see join.
func (w *writer) remake(c *channel) {
	if c.head.fate == kept {
		return
	}
	c.head.fate = kept
	w.moved(c)
	if a, b, ok := chat.DirectUsers(c.id.Name); ok && c.head.next > 0 {
		w.set(joinedKey(c.id, a), nothing)
		w.set(joinedKey(c.id, b), nothing)
	}
}

// plainSettings are those that a channel has by its first use.
func plainSettings(ch chat.ChannelID, at time.Time) *chat.Channel {
	settings := &chat.Channel{ID: ch, Kind: chat.Open, CreatedAt: at}
	if _, _, ok := chat.DirectUsers(ch.Name); ok {
		settings.Kind = chat.Direct
	}
	return settings
}

func (w *writer) putChannel(c *channel, settings *chat.Channel) {
	w.cur.settings[c] = settings
	w.key = append(append(w.key[:0], spaceChannel), c.path...)
	w.buf = appendChannel(w.buf[:0], settings)
	w.set(w.key, w.buf)
}
