package chat

import (
	"context"
	"time"
)

// Typing ends this long after its last sign, by the server's clock.
const typingLasts = 3 * time.Second

// typingAgain is how often a sign of typing that goes on is passed on: some
// clients forget a typist by themselves after three seconds.
const typingAgain = time.Second

// maxTypists bounds who is shown as typing in one channel.
const maxTypists = 100

type typist struct {
	session *Session
	name    string
	until   time.Time
	told    time.Time
}

func (s *Session) typing(ctx context.Context, sub *subscription, on bool) error {
	r := sub.room
	id := s.Identity()
	if err := r.permit(ctx, &id, OpSignal); err != nil {
		return err
	}
	if on { // each end had its beginning
		if err := r.hub.limitSigns(&id, nil); err != nil {
			return err
		}
		if r.hub.limitChannel(&id, &r.signals) != nil {
			return nil // there is too much to tell
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !on {
		r.endTyping(id.User)
		return nil
	}
	now := r.hub.now()
	t := r.typists[id.User]
	if t == nil {
		if len(r.typists) >= maxTypists {
			return nil
		}
		t = &typist{name: id.Name}
		if r.typists == nil {
			r.typists = make(map[string]*typist)
		}
		r.typists[id.User] = t
		r.hub.watch(r)
	}
	t.session, t.until = s, now.Add(typingLasts)
	if now.Sub(t.told) >= typingAgain {
		t.told = now
		r.tellTyping(id.User, t, true)
	}
	return nil
}

// endTyping is harmless for who does not type. room.mu is held.
func (r *room) endTyping(user string) {
	if t := r.typists[user]; t != nil {
		delete(r.typists, user)
		r.tellTyping(user, t, false)
	}
}

// stopTyping ends what the session's user types, if it was this session that
// said so. room.mu is held.
func (r *room) stopTyping(s *Session) {
	if len(r.typists) == 0 {
		return
	}
	user := s.Identity().User
	if t := r.typists[user]; t != nil && t.session == s {
		r.endTyping(user)
	}
}

func (r *room) tellTyping(user string, t *typist, on bool) {
	s := &Signal{Kind: SignalTyping, Channel: r.id, User: user, UserName: t.name, Typing: on, At: r.hub.now()}
	t.session.sign(s)
	r.signal(newSignalDelivery(s, t.session.others()))
}

// expireTyping ends what had no sign for too long; it reports whether anybody
// still types.
func (r *room) expireTyping(now time.Time) bool {
	for user, t := range r.typists {
		if !now.Before(t.until) {
			r.endTyping(user)
		}
	}
	return len(r.typists) > 0
}

// typing is everybody who types.
func (r *room) typing() []Presence {
	var list []Presence
	for user, t := range r.typists {
		list = append(list, Presence{User: user, Name: t.name, Status: Online})
	}
	sortPresence(list)
	return list
}
