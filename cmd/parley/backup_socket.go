package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

// socketName is a running server's socket in its data folder, for who runs it.
// Who may connect could read the folder itself: it asks for nothing more.
const socketName = "admin.sock"

// maxSocketPath is what a socket's address holds of a path, less than anywhere.
const maxSocketPath = 100

// backupPath is what a backup is asked for with; the body is a backupOrder.
const backupPath = "/v1/backups"

type backupOrder struct {
	Dir string `json:"dir"` // absolute
}

// operate serves the socket. A server that cannot have one runs all the same.
func (s *server) operate(ctx context.Context, dir string) {
	l, err := listenLocal(ctx, dir)
	if err != nil {
		s.log.Warn("there is no socket in the data folder: backups need a stopped server", "err", err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+backupPath, &backups{server: s, dir: dir})
	s.aside(l, mux)
}

// backups makes one backup at a time.
type backups struct {
	server *server
	dir    string
	busy   sync.Mutex
}

// ServeHTTP answers once the backup is on disk.
func (b *backups) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := b.serve(r)
	b.server.metrics.backup(err)
	if err != nil {
		b.server.log.ErrorContext(r.Context(), "a backup failed", "err", err)
		api.Refuse(w, err)
		return
	}
	b.server.log.InfoContext(r.Context(), "a backup was made")
	w.WriteHeader(http.StatusCreated)
}

func (b *backups) serve(r *http.Request) error {
	var order backupOrder
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&order); err != nil || !filepath.IsAbs(order.Dir) {
		return chat.E(chat.CodeInvalid, "the body names an absolute folder")
	}
	if !b.busy.TryLock() {
		return chat.E(chat.CodeTooMany, "another backup is being made")
	}
	defer b.busy.Unlock()
	if err := writeBackup(r.Context(), b.server.store, b.dir, order.Dir); err != nil {
		// Who asks runs the server, and is told the cause.
		return &chat.Error{Code: chat.CodeOf(err), Message: err.Error()}
	}
	return nil
}

// listenLocal opens the socket in dir. What another server left there is in
// nobody's use: this one has the folder's lock.
func listenLocal(ctx context.Context, dir string) (net.Listener, error) {
	if err := os.Remove(filepath.Join(dir, socketName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	path, done, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok && path != filepath.Join(dir, socketName) {
		u.SetUnlinkOnClose(false) // by then the descriptor is another's
	}
	if err := os.Chmod(filepath.Join(dir, socketName), 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// socketPath is where the socket in dir is found; by way of an open descriptor
// if the path is too long for a socket's address.
func socketPath(dir string) (path string, done func(), err error) {
	path = filepath.Join(dir, socketName)
	if len(path) < maxSocketPath {
		return path, func() {}, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), socketName), func() { _ = d.Close() }, nil
}

// askForBackup has the server that runs on the data folder make a backup; false
// if none does.
func askForBackup(ctx context.Context, data, to string) (bool, error) {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			path, done, err := socketPath(data)
			if err != nil {
				return nil, err
			}
			defer done()
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	body, err := json.Marshal(backupOrder{Dir: to})
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+backupPath, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	answer, err := client.Do(r)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask the server: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusCreated {
		return true, nil
	}
	var problem api.Problem
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&problem); err != nil {
		return false, fmt.Errorf("the server answers %s", answer.Status)
	}
	return false, fmt.Errorf("the server answers: %s", problem.Detail)
}
