package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-chat/parley/store/pebble"
)

// Backup copies a server's data folder, whether the server runs or not.
type Backup struct {
	Dir  string `arg:"" help:"The folder that becomes the backup. It is empty, or not there yet."`
	Data string `default:"data" placeholder:"DIR" help:"The server's data folder. Default: data."`
}

// Run makes the backup and reads all of it again. What was acknowledged before
// it began is in it.
func (c *Backup) Run(ctx context.Context, p *process) error {
	to, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	begun := time.Now()
	asked, err := askForBackup(ctx, c.Data, to)
	if err == nil && !asked {
		err = c.ofStopped(ctx, to)
	}
	if err != nil {
		return fmt.Errorf("back up %s: %w", c.Data, err)
	}
	note, lacks, err := verifyBackup(ctx, to, p.problem)
	if err != nil {
		return fmt.Errorf("the backup was written, but it is not sound: %w", err)
	}
	if lacks.here && lacks.files > 0 {
		return fmt.Errorf("the backup was written, but not all was there to be backed up: %s lacks the contents of %d files", c.Data, lacks.files)
	}
	_, err = fmt.Fprintf(p.stdout, "Backed up %s to %s in %v: epoch %s, verified.\n",
		c.Data, to, time.Since(begun).Round(time.Millisecond), note.Epoch)
	return errors.Join(err, lacks.tell(p.stdout))
}

// problem prints one of what a command has found.
func (p *process) problem(text string) { _, _ = fmt.Fprintln(p.stdout, printable(text)) }

// ofStopped backs up a folder that no server has.
func (c *Backup) ofStopped(ctx context.Context, to string) error {
	log := filepath.Join(c.Data, logsName)
	if there, err := exists(log); err != nil || !there {
		return errors.Join(err, errors.New("no server has written there"))
	}
	store, err := pebble.Open(ctx, log, pebble.Options{})
	if err != nil {
		return err
	}
	return errors.Join(writeBackup(ctx, store, c.Data, to), store.Close())
}

// Restore makes a data folder of a backup.
type Restore struct {
	Backup string `arg:"" help:"A folder that parley backup made."`
	Data   string `default:"data" placeholder:"DIR" help:"The data folder to make. It is empty, or not there yet. Default: data."`
}

// Run verifies the backup, then copies it. The log gets a new epoch: clients
// that saw what came after the backup are told so, and begin again.
func (c *Restore) Run(ctx context.Context, p *process) error {
	_, lacks, err := verifyBackup(ctx, c.Backup, p.problem)
	if err != nil {
		return fmt.Errorf("restore %s: %w", c.Backup, err)
	}
	if err := restoreBackup(ctx, c.Backup, c.Data); err != nil {
		return fmt.Errorf("restore %s: %w", c.Backup, err)
	}
	store, err := pebble.OpenReadOnly(filepath.Join(c.Data, logsName), pebble.Options{})
	if err != nil {
		return fmt.Errorf("open what was restored: %w", err)
	}
	epoch := store.Epoch()
	if err := store.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Restored %s to %s: verified, with the new epoch %s. Start it with `parley serve --data %s`.\n",
		c.Backup, c.Data, epoch, c.Data)
	return errors.Join(err, lacks.tell(p.stdout))
}

// restoreBackup makes data of backup. The log comes last, whole: a folder
// without one was not restored. What was made is removed again if it fails.
func restoreBackup(ctx context.Context, backup, data string) (err error) {
	undo, err := takeFolder(data)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, undo())
		}
	}()
	if err := copyFiles(backup, data); err != nil {
		return err
	}
	if err := copyContents(backup, data, false); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(data, noteName)); err != nil {
		return err
	}
	return pebble.Restore(ctx, filepath.Join(backup, logsName), filepath.Join(data, logsName))
}

// takeFolder makes the folder, or takes an empty one; undo makes it again as it
// was.
func takeFolder(dir string) (undo func() error, err error) {
	if err := vacant(dir); err != nil {
		return nil, err
	}
	there, err := exists(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return func() error {
		if !there {
			return os.RemoveAll(dir)
		}
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
		return err
	}, nil
}

// vacant refuses a folder with anything in it.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty", dir)
	}
	return nil
}
