package pebble

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/store/journal"
)

// Backup copies the store to dir, a folder that is empty or not there yet,
// while writing goes on: everything that was acknowledged when it was called
// is in the copy, each commit wholly or not at all. Files that never change
// are linked where the file system can. An error leaves the store as it was,
// and no copy. Close waits for a Backup under way, and has it end early.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if s.readOnly {
		return s.gone()
	}
	s.copying.Lock()
	defer s.copying.Unlock()
	// A view keeps the database open.
	return s.read(ctx, func(*view) error {
		if err := s.stopped(); err != nil {
			return err
		}
		abort := func() error {
			select {
			case <-s.quit:
				return s.gone()
			default:
				return ctx.Err()
			}
		}
		s.fs.abort.Store(&abort)
		defer s.fs.abort.Store(nil)
		if err := vacate(s.fs, dir); err != nil {
			return fmt.Errorf("back up to %s: %w", dir, err)
		}
		err := s.db.Checkpoint(dir)
		if err == nil { // the journal has what the tables lack, and what came meanwhile
			if err = s.journal.Copy(dir); err != nil {
				err = errors.Join(err, s.fs.FS.RemoveAll(dir)) // also where the store has stopped
			}
		}
		if err != nil {
			return fmt.Errorf("back up to %s: %w", dir, err)
		}
		return nil
	})
}

var errNotEmpty = errors.New("the folder is not empty")

// vacate removes the folder, if it is there and empty.
func vacate(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err != nil {
		return nil // what comes next says what is wrong, if anything
	}
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return errNotEmpty
	}
	return fs.Remove(dir)
}

// Restore puts a copy of a backup into data, a folder that is empty or not
// there yet, verified and with a new epoch: clients that come back with a
// position of the old one are told that it is expired. The backup is only
// read. Until everything is in place it stands in a folder beside data, whose
// name ends in ".restoring"; an error leaves data as it was.
func Restore(ctx context.Context, backup, data string) error {
	if err := restore(ctx, vfs.Default, backup, data); err != nil {
		return fmt.Errorf("restore %s: %w", backup, err)
	}
	return nil
}

func restore(ctx context.Context, fs vfs.FS, backup, data string) error {
	if desc, err := pebble.Peek(backup, fs); err != nil || !desc.Exists {
		return errors.Join(errNoStore, err)
	}
	if err := vacate(fs, data); err != nil {
		return err
	}
	making := data + ".restoring"
	if err := fs.RemoveAll(making); err != nil {
		return err
	}
	err := copyStore(ctx, fs, backup, making)
	if err == nil {
		err = verified(ctx, fs, making)
	}
	if err == nil {
		err = renew(fs, making)
	}
	if err == nil {
		err = fs.Rename(making, data)
	}
	if err == nil {
		err = journal.SyncDir(fs, fs.PathDir(data))
	}
	if err != nil {
		return errors.Join(err, fs.RemoveAll(making))
	}
	return nil
}

const lockName = "LOCK"

// copyStore copies the files of a store that nobody has open.
func copyStore(ctx context.Context, fs vfs.FS, from, to string) error {
	// A backup has no lock, unless somebody has looked into it since.
	if name := fs.PathJoin(from, lockName); exists(fs, name) {
		lock, err := fs.Lock(name)
		if err != nil {
			return fmt.Errorf("another process may have it: %w", err)
		}
		defer lock.Close()
	}
	names, err := fs.List(from)
	if err != nil {
		return err
	}
	if err := fs.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range names {
		if name == lockName {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := vfs.Copy(fs, fs.PathJoin(from, name), fs.PathJoin(to, name)); err != nil {
			return err
		}
	}
	return journal.SyncDir(fs, to)
}

func exists(fs vfs.FS, name string) bool {
	_, err := fs.Stat(name)
	return err == nil
}

// verified opens a store and says what is wrong with it.
func verified(ctx context.Context, fs vfs.FS, dir string) error {
	s, err := OpenReadOnly(dir, Options{FS: fs})
	if err != nil {
		return err
	}
	var first []string
	err = s.Verify(ctx, func(problem string) {
		if len(first) < 10 {
			first = append(first, problem)
		}
	})
	if len(first) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.Join(first, "; "))
	}
	return errors.Join(err, s.Close())
}

// renew gives a store a new epoch.
func renew(fs vfs.FS, dir string) error {
	s := newStore(dir, Options{FS: fs})
	if err := s.openDB(); err != nil {
		return err
	}
	b := s.db.NewBatch()
	err := errors.Join(b.Set(keyEpoch, []byte(newEpoch()), nil), s.keep(b), b.Close())
	return errors.Join(err, s.stopped(), s.closeDB())
}
