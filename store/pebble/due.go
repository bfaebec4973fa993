package pebble

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/parley-chat/parley/chat"
)

// What is due lies in the order of its time, of all projects together: the
// milliseconds, the channel, what it is, and the message's seq, with its id as
// the value, or the key's name and version.
const (
	dueMessages = 'm'
	dueStates   = 's'
)

func dueKey(path []byte, at time.Time, what byte) []byte {
	key := append(dueBefore(millis(at)), path...)
	return append(key, what)
}

// dueBefore is above every key of what is due before ms.
func dueBefore(ms int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceDue}, uint64(ms))
}

func dueMessage(path []byte, at time.Time, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(dueKey(path, at, dueMessages), seq)
}

func dueState(path []byte, at time.Time, name string, version uint64) []byte {
	return binary.BigEndian.AppendUint64(appendName(dueKey(path, at, dueStates), name), version)
}

func readDue(key, value []byte) (d chat.Due, err error) {
	if len(key) < 9 {
		return d, errRow
	}
	ch, rest, err := cutPath(key[9:])
	if err != nil || len(rest) < 9 {
		return d, errRow
	}
	d.Channel = ch
	if rest[0] == dueMessages {
		in := openValue(value)
		var id messageID
		copy(id[:], in.take(16))
		if in.bad {
			return d, errRow
		}
		d.ID = id.String()
		return d, nil
	}
	d.Version = seqOf(rest)
	var ok bool
	if d.Key, rest, ok = cutName(rest[1:]); !ok || len(rest) != 8 {
		return d, errRow
	}
	return d, nil
}

// Due is chat.States'.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) (all []chat.Due, err error) {
	if limit <= 0 {
		return nil, chat.E(chat.CodeInvalid, "the limit is not positive")
	}
	err = s.read(ctx, func(v *view) error {
		return v.scan([]byte{spaceDue}, dueBefore(now.UnixMilli()+1), func(key, value []byte) (bool, error) {
			d, err := readDue(key, value)
			if err != nil {
				return false, err
			}
			all = append(all, d)
			return len(all) < limit, nil
		})
	})
	return all, err
}
