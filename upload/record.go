package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// How records' keys begin. Projects' names and ids hold no slash; users' are
// escaped.
const (
	keyFile   = "file/"                            // project/id → a File
	keyUsed   = "file-used/"                       // project → its usage
	keyUser   = "file-user/"                       // project/user → the user's usage
	keySecret = "file-secret"                      // signs links
	idLetters = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ" // what ids are made of
	idLength  = 26                                 // of them; see chat.FilesIn
)

// How the keys of those records begin that tell which contents there should be.
const (
	ContentKeys = "file-hash/" // hash/project/id → nothing: who has the content
	MarkKey     = "file-mark"  // the content that marks the place where they are
)

// File is what is known of a file.
type File struct {
	ID        string     `json:"id"`
	Project   string     `json:"project"`
	Channel   string     `json:"channel"`
	Owner     string     `json:"owner"` // the user who uploaded it
	Name      string     `json:"name"`  // safe to show and to save under
	Type      string     `json:"type"`  // as its content says
	Size      int64      `json:"size"`
	SHA256    string     `json:"sha256"`           // hexadecimal; the content's name
	Width     int        `json:"width,omitempty"`  // of an image, as it is shown
	Height    int        `json:"height,omitempty"` // likewise
	Thumbnail *Thumbnail `json:"thumbnail,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`

	UnusedSince time.Time `json:"unusedSince,omitzero"` // when nothing was first seen to refer to it
	Condemned   bool      `json:"condemned,omitempty"`  // it is served no more, and goes unless a reference turns up
}

