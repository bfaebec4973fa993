package upload

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// removeStrays removes contents that no record has and that were written before
// then: what a crash, or a log restored from a backup, has left. It does so only
// where the place has this store's mark: a server that was started over an
// empty store, and somebody else's folder or bucket, would take everything there
// for strays.
func (s *Service) removeStrays(ctx context.Context, then time.Time) error {
	written := make(map[string]time.Time) // by hash, the content's or the thumbnail's
	err := s.options.Blobs.List(ctx, func(b Blob) error {
		hash, _, _ := strings.Cut(b.Name, ".")
		if b.Modified.After(written[hash]) {
			written[hash] = b.Modified
		}
		return nil
	})
	if err != nil {
		return err
	}
	mark, err := s.record(ctx, MarkKey)
	if err != nil {
		return err
	}
	_, ours := written[string(mark)]
	delete(written, string(mark))
	strays := 0
	for _, hash := range slices.Sorted(maps.Keys(written)) {
		stray, err := s.stray(ctx, hash, ours && written[hash].Before(then))
		if err != nil {
			return err
		}
		if stray {
			strays++
		}
	}
	switch {
	case ours:
		return nil
	case strays > 0:
		s.options.Logger.WarnContext(ctx, "the folder or bucket of files holds contents of another server, or of an older store: they are left alone", "contents", strays)
		return nil
	}
	return s.leaveMark(ctx)
}

// stray reports whether no record has the content, and removes it then if told
// to. An upload under way has its hash's lock until its record is there.
func (s *Service) stray(ctx context.Context, hash string, remove bool) (bool, error) {
	defer s.hashes.hold(hash)()
	owned, err := s.owned(ctx, hash)
	if err != nil || owned || !remove {
		return !owned, err
	}
	return true, s.release(ctx, hash)
}

// leaveMark puts a content into the place that this store alone knows of.
func (s *Service) leaveMark(ctx context.Context) error {
	text := "files of parley " + rand.Text()
	sum := sha256.Sum256([]byte(text))
	name := hex.EncodeToString(sum[:])
	if err := s.options.Blobs.Put(ctx, name, strings.NewReader(text), int64(len(text))); err != nil {
		return err
	}
	return s.options.Store.PutRecords(ctx, map[string][]byte{MarkKey: []byte(name)})
}
