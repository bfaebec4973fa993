package pebble

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

var errNoStore = errors.New("there is no store")

// OpenReadOnly opens a store that no process has open, to be read alone: every
// method that writes answers CodeUnavailable. It makes a lock file in dir and
// changes nothing else.
func OpenReadOnly(dir string, opts Options) (*Store, error) {
	s := newStore(dir, opts)
	s.readOnly = true
	desc, err := pebble.Peek(dir, s.fs)
	if err == nil && !desc.Exists {
		err = errNoStore
	}
	if err == nil {
		err = s.openDB()
	}
	if err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	s.prepare()
	s.queue.close()
	return s, nil
}

// Projects are the names of all projects that have channels, in order.
func (s *Store) Projects(ctx context.Context) (all []string, err error) {
	err = s.read(ctx, func(v *view) error {
		for low := []byte{spaceChannel}; low != nil; {
			from := low
			low = nil
			err := v.scan(from, []byte{spaceChannel + 1}, func(key, _ []byte) (bool, error) {
				name, rest, ok := cutName(key[1:])
				if !ok {
					return false, errRow
				}
				all = append(all, name)
				low = after(key[:len(key)-len(rest)])
				return false, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}
