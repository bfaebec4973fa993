package pebble

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestLogFile_GrowsByZerosNowAndThenAndNotWithEachWrite(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := newStore("data", small(fs)).fs.Create("data/000002.log", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	sizes := map[int64]bool{}
	for i := range 300 {
		line := bytes.Repeat([]byte{byte(i + 1)}, 1000)
		want = append(want, line...) // before: MemFS may change what it was given
		if n, err := file.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		sizes[info.Size()] = true
	}
	got := contents(t, fs, "data/000002.log")
	if !bytes.Equal(got[:len(want)], want) {
		t.Error("it does not hold what was written")
	}
	if rest := got[len(want):]; len(bytes.Trim(rest, "\x00")) != 0 {
		t.Error("something else than zeros follows")
	}
	if len(sizes) > 5 {
		t.Errorf("it grew %d times in 300 writes", len(sizes))
	}
}
