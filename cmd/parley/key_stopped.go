package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
)

// stoppedRing are the keys of a server that is stopped.
type stoppedRing struct {
	restKeys
	store   *pebble.Store
	project string
}

// openStoppedRing opens the store of a server that is stopped; it makes none,
// since no server would know it.
func openStoppedRing(ctx context.Context, data, project string) (ring, error) {
	dir := filepath.Join(data, logsName)
	there, err := exists(dir)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("no server has kept anything in %s yet: say --data as `parley serve` has it", data)
	}
	if project == "" {
		project = chat.DefaultProject
	}
	r := &stoppedRing{project: project}
	if r.store, err = pebble.Open(ctx, dir, pebble.Options{}); err != nil {
		return nil, fmt.Errorf("%w (while the server runs, say --key in place of --data)", err)
	}
	if r.service, err = storedService(ctx, r.store); err != nil {
		_ = r.store.Close() // nothing was written
		return nil, err
	}
	return r, nil
}

// storedService knows the keys of the store. The default project's configured
// ones are none that it could need: any will do.
func storedService(ctx context.Context, store *pebble.Store) (*auth.Service, error) {
	s, err := auth.New(auth.Options{Projects: []auth.Project{anyProject()}})
	if err != nil {
		return nil, err
	}
	return s, s.Load(ctx, store)
}

func (r *stoppedRing) keys(context.Context) ([]api.Key, error) { return r.Keys(r.project) }

func (r *stoppedRing) makeKey(ctx context.Context, n api.NewKey) (api.MadeKey, error) {
	return r.MakeKey(ctx, r.project, n)
}

func (r *stoppedRing) rotateKey(ctx context.Context, id string, grace time.Duration) (api.MadeKey, error) {
	return r.RotateKey(ctx, r.project, id, grace)
}

func (r *stoppedRing) revokeKey(ctx context.Context, id string) (api.Key, error) {
	return r.RevokeKey(ctx, r.project, id)
}

func (r *stoppedRing) close() error { return r.store.Close() }
