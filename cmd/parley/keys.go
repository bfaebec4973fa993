package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

// keysFile is where the keys are kept that nobody gave, in the data folder.
const keysFile = "keys.json"

// Keys are the default project's, as flags or environment give them. What is
// not given is made at the first start and kept.
type Keys struct {
	TokenSecret string `secret:"" placeholder:"SECRET" help:"Signs users' tokens (HS256); at least 32 bytes. Default: made at first start, kept in the data folder."`
	SecretKey   string `secret:"" placeholder:"sk_KEY" help:"Your own servers' credential: may do anything. Default: as above."`
	AppSecret   string `secret:"" placeholder:"SECRET" help:"Signs the appJwt of POST /auth/token. Default: as above."`
}

// keptKeys is what the file holds.
type keptKeys struct {
	TokenSecret string `json:"tokenSecret"`
	SecretKey   string `json:"secretKey"`
	AppSecret   string `json:"appSecret"`
}

// project is the default project with k's keys, or the ones kept in dir. The
// path is where they are, if they are there.
func (k Keys) project(dir string) (auth.Project, string, error) {
	p := auth.Project{
		Name: chat.DefaultProject, SecretKey: k.SecretKey,
		TokenSecret: []byte(k.TokenSecret), AppSecret: []byte(k.AppSecret),
	}
	if k.TokenSecret != "" && k.SecretKey != "" && k.AppSecret != "" {
		return p, "", nil
	}
	path := filepath.Join(dir, keysFile)
	kept, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		kept, err = makeKeys(path)
	}
	if err != nil {
		return p, path, err
	}
	if k.TokenSecret == "" {
		p.TokenSecret = []byte(kept.TokenSecret)
	}
	if k.SecretKey == "" {
		p.SecretKey = kept.SecretKey
	}
	if k.AppSecret == "" {
		p.AppSecret = []byte(kept.AppSecret)
	}
	return p, path, nil
}

func readKeys(path string) (keptKeys, error) {
	var kept keptKeys
	data, err := os.ReadFile(path)
	if err != nil {
		return kept, fmt.Errorf("read the keys: %w", err)
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		return kept, fmt.Errorf("read the keys in %s: %w", path, err)
	}
	return kept, nil
}

// newKeys have 260, 130 and 260 random bits.
func newKeys() keptKeys {
	return keptKeys{
		TokenSecret: rand.Text() + rand.Text(),
		SecretKey:   auth.SecretKeyPrefix + rand.Text(),
		AppSecret:   rand.Text() + rand.Text(),
	}
}

// anyProject is the default project with keys that nobody has, for when it does
// not matter which it has.
func anyProject() auth.Project {
	made := newKeys()
	return auth.Project{
		Name: chat.DefaultProject, SecretKey: made.SecretKey,
		TokenSecret: []byte(made.TokenSecret), AppSecret: []byte(made.AppSecret),
	}
}

// makeKeys writes new keys that only the file's owner may read, whole or not
// at all: half a file would be a server that no longer knows its users.
func makeKeys(path string) (keptKeys, error) {
	kept := newKeys()
	data, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return kept, fmt.Errorf("make keys: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return kept, fmt.Errorf("make keys: %w", err)
	}
	if err := writeWhole(path, append(data, '\n')); err != nil {
		return kept, fmt.Errorf("keep the keys: %w", err)
	}
	return kept, nil
}

// writeWhole makes the file at path, readable by its owner alone, and has it
// on disk when it returns.
func writeWhole(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
