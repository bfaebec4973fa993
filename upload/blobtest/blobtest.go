// Package blobtest is the contract of upload.Blobs.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

// Run holds what open gives, empty each time, to the contract.
func Run(t *testing.T, open func(t *testing.T) upload.Blobs) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, bundle){
		"PutIsRead":                   putIsRead,
		"LargeIsReadFromAnywhere":     largeIsRead,
		"PutAgainReadsNothing":        putAgain,
		"PutOfAnotherSizeReplaces":    putReplaces,
		"ShortContentIsRefused":       shortContent,
		"FailedReaderLeavesNothing":   failedReader,
		"EndedContextLeavesNoPart":    endedContext,
		"MissingIsNotFound":           missing,
		"RemovedIsGone":               removed,
		"ListHasAll":                  listHasAll,
		"ListEndsWhereVisitFails":     listEnds,
		"SweepLeavesWhatIsWhole":      sweep,
		"SameContentByManyAtOnce":     manyAtOnce,
		"ReadersOutliveTheirOpenings": twoReaders,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bundle{t, open(t)})
		})
	}
}

// later is after every moment of a test: what was written is older.
var later = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)

type bundle struct {
	t     *testing.T
	blobs upload.Blobs
}

// content is n bytes that no other content begins with, and its name.
func content(n int, seed byte) (string, []byte) {
	data := make([]byte, n)
	state := sha256.Sum256([]byte{seed})
	for i := 0; i < n; i += len(state) {
		copy(data[i:], state[:])
		state = sha256.Sum256(state[:])
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), data
}

func (b bundle) put(name string, data []byte) {
	b.t.Helper()
	if err := b.blobs.Put(b.t.Context(), name, bytes.NewReader(data), int64(len(data))); err != nil {
		b.t.Fatal(err)
	}
}

