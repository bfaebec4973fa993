package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-chat/parley/chat"
)

// openPartials opens the folder of what came of unfinished uploads, in the
// spool.
func openPartials(spool string) (*os.Root, error) {
	dir := filepath.Join(spool, partialsName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// collectPartials removes uploads to which nothing has come for too long, the
// records of those that became files, and what stands in the folder, as old,
// without a record. Something that was begun since is none of these.
func (s *Service) collectPartials(ctx context.Context, now time.Time) error {
	there, err := s.oldPartials(now.Add(-s.options.Unfinished))
	if err != nil {
		return err
	}
	var expired []*partial
	for _, prefix := range []string{keyPartial, keyWhole} {
		err := s.options.Store.Records(ctx, prefix, func(key string, value []byte) error {
			p := new(partial)
			if err := json.Unmarshal(value, p); err != nil {
				return fmt.Errorf("record %s: %w", key, err)
			}
			if !now.Before(p.Expires) {
				expired = append(expired, p)
			}
			if prefix == keyPartial {
				delete(there, p.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var errs []error
	for name := range there {
		errs = append(errs, s.partials.Remove(name))
	}
	for _, p := range expired {
		errs = append(errs, s.expire(ctx, p))
	}
	return errors.Join(errs...)
}

// oldPartials are the names of what was last written to before then.
func (s *Service) oldPartials(then time.Time) (map[string]bool, error) {
	entries, err := fs.ReadDir(s.partials.FS(), ".")
	if err != nil {
		return nil, err
	}
	old := make(map[string]bool)
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // finished meanwhile
		}
		if err != nil {
			return nil, err
		}
		if info.ModTime().Before(then) {
			old[e.Name()] = true
		}
	}
	return old, nil
}

// expire removes an upload, unless a request is at it or was since.
func (s *Service) expire(ctx context.Context, p *partial) error {
	release, free := s.claims.take(p.key(), nil)
	if !free {
		return nil
	}
	defer release()
	current := &partial{ID: p.ID, Project: p.Project, Owner: p.Owner}
	if err := s.loadPartial(ctx, current); chat.CodeOf(err) != chat.CodeNotFound {
		return err // it is there, and not expired any more
	}
	return s.dropPartial(ctx, p)
}
