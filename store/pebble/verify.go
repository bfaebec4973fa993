package pebble

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// Verify reads everything and reports what does not fit together: seqs and
// sequences with holes, rows that do not say what the events do, indexes that
// lack something or hold what belongs to nothing. It checks one view: what is
// written meanwhile is not in it. It is an error if anything was reported, or
// if reading failed, which ends it.
func (s *Store) Verify(ctx context.Context, report func(problem string)) error {
	problems := 0
	err := s.read(ctx, func(v *view) error {
		iter, err := v.NewIter(nil)
		if err != nil {
			return readFailed(err)
		}
		c := &checking{view: &view{Reader: seeker{v, iter}}, ctx: ctx, format: s.format, found: make(map[byte]int)}
		c.report = func(format string, args ...any) {
			problems++
			report(fmt.Sprintf(format, args...))
		}
		return errors.Join(c.all(), iter.Close())
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if problems > 0 {
		return fmt.Errorf("verify: %d problems", problems)
	}
	return nil
}

// seeker gets values by one iterator, which keeps its files open: who looks up
// nearly every key pays much less so. A value is good until the next Get.
type seeker struct {
	pebble.Reader
	iter *pebble.Iterator
}

// Get is pebble.Reader's.
func (s seeker) Get(key []byte) ([]byte, io.Closer, error) {
	if !s.iter.SeekGE(key) || !bytes.Equal(s.iter.Key(), key) {
		return nil, nil, cmp.Or(s.iter.Error(), pebble.ErrNotFound)
	}
	value, err := s.iter.ValueAndErr()
	return value, io.NopCloser(nil), err
}

// checking is one Verify. What ought to be in a keyspace is looked up and
// counted; a keyspace that then holds more keys than were found holds strays.
type checking struct {
	*view
	ctx      context.Context
	format   byte
	report   func(format string, args ...any)
	found    map[byte]int // keys, by keyspace
	emptying bool         // something of a deleted channel is left, which belongs to nothing
}

// since are the formats that brought keyspaces which the ones before lack.
var since = map[byte]byte{spaceJoined: 2, spaceFile: 3}

// derived are the keyspaces that repeat what others say.
var derived = map[byte]string{
	spaceMessage:  "messages",
	spaceEvent:    "events",
	spaceReaction: "reactions",
	spaceDue:      "times that are due",
	spaceFile:     "references to files",
	spacePin:      "pins",
	spaceJoined:   "joined channels",
	spaceNonce:    "nonces",
	spaceThread:   "replies",
	spaceMention:  "mentions",
	spaceNotes:    "notes",
}

func (c *checking) all() error {
	err := c.scan([]byte{spaceHead}, []byte{spaceHead + 1}, func(key, value []byte) (bool, error) {
		ch, _, err := cutPath(key[1:])
		if err == nil {
			err = c.channel(ch, value)
		}
		return true, err
	})
	if err == nil {
		err = c.states()
	}
	if err == nil && c.format >= since[spaceJoined] {
		err = c.joined()
	}
	if err == nil {
		err = c.strays()
	}
	return err
}

// expect reports it if key does not hold value, of which nil is anything.
func (c *checking) expect(key, value []byte, format string, args ...any) error {
	var held []byte
	there, err := c.get(key, func(b []byte) error {
		held = append(held, b...)
		return nil
	})
	switch what := fmt.Sprintf(format, args...); {
	case err != nil:
		return err
	case !there:
		c.report("%s: missing from the %s", what, derived[key[0]])
		return nil
	case value != nil && !bytes.Equal(held, value):
		c.report("%s: not what the %s say", what, derived[key[0]])
	}
	c.found[key[0]]++
	return nil
}

func (c *checking) strays() error {
	if c.emptying {
		return nil
	}
	for space, name := range derived {
		if c.format < since[space] {
			continue
		}
		n := 0
		err := c.scan([]byte{space}, []byte{space + 1}, func([]byte, []byte) (bool, error) {
			n++
			return true, c.ctx.Err()
		})
		if err != nil {
			return err
		}
		if n > c.found[space] {
			c.report("%d of the %s belong to nothing", n-c.found[space], name)
		}
	}
	return nil
}

// joined checks spaceJoined, whose expected pairs may come twice.
func (c *checking) joined() error {
	twice := func(ch chat.ChannelID, user string) (bool, error) {
		a, b, ok := chat.DirectUsers(ch.Name)
		if !ok || user != a && user != b {
			return false, nil
		}
		member := false
		_, err := c.get(userKey(nil, spaceMember, ch, user), func(b []byte) error {
			m, err := readMember(user, b)
			member = err == nil && m.Role != chat.NoRole
			return err
		})
		if err != nil || !member {
			return false, err
		}
		h, err := openLog(c.view, ch)
		return err == nil && h.head.next > 0 && h.head.fate == kept, err
	}
	seen := 0
	err := c.everyJoined(func(ch chat.ChannelID, user string) error {
		again, err := twice(ch, user)
		if err != nil {
			return err
		}
		if again {
			seen++
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		return c.expect(joinedKey(ch, user), nil, "%s of %s", user, ch)
	})
	c.found[spaceJoined] -= seen / 2
	return err
}

// states checks the shared state of all channels.
func (c *checking) states() error {
	return c.scan([]byte{spaceState}, []byte{spaceState + 1}, func(key, value []byte) (bool, error) {
		ch, rest, err := cutPath(key[1:])
		if err != nil {
			return false, err
		}
		name, _, ok := cutName(rest)
		if !ok {
			return false, errRow
		}
		k, err := readState(name, value)
		if err != nil {
			return false, err
		}
		if !k.ExpiresAt.IsZero() {
			if err := c.expect(dueState(appendPath(nil, ch), k.ExpiresAt, name, k.Version), nil, "key %s of %s", name, ch); err != nil {
				return false, err
			}
		}
		l, err := openLog(c.view, ch)
		if err != nil || k.Version <= l.head.horizon {
			return true, err
		}
		r, err := l.row(spaceEvent, k.Version)
		if err != nil {
			return false, err
		}
		if r == nil || r.event.Kind != chat.KindState || r.event.Name != name || !bytes.Equal(r.event.Body, k.Value) {
			c.report("key %s of %s: no event has set its version %d", name, ch, k.Version)
		}
		return true, c.ctx.Err()
	})
}
