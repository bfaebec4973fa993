package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

// credentials know the keys of the configuration, and the issuers.
func (s *server) credentials(c *Serve) (*auth.Service, error) {
	project, path, err := c.Keys.project(c.Data)
	if err != nil {
		return nil, err
	}
	s.keysPath = path
	return c.credentials(project, s.log)
}

// credentials know the project's keys, and the issuers.
func (c *Serve) credentials(project auth.Project, log *slog.Logger) (*auth.Service, error) {
	issuers, err := c.issuers()
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Options{
		Projects: []auth.Project{project}, Issuers: issuers, Audience: c.TokenAudience, Leeway: c.TokenLeeway,
		Dev: c.Dev, Logger: log,
	})
}

// checkTrust refuses issuers that could not be trusted.
func (c *Serve) checkTrust() error {
	if c.TokenLeeway < 0 {
		return fmt.Errorf("--token-leeway is not negative")
	}
	if _, err := c.credentials(anyProject(), slog.New(slog.DiscardHandler)); err != nil {
		return fmt.Errorf("--issuers: %w", err)
	}
	return nil
}

// reviews end the sessions of those whose credentials count no more.
type reviews struct {
	cancel context.CancelFunc // nil: there are none
	work   sync.WaitGroup
}

func (r *reviews) start(keys *auth.Service, review func(check func(chat.Identity) *chat.Error)) {
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.Background())
	r.work.Go(func() { keys.Run(ctx, review) })
}

// end waits for the last of them.
func (r *reviews) end() {
	if r.cancel != nil {
		r.cancel()
		r.work.Wait()
	}
}
