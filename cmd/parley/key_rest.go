package main

import (
	"context"
	"net/http"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

// restKeys are the keys and projects in REST's words.
type restKeys struct{ service *auth.Service }

var (
	_ api.Keys     = restKeys{}
	_ api.Projects = restKeys{}
)

// Governs implements api.Keys.
func (r restKeys) Governs(id *chat.Identity, project string) (string, error) {
	return r.service.Governs(id, project)
}

// Operates implements api.Projects.
func (r restKeys) Operates(id *chat.Identity) error { return r.service.Operates(id) }

// Keys implements api.Keys.
func (r restKeys) Keys(project string) ([]api.Key, error) {
	keys, err := r.service.Keys(project)
	if err != nil {
		return nil, err
	}
	list := make([]api.Key, 0, len(keys))
	for _, k := range keys {
		list = append(list, restKey(k))
	}
	return list, nil
}

// MakeKey implements api.Keys.
func (r restKeys) MakeKey(ctx context.Context, project string, k api.NewKey) (api.MadeKey, error) {
	made, text, err := r.service.MakeKey(ctx, auth.NewKey{
		Project: project, Kind: auth.Kind(k.Kind), Name: k.Name, Scopes: k.Scopes, Channels: k.Channels,
	})
	return api.MadeKey{Key: restKey(made), Text: text}, err
}

// RotateKey implements api.Keys.
func (r restKeys) RotateKey(ctx context.Context, project, id string, grace time.Duration) (api.MadeKey, error) {
	made, text, err := r.service.RotateKey(ctx, project, id, grace)
	return api.MadeKey{Key: restKey(made), Text: text}, err
}

// RevokeKey implements api.Keys.
func (r restKeys) RevokeKey(ctx context.Context, project, id string) (api.Key, error) {
	k, err := r.service.RevokeKey(ctx, project, id)
	return restKey(k), err
}

// RevokeToken implements api.Keys.
func (r restKeys) RevokeToken(ctx context.Context, project, id string, until time.Time) error {
	return r.service.RevokeToken(ctx, project, id, until)
}

// RevokeUser implements api.Keys.
func (r restKeys) RevokeUser(ctx context.Context, project, user string) (time.Time, error) {
	return r.service.RevokeUser(ctx, project, user)
}

// Projects implements api.Projects.
func (r restKeys) Projects() []api.Project {
	projects := r.service.Projects()
	list := make([]api.Project, 0, len(projects))
	for _, p := range projects {
		list = append(list, api.Project{Name: p.Name, CreatedAt: p.Created, Configured: p.Configured})
	}
	return list
}

// MakeProject implements api.Projects.
func (r restKeys) MakeProject(ctx context.Context, name string) (api.Project, error) {
	p, err := r.service.MakeProject(ctx, name)
	return api.Project{Name: p.Name, CreatedAt: p.Created}, err
}

// guest answers POST /auth/guest.
func (r restKeys) guest(request *http.Request, former string) (api.Guest, error) {
	g, err := r.service.GuestOf(request, former)
	return api.Guest{UserID: g.User, Token: g.Pass, Expires: g.Expires}, err
}

func restKey(k auth.Key) api.Key {
	return api.Key{
		ID: k.ID, Project: k.Project, Kind: string(k.Kind), Name: k.Name, Prefix: k.Prefix,
		Scopes: k.Scopes, Channels: k.Channels, State: string(k.State),
		CreatedAt: k.Created, EndsAt: k.Ends, RevokedAt: k.Revoked, Successor: k.Successor,
	}
}
