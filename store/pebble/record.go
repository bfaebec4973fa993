package pebble

import (
	"context"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// spaceRecord is the keyspace of small records that are nobody's in here: what
// they are called and what they hold is the business of who keeps them.
const spaceRecord = 'z' // the record's key → its value

// Bounds on records, in bytes.
const (
	maxRecordKey = 1024
	maxRecord    = 64 << 10
)

func recordKey(key string) []byte { return append([]byte{spaceRecord}, key...) }

// Records visits the records whose keys begin with prefix, in key order, until
// visit fails, with its error. What it gives must not be kept.
func (s *Store) Records(ctx context.Context, prefix string, visit func(key string, value []byte) error) error {
	var refused error
	err := s.read(ctx, func(v *view) error {
		return v.scan(recordKey(prefix), []byte{spaceRecord + 1}, func(key, value []byte) (bool, error) {
			name := string(key[1:])
			if !strings.HasPrefix(name, prefix) {
				return false, nil
			}
			refused = visit(name, value)
			return refused == nil, nil
		})
	})
	if err == nil {
		err = refused
	}
	return err
}

// PutRecords writes all of records in one commit; a nil value removes. When it
// returns nil they are on stable storage.
func (s *Store) PutRecords(ctx context.Context, records map[string][]byte) error {
	p := &puttingRecords{answer: newAnswer(), records: records}
	for key, value := range records {
		if key == "" || len(key) > maxRecordKey || len(value) > maxRecord {
			return chat.E(chat.CodeInvalid, "a record's key has 1 to %d bytes, its value at most %d", maxRecordKey, maxRecord)
		}
		p.bytes += 64 + len(key) + len(value)
	}
	if len(records) == 0 {
		return nil
	}
	if err := s.do(ctx, p, p.done); err != nil {
		return err
	}
	return p.err
}

type puttingRecords struct {
	answer
	records map[string][]byte
	bytes   int
}

func (p *puttingRecords) size() int { return p.bytes }

// frees: a revocation must not wait for room on the disk; it is small.
func (p *puttingRecords) frees() bool { return true }

func (p *puttingRecords) prepare(w *writer) {
	for key, value := range p.records {
		if value == nil {
			_ = w.cur.db.Delete(recordKey(key), nil) // in memory: it cannot fail
			continue
		}
		w.set(recordKey(key), value)
	}
}
