package upload

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

const (
	keyPartial = "tus/"       // project/user/id → a partial
	keyWhole   = "tus-whole/" // likewise, of one that has become a file

	// DefaultUnfinished is how long an upload is kept to which nothing comes.
	DefaultUnfinished = 24 * time.Hour

	partialsName  = "unfinished" // their folder, in the spool
	maxUnfinished = 32           // of a user
)

// partial is the record of an upload in pieces. It says how much of its file in
// the spool is on stable storage; what stands there behind that is none of it.
type partial struct {
	ID        string    `json:"id"`
	Project   string    `json:"project"`
	Owner     string    `json:"owner"`
	Channel   string    `json:"channel"`
	Name      string    `json:"name,omitempty"`     // as the client gave it
	Metadata  string    `json:"metadata,omitempty"` // likewise: the whole header
	Length    int64     `json:"length"`
	Offset    int64     `json:"offset"`
	Hash      []byte    `json:"hash,omitempty"` // the state of SHA-256 at the offset; none at 0
	CreatedAt time.Time `json:"createdAt"`
	Expires   time.Time `json:"expires"`

	File string `json:"file,omitempty"` // the id of the file that it has become
}

func newPartial(id chat.Identity, m metadata, given string, length int64, now time.Time) *partial {
	return &partial{
		ID: rand.Text(), Project: id.Project, Owner: id.User, Channel: m.channel, Name: m.name, Metadata: given,
		Length: length, CreatedAt: now.UTC().Truncate(time.Millisecond),
	}
}

// place follows the keys' beginning. The user is part of it: what is another's
// is not found.
func (p *partial) place() string     { return p.userPlace() + p.ID }
func (p *partial) userPlace() string { return p.Project + "/" + url.PathEscape(p.Owner) + "/" }
func (p *partial) key() string       { return keyPartial + p.place() }
func (p *partial) wholeKey() string  { return keyWhole + p.place() }

// becomes are the records when p has become f.
func (p *partial) becomes(f *File, until time.Time) map[string][]byte {
	p.File, p.Hash, p.Expires = f.ID, nil, until
	return map[string][]byte{p.key(): nil, p.wholeKey(): encode(p)}
}

// isID reports whether name may be an id that was given out.
func isID(name string) bool { return len(name) == idLength && strings.Trim(name, idLetters) == "" }

// loadPartial reads p's record into it.
func (s *Service) loadPartial(ctx context.Context, p *partial) error {
	value, err := s.record(ctx, p.key())
	if err == nil && value == nil {
		value, err = s.record(ctx, p.wholeKey())
	}
	if err != nil {
		return err
	}
	if value == nil {
		return noPartial()
	}
	if err := json.Unmarshal(value, p); err != nil {
		return fmt.Errorf("record %s: %w", p.key(), err)
	}
	if !s.options.Now().Before(p.Expires) {
		return noPartial() // and it will be removed
	}
	if p.File != "" || p.Offset == 0 {
		return nil
	}
	info, err := s.partials.Stat(p.ID)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() < p.Offset {
		return noPartial() // another server's spool, or an older one
	}
	return err
}

// addPartial commits a new upload, if its user may have another. What the
// user's unfinished ones may become counts in the quota.
func (s *Service) addPartial(ctx context.Context, p *partial) error {
	s.records.Lock()
	defer s.records.Unlock()
	count, awaited := 0, p.Length
	err := s.options.Store.Records(ctx, keyPartial+p.userPlace(), func(key string, value []byte) error {
		var other partial
		if err := json.Unmarshal(value, &other); err != nil {
			return fmt.Errorf("record %s: %w", key, err)
		}
		count++
		awaited += other.Length
		return nil
	})
	if err != nil {
		return err
	}
	if count >= maxUnfinished {
		return chat.E(chat.CodeTooMany, "there are %d unfinished uploads", count)
	}
	project, user, err := s.used(ctx, &File{Project: p.Project, Owner: p.Owner})
	if err != nil {
		return err
	}
	if err := s.within(project, user, awaited); err != nil {
		return err
	}
	return s.options.Store.PutRecords(context.WithoutCancel(ctx), map[string][]byte{p.key(): encode(p)})
}

// dropPartial removes an upload. p is claimed.
func (s *Service) dropPartial(ctx context.Context, p *partial) error {
	err := s.options.Store.PutRecords(ctx, map[string][]byte{p.key(): nil, p.wholeKey(): nil})
	if err == nil {
		s.removePartial(ctx, p)
	}
	return err
}

// removePartial removes the bytes of an upload that has no record any more. If
// it fails they are a stray.
func (s *Service) removePartial(ctx context.Context, p *partial) {
	if err := s.partials.Remove(p.ID); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.options.Logger.WarnContext(ctx, "what came of an upload is left in the spool", "err", err)
	}
}

// openPartial is the spool of a claimed upload, at its offset; its file is the
// caller's to close. It is there once something has come.
func (s *Service) openPartial(p *partial) (_ *spool, err error) {
	if err := s.options.Room(); err != nil {
		return nil, err
	}
	flags := os.O_RDWR
	if p.Offset == 0 {
		flags |= os.O_CREATE
	}
	file, err := s.partials.OpenFile(p.ID, flags, 0o600)
	if err != nil {
		return nil, storageError(err)
	}
	sp := &spool{root: s.partials, file: file, name: p.ID, room: s.options.Room, most: p.Length, size: p.Offset, checked: p.Offset, sum: sha256.New()}
	if err := sp.goOn(p); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return sp, nil
}

// goOn brings an opened spool to where p is.
func (p *spool) goOn(from *partial) error {
	if err := p.file.Truncate(from.Offset); err != nil { // what is behind it no record has
		return err
	}
	if from.Offset > 0 {
		state, ok := p.sum.(encoding.BinaryUnmarshaler)
		if !ok {
			return errors.New("SHA-256 cannot go on")
		}
		if err := state.UnmarshalBinary(from.Hash); err != nil {
			return fmt.Errorf("record %s: %w", from.key(), err)
		}
	}
	p.head = make([]byte, min(from.Offset, headBytes))
	if _, err := io.ReadFull(io.NewSectionReader(p.file, 0, from.Offset), p.head); err != nil {
		return err
	}
	_, err := p.file.Seek(from.Offset, io.SeekStart)
	return err
}

// checkpoint has what is in the spool count: it is on stable storage when this
// returns, and a crash does not take it back.
func (s *Service) checkpoint(ctx context.Context, p *partial, sp *spool) error {
	if err := sp.file.Sync(); err != nil {
		return storageError(err)
	}
	if p.Offset == 0 {
		if err := syncRoot(s.partials); err != nil { // the file's name
			return storageError(err)
		}
	}
	next := *p
	state, ok := sp.sum.(encoding.BinaryMarshaler)
	if !ok {
		return errors.New("SHA-256 cannot be put aside")
	}
	var err error
	if next.Hash, err = state.MarshalBinary(); err != nil {
		return err
	}
	next.Offset, next.Expires = sp.size, s.options.Now().UTC().Truncate(time.Millisecond).Add(s.options.Unfinished)
	if err := s.options.Store.PutRecords(ctx, map[string][]byte{p.key(): encode(next)}); err != nil {
		return err
	}
	*p = next
	return nil
}

func syncRoot(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
