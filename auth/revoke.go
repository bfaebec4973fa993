package auth

import (
	"context"
	"time"

	"github.com/parley-chat/parley/chat"
)

// The periods of Run.
const (
	reviewEvery = time.Second
	settle      = 10 * time.Second
	forgetEvery = time.Hour
)

// RevokeToken has the token with this jti count no more. until is its exp, after
// which it need not be remembered; zero: for good.
func (s *Service) RevokeToken(ctx context.Context, name, id string, until time.Time) error {
	if id == "" || len(id) > maxTokenID {
		return chat.E(chat.CodeInvalid, "a token's id has 1 to %d bytes", maxTokenID)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if !until.IsZero() {
		until = until.Add(s.leeway)
		if !s.now().Before(until) {
			return nil // its time is over: it counts no more already
		}
	}
	if s.revokedFor(name, id, until) {
		return nil
	}
	at, value := tokenRecord{Project: name, ID: id, Until: until}.record()
	return s.revoke(ctx, name, at, value, func(p *project) { p.tokens[id] = until })
}

// revokedFor reports whether the token is revoked until then, or for longer.
func (s *Service) revokedFor(name, id string, until time.Time) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[name]
	if p == nil {
		return false
	}
	old, gone := p.tokens[id]
	return gone && (old.IsZero() || !until.IsZero() && !until.After(old))
}

// RevokeUser has the user's tokens that were issued until now count no more.
// Those issued from the time on that it returns do: tokens count in seconds,
// and one of this very second may be older than the revocation.
func (s *Service) RevokeUser(ctx context.Context, name, user string) (time.Time, error) {
	if err := chat.CheckUserID(user); err != nil {
		return time.Time{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	before := s.now().UTC().Truncate(time.Second).Add(time.Second)
	at, value := userRecord{Project: name, User: user, Before: before}.record()
	return before, s.revoke(ctx, name, at, value, func(p *project) { p.users[user] = before })
}

// revoke writes a revocation down, and only then has it count. writing is held.
func (s *Service) revoke(ctx context.Context, name, at string, value []byte, apply func(*project)) error {
	s.mu.RLock()
	p := s.projects[name]
	s.mu.RUnlock()
	if p == nil {
		return noProject(name)
	}
	if err := s.commit(ctx, map[string][]byte{at: value}); err != nil {
		return err
	}
	s.mu.Lock()
	apply(p)
	s.mu.Unlock()
	s.notice()
	return nil
}

// notice has Run look at the sessions. It does not block.
func (s *Service) notice() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Check is nil as long as what vouched for id still does; else it is
// CodeTokenRevoked. The end of a token is no matter of it: id has that itself.
func (s *Service) Check(id chat.Identity) *chat.Error {
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[id.Project]
	if p == nil {
		return nil
	}
	if id.Key != "" && !p.vouches(id.Key, id.Guest, now) {
		return chat.E(chat.CodeTokenRevoked, "the key was revoked, or another has taken its place")
	}
	if _, gone := p.tokens[id.TokenID]; gone {
		return chat.E(chat.CodeTokenRevoked, "the token was revoked")
	}
	// Who came without a token, with a secret key or under --dev, has no time of issue.
	if !id.Issued.IsZero() && id.Issued.Before(p.users[id.User]) {
		return chat.E(chat.CodeTokenRevoked, "the user's tokens were revoked")
	}
	return nil
}

// vouches reports whether the key still stands for whom it let in. Guests stay
// when their key is replaced.
func (p *project) vouches(id string, guest bool, now time.Time) bool {
	k := p.keys[id]
	if k == nil {
		return false
	}
	if guest {
		return p.heir(k, now) != nil
	}
	return k.live(now)
}

// Run has review, which is chat.Hub's, end the sessions of what was revoked, at
// once, and of keys whose time is over. It also forgets revocations that no
// longer matter. It returns when ctx ends.
//
// After a revocation it looks every second for a while: a connection that was
// authenticated just before may have become a session only after the first look.
func (s *Service) Run(ctx context.Context, review func(check func(chat.Identity) *chat.Error)) {
	tick := time.NewTicker(reviewEvery)
	defer tick.Stop()
	var until, forgotten time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
			until = s.now().Add(settle)
			review(s.Check)
			continue
		case <-tick.C:
		}
		now := s.now()
		if s.keyEnded(now) {
			until = now.Add(settle)
		}
		if now.Before(until) {
			review(s.Check)
		}
		if now.Sub(forgotten) >= forgetEvery {
			forgotten = now
			if err := s.forget(ctx, now); err != nil {
				s.log.Error("forget revocations", "err", err)
			}
		}
	}
}

// keyEnded reports whether a key's time was over since it was last asked.
func (s *Service) keyEnded(now time.Time) bool {
	s.mu.RLock()
	ended := !s.endings.IsZero() && !now.Before(s.endings)
	s.mu.RUnlock()
	if ended {
		s.mu.Lock()
		s.endings = s.nextEnd(now)
		s.mu.Unlock()
	}
	return ended
}

// forget removes the revocations of tokens that have ended since.
func (s *Service) forget(ctx context.Context, now time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	records := make(map[string][]byte)
	var over []tokenRecord
	s.mu.RLock()
	for _, p := range s.projects {
		for id, until := range p.tokens {
			if !until.IsZero() && !now.Before(until) {
				r := tokenRecord{Project: p.Name, ID: id}
				at, _ := r.record()
				records[at], over = nil, append(over, r)
			}
		}
	}
	s.mu.RUnlock()
	if len(over) == 0 {
		return nil
	}
	if err := s.commit(ctx, records); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range over {
		delete(s.projects[r.Project].tokens, r.ID)
	}
	return nil
}