func (b bundle) read(name string, offset int64) []byte {
	b.t.Helper()
	r, err := b.blobs.Open(b.t.Context(), name, offset)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func (b bundle) gone(name string) {
	b.t.Helper()
	r, err := b.blobs.Open(b.t.Context(), name, 0)
	if chat.CodeOf(err) != chat.CodeNotFound {
		b.t.Errorf("%v, want %s", err, chat.CodeNotFound)
	}
	if err == nil {
		_ = r.Close()
	}
}

func (b bundle) names() []string {
	b.t.Helper()
	var names []string
	err := b.blobs.List(b.t.Context(), func(x upload.Blob) error {
		names = append(names, x.Name)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func putIsRead(t *testing.T, b bundle) {
	for _, n := range []int{0, 1, 1000, 100_000} {
		name, data := content(n, byte(n%251))
		b.put(name, data)
		b.put(name+".thumbnail", data)
		for _, offset := range []int{0, n / 2, max(0, n-1)} {
			if got := b.read(name, int64(offset)); !bytes.Equal(got, data[offset:]) {
				t.Errorf("%d bytes from %d: %d came", n, offset, len(got))
			}
		}
		if got := b.read(name+".thumbnail", 0); !bytes.Equal(got, data) {
			t.Errorf("a thumbnail of %d bytes: %d came", n, len(got))
		}
	}
}

func largeIsRead(t *testing.T, b bundle) {
	name, data := content(12<<20+345, 1)
	b.put(name, data)
	for _, offset := range []int{0, 5 << 20, 5<<20 - 1, 11 << 20, len(data) - 1} {
		if got := b.read(name, int64(offset)); !bytes.Equal(got, data[offset:]) {
			t.Errorf("from %d: %d bytes came", offset, len(got))
		}
	}
}

func putAgain(t *testing.T, b bundle) {
	name, data := content(5000, 2)
	b.put(name, data)
	unread := readerFunc(func([]byte) (int, error) {
		t.Error("what is there already was read again")
		return 0, io.EOF
	})
	if err := b.blobs.Put(t.Context(), name, unread, int64(len(data))); err != nil {
		t.Fatal(err)
	}
	if got := b.read(name, 0); !bytes.Equal(got, data) {
		t.Errorf("%d bytes", len(got))
	}
}

func putReplaces(t *testing.T, b bundle) {
	name, data := content(5000, 3)
	b.put(name, data[:100])
	b.put(name, data)
	if got := b.read(name, 0); !bytes.Equal(got, data) {
		t.Errorf("%d bytes", len(got))
	}
}

func shortContent(t *testing.T, b bundle) {
	for _, n := range []int{1000, 11 << 20} {
		name, data := content(n, 4)
		if err := b.blobs.Put(t.Context(), name, bytes.NewReader(data[:n-1]), int64(n)); err == nil {
			t.Errorf("%d bytes passed for %d", n-1, n)
		}
		b.gone(name)
	}
}

func failedReader(t *testing.T, b bundle) {
	for _, n := range []int{1000, 11 << 20} {
		name, data := content(n, 5)
		broken := io.MultiReader(bytes.NewReader(data[:n/2]), readerFunc(func([]byte) (int, error) { return 0, errors.New("broken") }))
		if err := b.blobs.Put(t.Context(), name, broken, int64(n)); err == nil {
			t.Error("half a content was kept")
		}
		b.gone(name)
	}
	if names := b.names(); len(names) != 0 {
		t.Errorf("there are %v", names)
	}
}

func endedContext(t *testing.T, b bundle) {
	ctx, cancel := context.WithCancel(t.Context())
	name, data := content(1000, 6)
	half := bytes.NewReader(data[:500])
	stops := readerFunc(func(p []byte) (int, error) {
		if half.Len() == 0 {
			cancel()
		}
		return half.Read(p)
	})
	if err := b.blobs.Put(ctx, name, io.MultiReader(stops, bytes.NewReader(data[500:])), 1000); err == nil {
		t.Error("said to be kept, though nobody waits for it")
	}
	for _, there := range b.names() {
		if got := b.read(there, 0); there != name || !bytes.Equal(got, data) {
			t.Errorf("%s has %d bytes", there, len(got))
		}
	}
}

func missing(_ *testing.T, b bundle) {
	name, _ := content(10, 7)
	b.gone(name)
}

func removed(t *testing.T, b bundle) {
	name, data := content(10, 8)
	b.put(name, data)
	for range 2 {
		if err := b.blobs.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		b.gone(name)
	}
	b.put(name, data)
	b.read(name, 0)
}

func listHasAll(t *testing.T, b bundle) {
	sizes := map[string]int64{}
	for i := range 7 {
		name, data := content(10+i, byte(20+i))
		b.put(name, data)
		sizes[name] = int64(len(data))
	}
	got := map[string]int64{}
	err := b.blobs.List(t.Context(), func(x upload.Blob) error {
		got[x.Name] = x.Size
		if x.Modified.Year() < 2020 || x.Modified.After(later) {
			t.Errorf("written at %v", x.Modified)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sizes, got); diff != "" {
		t.Error(diff)
	}
}

func listEnds(t *testing.T, b bundle) {
	for i := range 5 {
		b.put(content(10, byte(30+i)))
	}
	enough, seen := errors.New("enough"), 0
	err := b.blobs.List(t.Context(), func(upload.Blob) error { seen++; return enough })
	if !errors.Is(err, enough) || seen != 1 {
		t.Errorf("%d, %v", seen, err)
	}
}

func sweep(t *testing.T, b bundle) {
	name, data := content(10, 40)
	b.put(name, data)
	if err := b.blobs.Sweep(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{name}, b.names()); diff != "" {
		t.Error(diff)
	}
}

func manyAtOnce(t *testing.T, b bundle) {
	name, data := content(50_000, 50)
	failed := make([]error, 8)
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() { failed[i] = b.blobs.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))) })
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	if got := b.read(name, 0); !bytes.Equal(got, data) {
		t.Errorf("%d bytes", len(got))
	}
}

func twoReaders(t *testing.T, b bundle) {
	name, data := content(300_000, 60)
	b.put(name, data)
	var readers []io.ReadCloser
	for i := range 3 {
		r, err := b.blobs.Open(t.Context(), name, int64(i*1000))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		readers = append(readers, r)
	}
	for i, r := range readers {
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data[i*1000:]) {
			t.Error(fmt.Errorf("reader %d: %d bytes, %w", i, len(got), err))
		}
	}
}

type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
