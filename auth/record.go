package auth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Store keeps small records by key: what a Service must still know after a
// restart.
type Store interface {
	// Records visits the records whose keys begin with prefix, in key order,
	// until visit fails, with its error. What it gives must not be kept.
	Records(ctx context.Context, prefix string, visit func(key string, value []byte) error) error

	// PutRecords writes all of records or, if it fails, perhaps none; a nil
	// value removes. When it returns nil they are on stable storage.
	PutRecords(ctx context.Context, records map[string][]byte) error
}

// How records' keys begin. What follows names the record for the store alone:
// all that is read back stands in the value.
const (
	recordSpace   = "auth/"
	recordKey     = recordSpace + "key/"
	recordProject = recordSpace + "project/"
	recordToken   = recordSpace + "token/"
	recordUser    = recordSpace + "user/"
)

// keyRecord is a key as it is kept.
type keyRecord struct {
	Key
	Hash   []byte `json:"hash"`
	Secret []byte `json:"secret,omitempty"`
}

// projectRecord is a project that was made here.
type projectRecord struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// tokenRecord is a revoked token.
type tokenRecord struct {
	Project string    `json:"project"`
	ID      string    `json:"id"`
	Until   time.Time `json:"until,omitzero"` // when it would have ended; zero: never
}

// userRecord is a user whose older tokens are revoked.
type userRecord struct {
	Project string    `json:"project"`
	User    string    `json:"user"`
	Before  time.Time `json:"before"` // tokens issued before it count no more
}

func (k *key) record() (string, []byte) {
	return recordKey + k.ID, encode(keyRecord{Key: k.Key, Hash: k.hash[:], Secret: k.secret})
}

func (r tokenRecord) record() (string, []byte) {
	return recordToken + r.Project + "/" + r.ID, encode(r)
}

func (r userRecord) record() (string, []byte) {
	return recordUser + r.Project + "/" + r.User, encode(r)
}

func (r projectRecord) record() (string, []byte) { return recordProject + r.Name, encode(r) }

// encode cannot fail: records hold strings, bytes and times.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// commit has the records on disk when it returns nil. Whoever asked may go
// meanwhile: a revocation that was half asked for is made.
func (s *Service) commit(ctx context.Context, records map[string][]byte) error {
	if s.store == nil {
		return chat.E(chat.CodeUnavailable, "keys and revocations are not kept here")
	}
	return s.store.PutRecords(context.WithoutCancel(ctx), records)
}

// Load takes in what the store holds, and keeps there what is made from here
// on: without it there are no keys but the configured ones. It is called once,
// before anything else.
func (s *Service) Load(ctx context.Context, store Store) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = store
	for _, kind := range []struct {
		prefix string
		take   func([]byte) error
	}{
		{recordProject, s.takeProject}, {recordKey, s.takeKey}, {recordToken, s.takeToken}, {recordUser, s.takeUser},
	} {
		err := store.Records(ctx, kind.prefix, func(key string, value []byte) error {
			if err := kind.take(value); err != nil {
				return fmt.Errorf("record %s: %w", key, err)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read the keys: %w", err)
		}
	}
	s.endings = s.nextEnd(s.now())
	return nil
}

func (s *Service) takeProject(value []byte) error {
	var r projectRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	s.project(r.Name).Created = r.Created
	return nil
}

func (s *Service) takeKey(value []byte) error {
	var r keyRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	if len(r.Hash) != sha256.Size || r.ID == "" || r.Project == "" {
		return errors.New("it is damaged")
	}
	s.project(r.Project)
	s.put(&key{Key: r.Key, hash: [sha256.Size]byte(r.Hash), secret: r.Secret})
	return nil
}

func (s *Service) takeToken(value []byte) error {
	var r tokenRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	s.project(r.Project).tokens[r.ID] = r.Until
	return nil
}

func (s *Service) takeUser(value []byte) error {
	var r userRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	s.project(r.Project).users[r.User] = r.Before
	return nil
}

// project is the one of this name, made if need be. mu is held.
func (s *Service) project(name string) *project {
	p := s.projects[name]
	if p == nil {
		p = newProject(name)
		s.projects[name] = p
	}
	return p
}
