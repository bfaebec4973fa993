package pebble

import (
	"context"

	"github.com/parley-chat/parley/chat"
)

// Joined is chat.People's.
func (s *Store) Joined(ctx context.Context, project, user, after string, limit int) (all []string, err error) {
	return s.names(ctx, appendName(projectKey(nil, spaceJoined, project), user), after, limit)
}

// names are those that lie behind the prefix.
func (s *Store) names(ctx context.Context, prefix []byte, after string, limit int) (all []string, err error) {
	err = s.list(ctx, prefix, after, limit, func(name string, _ []byte) error {
		all = append(all, name)
		return nil
	})
	return all, err
}

// Users is chat.People's.
func (s *Store) Users(ctx context.Context, project, after string, limit int) (all []*chat.User, err error) {
	err = s.list(ctx, projectKey(nil, spaceUser, project), after, limit, func(id string, b []byte) error {
		u, err := readUser(project, id, b)
		all = append(all, u)
		return err
	})
	return all, err
}

// Blocked is chat.People's.
func (s *Store) Blocked(ctx context.Context, project, user, other string) (on bool, err error) {
	err = s.read(ctx, func(v *view) (err error) {
		on, err = v.get(blockKey(project, user, other), func([]byte) error { return nil })
		return err
	})
	return on, err
}

// Blocks is chat.People's.
func (s *Store) Blocks(ctx context.Context, project, user, after string, limit int) ([]string, error) {
	return s.names(ctx, appendName(projectKey(nil, spaceBlock, project), user), after, limit)
}

// PutBlock is chat.People's.
func (s *Store) PutBlock(ctx context.Context, project, user, blocked string, on bool) error {
	if project == "" || len(project) > maxProject {
		return chat.E(chat.CodeInvalid, "the project is empty or too long")
	}
	for _, id := range []string{user, blocked} {
		if err := chat.CheckUserID(id); err != nil {
			return err
		}
	}
	b := &blocking{answer: newAnswer(), key: blockKey(project, user, blocked), on: on}
	if err := s.do(ctx, b, b.done); err != nil {
		return err
	}
	return b.err
}

type blocking struct {
	answer
	key []byte
	on  bool
}

func (b *blocking) size() int   { return 64 + len(b.key) }
func (b *blocking) frees() bool { return false }

func (b *blocking) prepare(w *writer) {
	if b.on {
		w.set(b.key, nothing)
	} else {
		_ = w.cur.db.Delete(b.key, nil)
	}
}
