package pebble

import (
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// recordsOf are the store's records whose keys begin with prefix, by key and
// in order.
func recordsOf(t *testing.T, s *Store, prefix string) (values map[string]string, keys []string) {
	t.Helper()
	values = make(map[string]string)
	err := s.Records(t.Context(), prefix, func(key string, value []byte) error {
		values[key] = string(value)
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values, keys
}

func TestPutRecords_WritesAllOrNone(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem()))
	want := map[string]string{"a/1": "one", "a/2": "", "a/\x00": "nul", "a/\xff": "last", "b/1": "other"}
	records := make(map[string][]byte)
	for key, value := range want {
		records[key] = []byte(value)
	}
	if err := s.PutRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	got, _ := recordsOf(t, s, "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, keys := recordsOf(t, s, "a/")
	if diff := cmp.Diff([]string{"a/\x00", "a/1", "a/2", "a/\xff"}, keys); diff != "" || got["a/2"] != "" {
		t.Error(diff)
	}
	if got, _ := recordsOf(t, s, "a/\xff"); len(got) != 1 {
		t.Errorf("%v", got)
	}

	for name, bad := range map[string]map[string][]byte{
		"no key":   {"": []byte("x")},
		"long key": {strings.Repeat("k", maxRecordKey+1): []byte("x")},
		"long":     {"k": make([]byte, maxRecord+1), "l": []byte("x")},
	} {
		if err := s.PutRecords(t.Context(), bad); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, _ := recordsOf(t, s, "l"); len(got) != 0 {
		t.Errorf("half of a refused write: %v", got)
	}
	if err := s.PutRecords(t.Context(), map[string][]byte{"a/1": nil, "a/2": []byte("two"), "none": nil}); err != nil {
		t.Fatal(err)
	}
	delete(want, "a/1")
	want["a/2"] = "two"
	got, _ = recordsOf(t, s, "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := s.PutRecords(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestRecords_EndsWhereVisitFails(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem()))
	if err := s.PutRecords(t.Context(), map[string][]byte{"a": nil, "b": []byte("x"), "c": []byte("x")}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	seen := 0
	err := s.Records(t.Context(), "", func(string, []byte) error { seen++; return stop })
	if !errors.Is(err, stop) || seen != 1 {
		t.Errorf("%d, %v", seen, err)
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
		got, _ := recordsOf(t, again, "")
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
	if got, _ := recordsOf(t, s, ""); got["a"] != "x" {
		t.Errorf("%v", got)
	}
}
