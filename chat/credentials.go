package chat

import (
	"context"
	"time"
)

// claim holds what a frame says of its sender against who the session is. Only
// under --dev does it decide: the first frame that names a user names the
// session.
func (s *Session) claim(ctx context.Context, r Request) error {
	if r.User == "" {
		return nil
	}
	s.mu.Lock()
	id := s.identity
	s.mu.Unlock()
	switch {
	case id.Renames:
		if err := CheckUserID(r.User); err != nil {
			return err
		}
		if err := CheckUserName(r.Name); err != nil {
			return err
		}
		next := id
		next.User, next.Name, next.Renames, next.Guest = r.User, r.Name, false, false
		s.become(ctx, next)
	case id.Anonymous():
		return E(CodeUnauthorized, "a frame that names its sender needs a token")
	case id.User != r.User:
		return E(CodeForeignSender, "the frame claims to be from %q", r.User)
	}
	return nil
}

// become makes the session another identity's, wherever it is seen, and ends
// the subscriptions that this one may not have.
func (s *Session) become(ctx context.Context, next Identity) {
	before := s.Identity()
	subs := s.subscriptions()
	for _, sub := range subs {
		sub.room.mu.Lock()
		if !sub.ended {
			sub.room.stopTyping(s)
			sub.room.crowd.leave(sub.room, sub)
		}
		sub.room.mu.Unlock()
	}
	s.mu.Lock()
	s.identity = next
	k := s.ticket
	s.mu.Unlock()
	if k != nil {
		k.become(&next)
		s.hub.tickets.later(k)
	}
	s.hub.depart(s, before)
	s.hub.enter(s, next)
	if s.isClosed() { // meanwhile: Close may have looked for it before it was there
		s.hub.depart(s, next)
		return
	}
	s.hub.ring(s, next)
	for _, sub := range subs {
		err := sub.room.permit(ctx, &next, OpRead)
		sub.room.mu.Lock()
		switch {
		case sub.ended:
		case err != nil:
			sub.presence = false // it has left the crowd
			s.drop(sub, AsError(err))
		default:
			sub.room.crowd.join(sub.room, sub)
		}
		sub.room.mu.Unlock()
	}
}

// reauthenticate is Authenticate's: the token names the session's user, or
// renews the credentials.
func (s *Session) reauthenticate(ctx context.Context, token string) (*Connected, error) {
	if _, err := s.identify(ctx, token, true); err != nil {
		return nil, err
	}
	return s.connected(), nil
}

// vouched is a token that a frame carried and that was good.
type vouched struct {
	token string
	until time.Time // zero: for ever
}

// vouch holds the token that a frame carries against who the session is, or
// names the session by it. What was accepted last costs nothing until it
// expires, or until tokens are reviewed.
func (s *Session) vouch(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	s.mu.Lock()
	last := s.vouched
	s.mu.Unlock()
	if last != nil && last.token == token && (last.until.IsZero() || s.hub.now().Before(last.until)) {
		return nil
	}
	next, err := s.identify(ctx, token, false)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.vouched = &vouched{token: token, until: next.Expires}
	s.mu.Unlock()
	return nil
}

// unvouch has the next token that a frame carries looked at anew.
func (s *Session) unvouch() {
	s.mu.Lock()
	s.vouched = nil
	s.mu.Unlock()
}

// identify is for whom the token is: the session's own user from here on, if it
// had none; else it must be the same. The session takes its credentials over if
// renew says so, or if they are good for longer.
func (s *Session) identify(ctx context.Context, token string, renew bool) (Identity, error) {
	if s.hub.authenticate == nil {
		return Identity{}, E(CodeUnauthorized, "tokens are not taken here")
	}
	next, err := s.hub.authenticate(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if next.Project == "" {
		return next, nil // --dev: the token says nothing of who this is
	}
	now := s.Identity()
	next.From = now.From
	switch {
	case now.Anonymous() || now.Guest || now.Renames:
		if len(s.subscriptions()) > 0 && now.Project != next.Project {
			return Identity{}, E(CodeForbidden, "the token is of another project")
		}
		s.become(ctx, next)
	case now.Project != next.Project || now.User != next.User:
		return Identity{}, E(CodeForeignSender, "the token is of another user than the session")
	case renew || next.outlasts(&now):
		s.mu.Lock()
		s.identity = next
		s.mu.Unlock()
		s.recheck(ctx, next)
	}
	return next, nil
}

// recheck ends the subscriptions that id may not have.
func (s *Session) recheck(ctx context.Context, id Identity) {
	for _, sub := range s.subscriptions() {
		if err := sub.room.permit(ctx, &id, OpRead); err != nil && ignoreRefusal(err) == nil {
			s.endSubscription(sub, AsError(err))
		}
	}
}

func (s *Session) connected() *Connected {
	id := s.Identity()
	return &Connected{Session: s.id, User: id.User, Name: id.Name, Guest: id.Guest, Pass: id.Pass, Expires: id.Expires}
}
