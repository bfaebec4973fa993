package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-chat/parley/store/pebble"
)

// noteName is the file that makes a folder a backup. It is written last: a
// folder without it was not finished.
const noteName = "backup.json"

// backupFormat is the version of how a backup's folder is laid out.
const backupFormat = 1

// backupNote is what a backup says of itself.
type backupNote struct {
	Format  int               `json:"format"`
	Version string            `json:"version"` // of the program that made it
	TakenAt time.Time         `json:"takenAt"` // everything acknowledged before is in it
	Epoch   string            `json:"epoch"`
	Files   map[string]string `json:"files"` // SHA-256 of those beside the log
}

// writeBackup makes to a backup of the data folder dir, whose open store is
// given: the log as it is durable now, and the files beside it, the keys among
// them. What it made is removed if it fails.
func writeBackup(ctx context.Context, store *pebble.Store, dir, to string) (err error) {
	if err := apart(dir, to); err != nil {
		return err
	}
	undo, err := takeFolder(to)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, undo())
		}
	}()
	note := backupNote{Format: backupFormat, Version: version, TakenAt: time.Now().UTC(), Epoch: store.Epoch()}
	// Before the log, for what is removed meanwhile, and after it, for what was
	// added: all that it names are there.
	if err := copyContents(dir, to, true); err != nil {
		return err
	}
	if err := store.Backup(ctx, filepath.Join(to, logsName)); err != nil {
		return err
	}
	if err := copyFiles(dir, to); err != nil {
		return err
	}
	if err := copyContents(dir, to, true); err != nil {
		return err
	}
	if note.Files, err = sums(to); err != nil {
		return err
	}
	data, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(to, noteName), append(data, '\n'))
}

// apart refuses a backup within the data folder, and the folder itself.
func apart(dir, to string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	parent := to
	for {
		resolved, err := filepath.EvalSymlinks(parent)
		if err == nil {
			parent = resolved
			break
		}
		if !errors.Is(err, os.ErrNotExist) || parent == filepath.Dir(parent) {
			return err
		}
		parent = filepath.Dir(parent)
	}
	if parent == real || strings.HasPrefix(parent, real+string(filepath.Separator)) {
		return fmt.Errorf("%s is in the data folder: it would be lost with it", to)
	}
	return nil
}

// verifyBackup reads all of a backup. Contents of files that it lacks are
// reported, and no error: what is there can be restored.
func verifyBackup(ctx context.Context, dir string, report func(string)) (note backupNote, lacks lack, err error) {
	note, err = readNote(dir)
	if err != nil {
		return note, lacks, err
	}
	found, err := sums(dir)
	if err != nil {
		return note, lacks, err
	}
	for name, sum := range note.Files {
		if found[name] != sum {
			return note, lacks, fmt.Errorf("%s in %s is not as it was written", name, dir)
		}
	}
	if err := verifyContents(dir); err != nil {
		return note, lacks, err
	}
	store, err := pebble.OpenReadOnly(filepath.Join(dir, logsName), pebble.Options{})
	if err != nil {
		return note, lacks, err
	}
	if store.Epoch() != note.Epoch {
		err = fmt.Errorf("the log in %s has another epoch than was written", dir)
	}
	if err == nil {
		err = verify(ctx, store, func(string) {})
	}
	if err == nil {
		lacks, err = lacking(ctx, store, dir, report)
	}
	return note, lacks, errors.Join(err, store.Close())
}

// verify reads all of the store and reports what does not fit together. The
// error has the first of it.
func verify(ctx context.Context, store *pebble.Store, report func(string)) error {
	first := ""
	err := store.Verify(ctx, func(problem string) {
		if first == "" {
			first = problem
		}
		report(problem)
	})
	if first != "" {
		return fmt.Errorf("%w, the first: %s", err, printable(first))
	}
	return err
}

func readNote(dir string) (backupNote, error) {
	var note backupNote
	data, err := os.ReadFile(filepath.Join(dir, noteName))
	if errors.Is(err, os.ErrNotExist) {
		return note, fmt.Errorf("%s is no backup, or was not finished: it has no %s", dir, noteName)
	}
	if err != nil {
		return note, err
	}
	if err := json.Unmarshal(data, &note); err != nil {
		return note, fmt.Errorf("read %s: %w", noteName, err)
	}
	if note.Format != backupFormat {
		return note, fmt.Errorf("the backup has format %d, this program reads %d", note.Format, backupFormat)
	}
	return note, nil
}

// beside are the names of the files beside the log in a data folder or backup.
// Those that are being written have names that begin with a dot.
func beside(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func copyFiles(from, to string) error {
	names, err := beside(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(to, name), data); err != nil {
			return err
		}
	}
	return nil
}

// sums are the SHA-256 of the files beside the log, but for the note.
func sums(dir string) (map[string]string, error) {
	names, err := beside(dir)
	if err != nil {
		return nil, err
	}
	all := make(map[string]string)
	for _, name := range names {
		if name == noteName {
			continue
		}
		if all[name], err = sum(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
