package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/upload"
)

// contentsName is where a data folder, and a backup, has the contents of files.
var contentsName = filepath.Join(filesName, blobsName)

// copyContents copies the contents of uploaded files that are in a folder of
// data to another, but for those that are there already; by linking, where that
// is asked for and can be: a content never changes. One that is removed meanwhile
// has no record any more.
func copyContents(from, to string, link bool) error {
	from, to = filepath.Join(from, contentsName), filepath.Join(to, contentsName)
	added := false
	return eachContent(from, func(folder, name string) error {
		if err := os.MkdirAll(filepath.Join(to, folder), 0o700); err != nil {
			return err
		}
		source, target := filepath.Join(from, folder, name), filepath.Join(to, folder, name)
		var err error
		if !link || os.Link(source, target) != nil {
			err = copyContent(source, target)
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
			return nil
		}
		added = true
		return err
	}, func(folder string) error {
		if !added {
			return nil
		}
		added = false
		return syncFolder(filepath.Join(to, folder))
	})
}

// eachContent visits the contents in dir, and each folder of them when it is
// done. There may be none.
func eachContent(dir string, visit func(folder, name string) error, done func(folder string) error) error {
	folders, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue // what is being written
		}
		contents, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			return err
		}
		for _, c := range contents {
			if err := visit(folder.Name(), c.Name()); err != nil {
				return err
			}
		}
		if len(contents) > 0 {
			if err := done(folder.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyContent copies one file, which is on the disk when it returns.
func copyContent(source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// syncFolder has a folder's names on the disk, and its own and its parents'.
func syncFolder(dir string) error {
	for range 4 { // of a content: its folder, blobs, files, and the whole
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// verifyContents reads the contents in a backup again: each has its hash for a
// name. What was made of one, its thumbnail, can be made again.
func verifyContents(dir string) error {
	dir = filepath.Join(dir, contentsName)
	return eachContent(dir, func(folder, name string) error {
		if strings.Contains(name, ".") {
			return nil
		}
		found, err := sum(filepath.Join(dir, folder, name))
		if err == nil && found != name {
			err = fmt.Errorf("the file %s is not as it was written", filepath.Join(contentsName, folder, name))
		}
		return err
	}, func(string) error { return nil })
}

// lack is what of its files' contents a folder does not have.
type lack struct {
	files int  // whose contents are not there
	here  bool // the folder has the store's mark: they belong there, not elsewhere
}

// lacking compares the contents in a data folder, or a backup, with those that
// files have by the records of its store. Each that should be there and is not
// is reported.
func lacking(ctx context.Context, store *pebble.Store, dir string, report func(string)) (lack, error) {
	var l lack
	there := func(hash string) (bool, error) {
		return exists(filepath.Join(dir, contentsName, hash[:min(2, len(hash))], hash))
	}
	err := store.Records(ctx, upload.MarkKey, func(_ string, value []byte) (err error) {
		l.here, err = there(string(value))
		return err
	})
	if err != nil {
		return l, err
	}
	err = store.Records(ctx, upload.ContentKeys, func(key string, _ []byte) error {
		hash, file, _ := strings.Cut(strings.TrimPrefix(key, upload.ContentKeys), "/")
		found, err := there(hash)
		if err != nil || found {
			return err
		}
		l.files++
		if l.here {
			report(fmt.Sprintf("the content %s of the file %s is missing", hash, file))
		}
		return nil
	})
	return l, err
}

// tell says what is lacking, if anything is.
func (l lack) tell(w io.Writer) error {
	var err error
	switch {
	case l.files > 0 && l.here:
		_, err = fmt.Fprintf(w, "The contents of %d files are missing: the data folder had lost them before.\n", l.files)
	case l.files > 0:
		_, err = fmt.Fprintf(w, "The contents of %d files are not in it: they are kept elsewhere, or lost.\n", l.files)
	}
	return err
}
