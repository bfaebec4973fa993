package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/parley-chat/parley/chat"
)

func appendState(dst []byte, k *chat.StateKey) []byte {
	dst = binary.AppendUvarint(append(dst, valueVersion, plainKey), k.Version)
	dst = binary.AppendUvarint(dst, uint64(millis(k.At)))
	dst = binary.AppendUvarint(dst, uint64(millis(k.ExpiresAt)))
	return appendBytes(appendText(dst, k.By), k.Value)
}

func readState(name string, b []byte) (*chat.StateKey, error) {
	in := openValue(b)
	k := &chat.StateKey{Key: name, Version: in.number(), At: in.instant(), ExpiresAt: in.instant()}
	k.By, k.Value = in.text(), in.copied()
	if in.bad {
		return nil, errRow
	}
	return k, nil
}

// over reports whether the time of k is over.
func over(k *chat.StateKey, now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// StateKey is chat.States'.
func (s *Store) StateKey(ctx context.Context, ch chat.ChannelID, key string, now time.Time) (k *chat.StateKey, err error) {
	err = s.read(ctx, func(v *view) error {
		found, err := v.get(stateKey(appendPath(nil, ch), key), func(b []byte) (err error) {
			k, err = readState(key, b)
			return err
		})
		return orNotFound(found && err == nil && !over(k, now), err, "key")
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// State is chat.States'.
func (s *Store) State(ctx context.Context, ch chat.ChannelID, from string, limit int, now time.Time) (all []*chat.StateKey, h chat.Head, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		h = l.head.public()
		prefix := append([]byte{spaceState}, l.path...)
		return l.list(prefix, from, limit, func(name string, b []byte) (bool, error) {
			k, err := readState(name, b)
			if err != nil || over(k, now) {
				return false, err
			}
			all = append(all, k)
			return true, nil
		})
	})
	return all, h, err
}

// state sets or removes a key of shared state.
func (w *writer) state(c *channel, r *row, d *chat.Draft) error {
	key := stateKey(c.path, d.Name)
	old, err := w.stored(key, d.Name)
	if err != nil {
		return err
	}
	goes := d.Body == nil && d.Add == nil
	there := old
	if old != nil && over(old, instant(w.cur.now)) {
		there = nil
		// Who names its version removes what is left of it.
		if goes && d.If != nil && *d.If == old.Version {
			there = old
		}
	}
	if d.If != nil && *d.If != version(there) {
		return chat.E(chat.CodeVersion, "the key's version is %d", version(there))
	}
	if goes && there == nil {
		return chat.E(chat.CodeNotFound, "there is no such key")
	}
	if err := w.count(c); err != nil {
		return err
	}
	if !goes && old == nil && c.keys >= chat.MaxStateKeys {
		return chat.E(chat.CodeTooMany, "a channel has at most %d keys", chat.MaxStateKeys)
	}
	e := r.event
	e.Name, e.Body = d.Name, d.Body
	if d.Add != nil {
		if e.Body, err = add(there, *d.Add); err != nil {
			return err
		}
	}
	if !goes {
		e.ExpiresAt = expiry(e.At, d.TTL)
	}
	w.putState(c, key, old, e)
	return nil
}

// stored is the key with what is under way, or nil, whether its time is over
// or not.
func (w *writer) stored(key []byte, name string) (k *chat.StateKey, err error) {
	_, err = w.value(key, func(b []byte) (err error) {
		k, err = readState(name, b)
		return err
	})
	return k, err
}

func version(k *chat.StateKey) uint64 {
	if k == nil {
		return 0
	}
	return k.Version
}

// add is the value of k, 0 if there is none, and n together.
func add(k *chat.StateKey, n int64) ([]byte, error) {
	if k != nil {
		text := string(bytes.TrimSpace(k.Value))
		was, err := strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(was, 10) != text {
			return nil, chat.E(chat.CodeInvalid, "the key's value is no whole number of 64 bits")
		}
		sum := was + n
		if (n > 0 && sum < was) || (n < 0 && sum > was) {
			return nil, chat.E(chat.CodeInvalid, "the sum does not fit into 64 bits")
		}
		n = sum
	}
	return strconv.AppendInt(nil, n, 10), nil
}

// putState makes e the key's state, in place of old.
func (w *writer) putState(c *channel, key []byte, old *chat.StateKey, e *chat.Event) {
	if old != nil {
		c.keys--
		if !old.ExpiresAt.IsZero() {
			w.remove(dueState(c.path, old.ExpiresAt, old.Key, old.Version))
		}
	}
	if e.Body == nil {
		w.remove(key)
		return
	}
	c.keys++
	k := &chat.StateKey{Key: e.Name, Value: e.Body, Version: e.Seq, By: e.Sender, At: e.At, ExpiresAt: e.ExpiresAt}
	w.put(key, appendState(nil, k))
	if !e.ExpiresAt.IsZero() {
		w.set(dueState(c.path, e.ExpiresAt, e.Name, e.Seq), nothing)
	}
}

// count counts the keys of c's shared state, those whose time is over
// included, before the first change, so that nothing is under way then.
func (w *writer) count(c *channel) error {
	if c.keys >= 0 {
		return nil
	}
	v := w.views.acquire()
	defer v.release()
	n := 0
	prefix := append([]byte{spaceState}, c.path...)
	err := v.scan(prefix, after(prefix), func([]byte, []byte) (bool, error) {
		n++
		return true, nil
	})
	if err == nil {
		c.keys = n
	}
	return err
}
