package auth

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parley-chat/parley/chat"
)

// How long a key that was replaced still counts.
const (
	DefaultGrace = 24 * time.Hour
	maxGrace     = 365 * 24 * time.Hour
)

// Keys are the project's, the oldest first; those that count no more too.
func (s *Service) Keys(name string) ([]Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[name]
	if p == nil {
		return nil, noProject(name)
	}
	now := s.now()
	list := make([]Key, 0, len(p.keys))
	for _, k := range p.oldest() {
		list = append(list, k.shown(now))
	}
	return list, nil
}

func (p *project) oldest() []*key {
	list := make([]*key, 0, len(p.keys))
	for _, k := range p.keys {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *key) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// MakeKey makes a key. The text is the credential: a secret key's is not shown
// again.
func (s *Service) MakeKey(ctx context.Context, n NewKey) (made Key, text string, err error) {
	if err := n.check(); err != nil {
		return Key{}, "", err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	now := s.now()
	k, text := newKey(n, now)
	if err := s.add(ctx, n.Project, k); err != nil {
		return Key{}, "", err
	}
	return k.shown(now), text, nil
}

// RotateKey makes a key like the one named and puts it in its place: it signs
// at once. The old one counts for grace more, at most a year; with 0 no longer.
// Guests of a publishable key stay who they are.
func (s *Service) RotateKey(ctx context.Context, project, id string, grace time.Duration) (made Key, text string, err error) {
	if grace < 0 || grace > maxGrace {
		return Key{}, "", chat.E(chat.CodeInvalid, "a replaced key counts for 0 to %d hours more", int(maxGrace.Hours()))
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	old, err := s.own(project, id)
	if err != nil {
		return Key{}, "", err
	}
	now := s.now()
	if !old.live(now) || old.Successor != "" {
		return Key{}, "", chat.E(chat.CodeInvalid, "key %s was revoked, or another has taken its place", id)
	}
	next, text := newKey(NewKey{Project: project, Kind: old.Kind, Name: old.Name, Scopes: old.Scopes, Channels: old.Channels}, now)
	if old.Kind == Publishable {
		next.secret = old.secret // the guests' passes go on
	}
	retired := *old
	retired.Ends, retired.Successor = now.Add(grace), next.ID
	if err := s.add(ctx, project, next, &retired); err != nil {
		return Key{}, "", err
	}
	if grace == 0 {
		s.notice()
	}
	return next.shown(now), text, nil
}

// RevokeKey ends a key and all that it vouches for: bearers, tokens that it
// signed, guests. A second time changes nothing.
func (s *Service) RevokeKey(ctx context.Context, project, id string) (Key, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	old, err := s.own(project, id)
	if err != nil {
		return Key{}, err
	}
	now := s.now()
	if !old.Revoked.IsZero() {
		return old.shown(now), nil
	}
	dead := *old
	dead.Revoked, dead.secret = now.UTC().Truncate(time.Millisecond), nil
	at, value := dead.record()
	if err := s.commit(ctx, map[string][]byte{at: value}); err != nil {
		return Key{}, err
	}
	s.mu.Lock()
	s.put(&dead)
	s.mu.Unlock()
	s.notice()
	return dead.shown(now), nil
}

// own is a key that was made here.
func (s *Service) own(project, id string) (*key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[project]
	if p == nil {
		return nil, noProject(project)
	}
	k := p.keys[id]
	switch {
	case k == nil:
		return nil, chat.E(chat.CodeNotFound, "there is no key %q", id)
	case id == ConfiguredKey:
		return nil, chat.E(chat.CodeInvalid, "this key is the server's configuration: change it there, and start the server again")
	}
	return k, nil
}

// add writes a new key, and the one whose place it takes, in one commit. The
// oldest that count no more make room. writing is held.
func (s *Service) add(ctx context.Context, name string, next *key, also ...*key) error {
	s.mu.RLock()
	p := s.projects[name]
	var full []*key
	if p != nil && len(p.keys) >= maxKeys {
		full = p.oldest()
	}
	s.mu.RUnlock()
	if p == nil {
		return noProject(name)
	}
	records := make(map[string][]byte)
	var dead *key
	if full != nil {
		now := s.now()
		i := slices.IndexFunc(full, func(k *key) bool { return !k.live(now) })
		if i < 0 {
			return chat.E(chat.CodeTooMany, "a project has at most %d keys", maxKeys)
		}
		dead = full[i]
		records[recordKey+dead.ID] = nil
	}
	for _, k := range append(also, next) {
		at, value := k.record()
		records[at] = value
	}
	if err := s.commit(ctx, records); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if dead != nil {
		delete(p.keys, dead.ID)
		delete(s.texts, dead.hash)
	}
	for _, k := range append(also, next) {
		s.put(k)
	}
	s.endings = s.nextEnd(s.now())
	return nil
}

// put has k count from here on. mu is held, or nobody knows of s yet.
func (s *Service) put(k *key) {
	s.projects[k.Project].keys[k.ID] = k
	s.texts[k.hash] = k
}

// nextEnd is when the next key that was replaced ends. mu is held.
func (s *Service) nextEnd(now time.Time) time.Time {
	var next time.Time
	for _, p := range s.projects {
		for _, k := range p.keys {
			if k.Ends.After(now) && (next.IsZero() || k.Ends.Before(next)) {
				next = k.Ends
			}
		}
	}
	return next
}
