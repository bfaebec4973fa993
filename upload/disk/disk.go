// Package disk keeps the contents of uploaded files in a folder.
package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

// begun begins the names of what is being written.
const begun = "new-"

// Blobs is a folder of contents, each under its name in a folder named by its
// first two letters. All that is done to it is done through an [os.Root]: no
// name, whatever it says, leads out of it.
type Blobs struct{ root *os.Root }

// Open makes the folder if it is not there. No other process may have it.
func Open(dir string) (*Blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of files: %w", err)
	}
	return &Blobs{root}, nil
}

// Close gives the folder back.
func (b *Blobs) Close() error { return b.root.Close() }

// path is where a blob lies.
func path(name string) (folder, whole string, err error) {
	if len(name) < 3 || strings.Trim(name, "0123456789abcdefthumnil.") != "" || strings.HasPrefix(name, ".") {
		return "", "", chat.E(chat.CodeInvalid, "%q is no content's name", name)
	}
	return name[:2], name[:2] + "/" + name, nil
}

// Put implements upload.Blobs. What has a blob's name was synced before it got
// it, so that what is there is whole.
func (b *Blobs) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	folder, whole, err := path(name)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if info, err := b.root.Stat(whole); err == nil && info.Size() == size {
		return b.sync(folder) // the rename may be on no disk yet
	}
	if err := b.folder(folder); err != nil {
		return full(err)
	}
	temporary := begun + rand.Text()
	err = b.write(ctx, temporary, r, size)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = b.root.Rename(temporary, whole)
	}
	if err != nil {
		return full(errors.Join(err, absent(b.root.Remove(temporary))))
	}
	return b.sync(folder)
}

// write makes a file that is on the disk when it returns.
func (b *Blobs) write(ctx context.Context, name string, r io.Reader, size int64) error {
	if from, ok := r.(*os.File); ok && b.link(from, name, size) {
		return from.Sync()
	}
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(&wanted{ctx, r}, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes came of %d", n, size)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// wanted reads until its context ends.
type wanted struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (w *wanted) Read(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(b)
}

// link gives a file a second name here, which takes no room: copies of uploads
// that are finished at once would take more of the disk than was free when they
// were let in. False: it has to be copied, from another disk for one.
func (b *Blobs) link(from *os.File, name string, size int64) bool {
	at, err := from.Seek(0, io.SeekCurrent)
	info, failed := from.Stat()
	if err != nil || failed != nil || at != 0 || info.Size() != size {
		return false
	}
	if os.Link(from.Name(), filepath.Join(b.root.Name(), name)) != nil {
		return false
	}
	linked, err := b.root.Lstat(name)
	if err == nil && os.SameFile(info, linked) {
		return true
	}
	_ = b.root.Remove(name) // something else has that name by now; if it stays, writing fails and says so
	return false
}

// folder makes a folder that is on the disk when it returns.
func (b *Blobs) folder(name string) error {
	err := b.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		err = nil // and perhaps made a moment ago
	}
	if err != nil {
		return err
	}
	return b.sync(".")
}

// sync has a folder's names on the disk.
func (b *Blobs) sync(folder string) error {
	d, err := b.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements upload.Blobs.
func (b *Blobs) Open(_ context.Context, name string, offset int64) (io.ReadCloser, error) {
	_, whole, err := path(name)
	if err != nil {
		return nil, err
	}
	f, err := b.root.Open(whole)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, chat.E(chat.CodeNotFound, "there is no such file")
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Remove implements upload.Blobs.
func (b *Blobs) Remove(_ context.Context, name string) error {
	_, whole, err := path(name)
	if err != nil {
		return err
	}
	return absent(b.root.Remove(whole))
}

// List implements upload.Blobs.
func (b *Blobs) List(ctx context.Context, visit func(upload.Blob) error) error {
	return b.files(ctx, func(name string, info fs.FileInfo) error {
		folder, blob, deep := strings.Cut(name, "/")
		if !deep || !strings.HasPrefix(blob, folder) {
			return nil
		}
		return visit(upload.Blob{Name: blob, Size: info.Size(), Modified: info.ModTime()})
	})
}

// Sweep implements upload.Blobs.
func (b *Blobs) Sweep(ctx context.Context, then time.Time) error {
	return b.files(ctx, func(name string, info fs.FileInfo) error {
		if !strings.HasPrefix(name, begun) || !info.ModTime().Before(then) {
			return nil
		}
		return absent(b.root.Remove(name))
	})
}

// files visits every file; one that goes meanwhile may be left out.
func (b *Blobs) files(ctx context.Context, visit func(name string, info fs.FileInfo) error) error {
	return fs.WalkDir(b.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return absent(err)
		}
		info, err := d.Info()
		if err != nil {
			return absent(err)
		}
		return visit(name, info)
	})
}

// absent is err unless it says that something is not there.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// full says of a full disk that it is full.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &chat.Error{Code: chat.CodeStorageFull, Message: "the disk is full", Cause: err}
	}
	return err
}
