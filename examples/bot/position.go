package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-chat/parley/client"
)

// position is the file in which a place in a log is kept.
type position string

// load is what was saved; the zero Position if nothing was.
func (p position) load() (client.Position, error) {
	var at client.Position
	text, err := os.ReadFile(string(p))
	if errors.Is(err, fs.ErrNotExist) {
		return at, nil
	}
	if err != nil {
		return at, err
	}
	return at, at.UnmarshalText(text)
}

// save replaces the file as a whole: a crash leaves the old place or the new
// one. A place that is behind is harmless.
func (p position) save(at client.Position) error {
	text, err := at.MarshalText()
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(string(p)), filepath.Base(string(p))+".*")
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return os.Rename(next.Name(), string(p))
}
