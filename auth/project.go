package auth

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Bounds on projects.
const (
	maxProjects    = 10_000
	maxProjectName = 64 // bytes
)

// ProjectInfo is a project as its operator sees it.
type ProjectInfo struct {
	Name       string
	Created    time.Time // zero: it was never made, only configured
	Configured bool      // it has keys from the server's configuration too
}

// project is what is known of a project. Service.mu guards it.
type project struct {
	ProjectInfo
	app    []byte // signs appJwts; nil: the key that signs the user's token does
	keys   map[string]*key
	tokens map[string]time.Time // revoked ones by jti: until when they would have lived
	users  map[string]time.Time // whose tokens from before then are revoked
}

func newProject(name string) *project {
	return &project{
		ProjectInfo: ProjectInfo{Name: name},
		keys:        make(map[string]*key),
		tokens:      make(map[string]time.Time),
		users:       make(map[string]time.Time),
	}
}

// Operates is nil if id is the server's operator: who holds the secret key of
// its configuration, and so the machine. Anybody else is CodeForbidden.
func (s *Service) Operates(id *chat.Identity) error {
	// A token that the configured secret signed has a time of issue: it is a
	// user's, whatever its scopes.
	if id.Server && id.Key == ConfiguredKey && id.Project == chat.DefaultProject && id.Issued.IsZero() {
		return nil
	}
	return chat.E(chat.CodeForbidden, "only the server's operator, with its configured secret key, may do this")
}

// Oversees is nil if what concerns the whole server concerns id: the operator
// and, while there is no other project, a secret key or admin of the default
// one. Under Dev everybody oversees it.
func (s *Service) Oversees(id *chat.Identity) error {
	s.mu.RLock()
	alone := len(s.projects) == 1
	s.mu.RUnlock()
	if s.dev || id.Server && id.Project == chat.DefaultProject && alone {
		return nil
	}
	return s.Operates(id)
}

// Governs is the project whose keys id may govern: its own, which "" stands
// for, or, as the server's operator, any that is there. Under Dev everybody
// governs the default project.
func (s *Service) Governs(id *chat.Identity, name string) (string, error) {
	if !id.Server && !s.dev {
		return "", chat.E(chat.CodeForbidden, "a secret key is needed")
	}
	if name == "" || name == id.Project {
		return id.Project, nil
	}
	if err := s.Operates(id); err != nil {
		return "", err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.projects[name] == nil {
		return "", noProject(name)
	}
	return name, nil
}

func noProject(name string) error {
	return chat.E(chat.CodeNotFound, "there is no project %q", name)
}

// Projects are all there are, in name order.
func (s *Service) Projects() []ProjectInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]ProjectInfo, 0, len(s.projects))
	for _, p := range s.projects {
		list = append(list, p.ProjectInfo)
	}
	slices.SortFunc(list, func(a, b ProjectInfo) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// MakeProject makes a project, which has no keys yet. One of that name is
// CodeExists.
func (s *Service) MakeProject(ctx context.Context, name string) (ProjectInfo, error) {
	if err := checkProject(name); err != nil {
		return ProjectInfo{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.RLock()
	exists, count := s.projects[name] != nil, len(s.projects)
	s.mu.RUnlock()
	switch {
	case exists:
		return ProjectInfo{}, chat.E(chat.CodeExists, "there is a project %q", name)
	case count >= maxProjects:
		return ProjectInfo{}, chat.E(chat.CodeTooMany, "a server has at most %d projects", maxProjects)
	}
	r := projectRecord{Name: name, Created: s.now().UTC().Truncate(time.Millisecond)}
	at, value := r.record()
	if err := s.commit(ctx, map[string][]byte{at: value}); err != nil {
		return ProjectInfo{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(name)
	p.Created = r.Created
	return p.ProjectInfo, nil
}

func checkProject(name string) error {
	if name == "" || len(name) > maxProjectName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return chat.E(chat.CodeInvalid, "a project's name has 1 to %d of a-z, 0-9 and -", maxProjectName)
	}
	return nil
}
