package pebble

import (
	"maps"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// recordsOf are the store's records by key.
func recordsOf(t *testing.T, s *Store) map[string]string {
	t.Helper()
	values := make(map[string]string)
	err := s.Records(t.Context(), "", func(key string, value []byte) error {
		values[key] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPutRecords_RefusesWhatIsTooLongAndWritesNoneOfIt(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem()))
	for name, bad := range map[string]map[string][]byte{
		"no key":   {"": []byte("x"), "l": []byte("x")},
		"long key": {strings.Repeat("k", maxRecordKey+1): []byte("x"), "l": []byte("x")},
		"long":     {"k": make([]byte, maxRecord+1), "l": []byte("x")},
	} {
		if err := s.PutRecords(t.Context(), bad); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := recordsOf(t, s); len(got) != 0 {
		t.Errorf("half of a refused write: %v", got)
	}
	longest := map[string][]byte{strings.Repeat("k", maxRecordKey): make([]byte, maxRecord)}
	if err := s.PutRecords(t.Context(), longest); err != nil {
		t.Error(err)
	}
}

// A revocation that a power cut takes back lets somebody in again.
func TestPutRecords_SurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	want := make(map[string]string)
	for _, key := range []string{"a", "b", "c"} {
		if err := s.PutRecords(t.Context(), map[string][]byte{key: []byte(key), "a": []byte("a")}); err != nil {
			t.Fatal(err)
		}
		want[key] = key
		again := open(t, "data", small(fs.CrashClone(vfs.CrashCloneCfg{})))
		got := recordsOf(t, again)
		if diff := cmp.Diff(maps.Clone(want), got); diff != "" {
			t.Error(diff)
		}
	}
}

// A key that leaked on a server whose disk is full must still be revoked.
func TestPutRecords_IsTakenOnAFullDisk(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1)
	opts := small(fullDisk{vfs.NewMem(), &free})
	opts.ReserveBytes = 1 << 20
	s := open(t, "data", opts)
	err := s.PutChannel(t.Context(), &chat.Channel{ID: chat.ChannelID{Project: "p", Name: "c"}, Kind: chat.Open})
	if chat.CodeOf(err) != chat.CodeStorageFull {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := s.PutRecords(t.Context(), map[string][]byte{"a": []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if got := recordsOf(t, s); got["a"] != "x" {
		t.Errorf("%v", got)
	}
}