// Thumbnail is a small image of a file's.
type Thumbnail struct {
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// URL is the file's path, which stays as long as the file.
func (f *File) URL() string { return chat.FilePrefix + f.ID }

// ThumbnailURL is "" if there is none.
func (f *File) ThumbnailURL() string {
	if f.Thumbnail == nil {
		return ""
	}
	return f.URL() + thumbnailPath
}

func (f *File) thumbnailName() string { return f.SHA256 + ".thumbnail" }

func (f *File) key() string     { return keyFile + f.Project + "/" + f.ID }
func (f *File) hashKey() string { return ContentKeys + f.SHA256 + "/" + f.Project + "/" + f.ID }
func (f *File) usedKey() string { return keyUsed + f.Project }
func (f *File) userKey() string { return keyUser + f.Project + "/" + url.PathEscape(f.Owner) }

// usage is what files take.
type usage struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// encode cannot fail: records hold strings, numbers and times.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// errEnough ends a visit.
var errEnough = errors.New("enough")

// record is the value under key; nil if there is none.
func (s *Service) record(ctx context.Context, key string) (value []byte, err error) {
	err = s.options.Store.Records(ctx, key, func(k string, v []byte) error {
		if k == key {
			value = slices.Clone(v)
		}
		return errEnough // of the keys that begin with it, the key itself is the first
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return value, err
}

// file is the record of a file that is not condemned.
func (s *Service) file(ctx context.Context, project, id string) (*File, error) {
	if len(id) != idLength || strings.Trim(id, idLetters) != "" {
		return nil, notFound()
	}
	f, err := s.stored(ctx, &File{Project: project, ID: id})
	if err == nil && (f == nil || f.Condemned) {
		err = notFound()
	}
	return f, err
}

// stored is the record as it is now; nil if it is gone.
func (s *Service) stored(ctx context.Context, f *File) (*File, error) {
	value, err := s.record(ctx, f.key())
	if err != nil || value == nil {
		return nil, err
	}
	return decodeFile(f.key(), value)
}

func decodeFile(key string, value []byte) (*File, error) {
	f := new(File)
	if err := json.Unmarshal(value, f); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return f, nil
}

// used are the usages of f's project and user.
func (s *Service) used(ctx context.Context, f *File) (project, user usage, err error) {
	for key, into := range map[string]*usage{f.usedKey(): &project, f.userKey(): &user} {
		value, err := s.record(ctx, key)
		if err != nil {
			return project, user, err
		}
		if value == nil {
			continue
		}
		if err := json.Unmarshal(value, into); err != nil {
			return project, user, fmt.Errorf("record %s: %w", key, err)
		}
	}
	return project, user, nil
}

// within refuses a file that the quotas have no room for.
func (s *Service) within(project, user usage, size int64) error {
	switch {
	case s.options.UserQuota > 0 && user.Bytes+size > s.options.UserQuota:
		return chat.E(chat.CodeQuota, "the user's files may take %d bytes: there is no room for %d more", s.options.UserQuota, size)
	case s.options.ProjectQuota > 0 && project.Bytes+size > s.options.ProjectQuota:
		return chat.E(chat.CodeQuota, "the project's files may take %d bytes: there is no room for %d more", s.options.ProjectQuota, size)
	}
	return nil
}

// add commits the record of a file whose content is there, and others with it.
func (s *Service) add(ctx context.Context, f *File, also func(*File) map[string][]byte) error {
	s.records.Lock()
	defer s.records.Unlock()
	project, user, err := s.used(ctx, f)
	if err != nil {
		return err
	}
	if err := s.within(project, user, f.Size); err != nil {
		return err
	}
	records := map[string][]byte{
		f.key(): encode(f), f.hashKey(): {},
		f.usedKey(): encode(usage{project.Files + 1, project.Bytes + f.Size}),
		f.userKey(): encode(usage{user.Files + 1, user.Bytes + f.Size}),
	}
	if also != nil {
		maps.Copy(records, also(f))
	}
	return s.options.Store.PutRecords(ctx, records)
}

// drop removes the record; false: it is gone already.
func (s *Service) drop(ctx context.Context, f *File) (bool, error) {
	s.records.Lock()
	defer s.records.Unlock()
	if now, err := s.stored(ctx, f); err != nil || now == nil {
		return false, err
	}
	project, user, err := s.used(ctx, f)
	if err != nil {
		return false, err
	}
	changes := map[string][]byte{
		f.key(): nil, f.hashKey(): nil,
		f.usedKey(): encode(usage{project.Files - 1, project.Bytes - f.Size}),
		f.userKey(): encode(usage{user.Files - 1, user.Bytes - f.Size}),
	}
	if user.Files <= 1 {
		changes[f.userKey()] = nil
	}
	return true, s.options.Store.PutRecords(ctx, changes)
}

// mark changes the record, unless it is gone.
func (s *Service) mark(ctx context.Context, f *File, unused time.Time, condemned bool) error {
	s.records.Lock()
	defer s.records.Unlock()
	now, err := s.stored(ctx, f)
	if err != nil || now == nil {
		return err
	}
	now.UnusedSince, now.Condemned = unused, condemned
	return s.options.Store.PutRecords(ctx, map[string][]byte{now.key(): encode(now)})
}

// owned reports whether any record has the content. The hash's lock is held.
func (s *Service) owned(ctx context.Context, hash string) (owned bool, err error) {
	err = s.options.Store.Records(ctx, ContentKeys+hash+"/", func(string, []byte) error { owned = true; return errEnough })
	if errors.Is(err, errEnough) {
		err = nil
	}
	return owned, err
}

// thumbnailOf is what a file of the content has for a thumbnail; nil: none has
// one. The hash's lock is held.
func (s *Service) thumbnailOf(ctx context.Context, hash string) (t *Thumbnail, err error) {
	content := ContentKeys + hash + "/"
	err = s.options.Store.Records(ctx, content, func(key string, _ []byte) error {
		project, id, _ := strings.Cut(strings.TrimPrefix(key, content), "/")
		f, err := s.stored(ctx, &File{Project: project, ID: id})
		if err == nil && f != nil && f.Thumbnail != nil {
			t, err = f.Thumbnail, errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return t, err
}
