package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// What stands in a data folder besides the keys.
const (
	devMark  = "dev"
	logsName = "log" // the store's folder
)

// openFolder makes the data folder if it is not there, and sees to it that
// what a server with --dev wrote, where anybody could be anybody, is never
// served by one without, nor the other way round.
func openFolder(dir string, dev bool) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	marked, err := exists(filepath.Join(dir, devMark))
	if err != nil {
		return err
	}
	used, err := exists(filepath.Join(dir, logsName))
	if err != nil {
		return err
	}
	switch {
	case marked && !dev:
		return fmt.Errorf("%s belongs to a server with --dev, which believed any name: choose another --data, or say --dev", dir)
	case dev && used && !marked:
		return fmt.Errorf("%s belongs to a server without --dev: choose another --data", dir)
	case dev && !marked:
		note := "This folder was written by a server with --dev, which believes any name.\n"
		if err := writeWhole(filepath.Join(dir, devMark), []byte(note)); err != nil {
			return fmt.Errorf("mark the data folder: %w", err)
		}
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the data folder: %w", err)
	}
	return true, nil
}
