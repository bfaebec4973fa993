package pebble

import (
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

var (
	keyFormat = []byte{spaceStore, 'f'}
	keyEpoch  = []byte{spaceStore, 'e'}
)

var errFormat = errors.New("the store is of another format")

// format is the version of everything in this package that is stored. Older
// ones had fewer fields and keyspaces, some of which repeat what other keys say:
// see since. A program that reads only those would drop the fields when it
// rewrites a row, and not keep up the keyspaces.
const format = 6

// sinceJournal is the first format with a journal; before, Pebble's log was it.
const sinceJournal = 4

// identify reads what the store says of itself, or says it of a new one, and
// brings an older one up to date.
func (s *Store) identify() error {
	version, err := s.own(keyFormat)
	if err != nil {
		return err
	}
	if version == nil {
		return s.christen()
	}
	if len(version) != 1 || version[0] < 1 || version[0] > format {
		return fmt.Errorf("%w: it has %d, this program reads 1 to %d", errFormat, version, format)
	}
	s.format = version[0]
	epoch, err := s.own(keyEpoch)
	if err == nil && len(epoch) == 0 {
		err = errors.New("it has no epoch: it is damaged")
	}
	s.epoch = string(epoch)
	if err == nil && s.format < format && !s.readOnly {
		err = s.migrate()
	}
	return err
}

// own reads a value before there are views: what opening found was recovered
// from disk, and is durable.
func (s *Store) own(key []byte) ([]byte, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	return append([]byte{}, value...), nil
}

func (s *Store) christen() error {
	if s.readOnly {
		return errors.New("there is no store")
	}
	s.epoch, s.format = newEpoch(), format
	b := s.db.NewBatch()
	defer b.Close()
	_ = b.Set(keyFormat, []byte{format}, nil)
	_ = b.Set(keyEpoch, []byte(s.epoch), nil)
	if err := s.beginJournal(b); err != nil {
		return err
	}
	return s.keep(b)
}

func newEpoch() string {
	var id [6]byte
	_, _ = crand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// migrate writes what older formats did not have. What a crash cuts short is
// done again at the next Open.
func (s *Store) migrate() error {
	v := s.views.acquire()
	defer s.views.advance()
	defer v.release()
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	add := func(key []byte) error {
		_ = b.Set(key, nothing, nil)
		if b.Len() < s.opts.batchBytes() {
			return nil
		}
		if err := s.db.Apply(b, pebble.NoSync); err != nil {
			return err
		}
		b.Reset()
		return nil
	}
	var err error
	if s.format < since[spaceJoined] {
		err = v.everyJoined(func(ch chat.ChannelID, user string) error { return add(joinedKey(ch, user)) })
	}
	if err == nil && s.format < since[spaceFile] {
		err = v.everyReference(add)
	}
	if err == nil && s.format < sinceJournal {
		err = s.beginJournal(b)
	}
	if err != nil {
		return fmt.Errorf("bring the store up to date: %w", err)
	}
	_ = b.Set(keyFormat, []byte{format}, nil)
	s.format = format
	return s.keep(b)
}

// everyJoined visits what spaceJoined must hold. It may visit a pair twice.
func (v *view) everyJoined(visit func(ch chat.ChannelID, user string) error) error {
	err := v.scan([]byte{spaceMember}, []byte{spaceMember + 1}, func(key, value []byte) (bool, error) {
		ch, rest, err := cutPath(key[1:])
		if err != nil {
			return false, err
		}
		user, _, ok := cutName(rest)
		if !ok {
			return false, errRow
		}
		m, err := readMember(user, value)
		if err == nil && m.Role != chat.NoRole {
			err = visit(ch, user)
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return v.scan([]byte{spaceHead}, []byte{spaceHead + 1}, func(key, value []byte) (bool, error) {
		ch, _, err := cutPath(key[1:])
		if err != nil {
			return false, err
		}
		h, err := readHead(value)
		if a, b, ok := chat.DirectUsers(ch.Name); err == nil && ok && h.next > 0 && h.fate == kept {
			if err = visit(ch, a); err == nil {
				err = visit(ch, b)
			}
		}
		return true, err
	})
}
