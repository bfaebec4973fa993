package upload

import (
	"context"
	"errors"
	"strings"
	"time"
)

// straysEvery is how often contents without a record are looked for: that
// lists everything there is.
const straysEvery = 24 * time.Hour

// collectOften collects at once, then again and again until ctx ends.
func (s *Service) collectOften(ctx context.Context) {
	tick := time.NewTicker(s.options.Every)
	defer tick.Stop()
	for {
		if err := s.Collect(ctx); err != nil && ctx.Err() == nil {
			s.options.Logger.ErrorContext(ctx, "files that nothing refers to were not all collected", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Collect removes uploads that were not finished in time, the files to which nothing has referred for as long as
// Options say, and now and then the contents that have no record.
func (s *Service) Collect(ctx context.Context) error {
	s.collecting.Lock()
	defer s.collecting.Unlock()
	projects, err := s.projects(ctx)
	if err != nil {
		return err
	}
	now := s.options.Now()
	if err := s.collectPartials(ctx, now); err != nil {
		return err
	}
	for _, project := range projects {
		for _, letter := range idLetters { // in parts, so that not all are in memory at once
			files, err := s.files(ctx, project, string(letter))
			if err != nil {
				return err
			}
			for _, f := range files {
				if err := s.review(ctx, f, now); err != nil {
					return err
				}
			}
		}
	}
	if now.Sub(s.lastStrays) < straysEvery {
		return nil
	}
	s.lastStrays = now
	return errors.Join(s.options.Blobs.Sweep(ctx, now.Add(-s.options.Unused)), s.removeStrays(ctx, now.Add(-s.options.Unused)))
}

// projects are those that have files.
func (s *Service) projects(ctx context.Context) (list []string, err error) {
	err = s.options.Store.Records(ctx, keyUsed, func(key string, _ []byte) error {
		list = append(list, strings.TrimPrefix(key, keyUsed))
		return nil
	})
	return list, err
}

// files are a project's whose ids begin so.
func (s *Service) files(ctx context.Context, project, begin string) (list []*File, err error) {
	err = s.options.Store.Records(ctx, keyFile+project+"/"+begin, func(key string, value []byte) error {
		f, err := decodeFile(key, value)
		list = append(list, f)
		return err
	})
	return list, err
}

// review decides about one file. It is first condemned, durably, which ends its
// being served; then its references are asked for once more: a message that was
// committed before has it back. One that names it later names a file that is
// gone.
func (s *Service) review(ctx context.Context, f *File, now time.Time) error {
	used, err := s.options.Store.Referenced(ctx, f.Project, f.ID)
	if err != nil {
		return err
	}
	switch {
	case used && f.UnusedSince.IsZero():
		return nil
	case used:
		return s.mark(ctx, f, time.Time{}, false)
	case f.UnusedSince.IsZero():
		return s.mark(ctx, f, now, false)
	case now.Sub(f.UnusedSince) < s.options.Unused:
		return nil
	}
	if err := s.mark(ctx, f, f.UnusedSince, true); err != nil {
		return err
	}
	if used, err = s.options.Store.Referenced(ctx, f.Project, f.ID); err != nil {
		return err
	}
	if used {
		return s.mark(ctx, f, time.Time{}, false)
	}
	s.stats.collected()
	return s.remove(ctx, f)
}
