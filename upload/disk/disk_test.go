package disk_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/upload/blobtest"
	"github.com/parley-chat/parley/upload/disk"
)

func open(t *testing.T, dir string) *disk.Blobs {
	t.Helper()
	b, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestDisk_KeepsTheContract(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) upload.Blobs { return open(t, filepath.Join(t.TempDir(), "a", "b")) })
}

const name = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Names come from the server alone; should one ever not, it leads nowhere.
func TestDisk_StaysInItsFolder(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	dir := filepath.Join(outside, "blobs")
	b := open(t, dir)
	for _, bad := range []string{"", "..", "../x", "../../etc/passwd", "/etc/passwd", "ab/../../x", "ab\x00cd", ".hidden", "new-ABC", strings.ToUpper(name), strings.Repeat("a", 5000)} {
		if err := b.Put(t.Context(), bad, strings.NewReader("x"), 1); err == nil {
			t.Errorf("%q is kept", bad)
		}
		if r, err := b.Open(t.Context(), bad, 0); err == nil {
			_ = r.Close()
			t.Errorf("%q is read", bad)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, name[:2]), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, name[:2], name)); err != nil {
		t.Fatal(err)
	}
	if r, err := b.Open(t.Context(), name, 0); err == nil {
		_ = r.Close()
		t.Error("a link leads out of the folder")
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestDisk_SweepsWhatACrashHasLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	old, young := filepath.Join(dir, "new-OLD"), filepath.Join(dir, "new-YOUNG")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if err := b.List(t.Context(), func(x upload.Blob) error { t.Errorf("%s is listed", x.Name); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := b.Sweep(t.Context(), time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("what a crash left is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("what is being written was taken away: %v", err)
	}
}

// Many uploads may be finished at once, and there need not be room for them
// twice.
func TestDisk_AWholeFileIsNotCopied(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), []byte("some content")
	b := open(t, filepath.Join(dir, "blobs"))
	spool, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	for _, begin := range []int{0, 5} { // the second time, a part of it
		if err := spool.WriteFile("received", data, 0o600); err != nil {
			t.Fatal(err)
		}
		from, err := spool.Open("received")
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		if _, err := from.Seek(int64(begin), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if err := b.Put(t.Context(), name, from, int64(len(data)-begin)); err != nil {
			t.Fatal(err)
		}
		received, err := from.Stat()
		if err != nil {
			t.Fatal(err)
		}
		kept, err := os.Stat(filepath.Join(dir, "blobs", name[:2], name))
		if err != nil || os.SameFile(received, kept) != (begin == 0) {
			t.Errorf("from %d: copied or not, %v", begin, err)
		}
		if err := spool.Remove("received"); err != nil {
			t.Fatal(err)
		}
		r, err := b.Open(t.Context(), name, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[begin:]) {
			t.Errorf("from %d: %q, %v", begin, got, err)
		}
	}
}

func TestDisk_SaysThatItIsFull(t *testing.T) {
	t.Parallel()
	// The kernel's own full device, read from where a disk would be written to.
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := open(t, dir)
	data := bytes.Repeat([]byte("x"), 1000)
	if err := b.Put(t.Context(), name, &fullReader{}, int64(len(data))); chat.CodeOf(err) != chat.CodeStorageFull {
		t.Errorf("%v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// fullReader fails as a write to a full disk does.
type fullReader struct{}

// Read implements io.Reader.
func (*fullReader) Read([]byte) (int, error) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Write([]byte("x"))
}
