package chat

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// SessionInfo is a session as its user and operators see it.
type SessionInfo struct {
	ID, User, Name string
	Key            string // the id of the project key that vouches for it; "" if none
	From           Origin // zero: not known
	Dialect        string // see Speech; "" if it is not known
	Device         string // see SetDevice; "" if it was not named
	Guest, Away    bool
	Since          time.Time
	Channels       []string // subscribed to, in name order
	QueueBytes     int      // that wait to be sent to it
	CatchingUp     int      // subscriptions that are behind their channel
}

// Sessions are a page of a user's sessions on this node, in the order of their
// ids, those after one id, at most limit; of everybody in the project if user is
// "". Those that were told to end are not among them. Others' take a server key.
func (h *Hub) Sessions(_ context.Context, id *Identity, user, after string, limit int) ([]SessionInfo, error) {
	if !id.Server && (user == "" || user != id.User) {
		return nil, E(CodeForbidden, "others' sessions take a secret key")
	}
	theirs := slices.DeleteFunc(h.all(), func(s *Session) bool {
		of := s.Identity()
		return s.id <= after || of.Project != id.Project || user != "" && of.User != user || s.isDismissed()
	})
	slices.SortFunc(theirs, func(a, b *Session) int { return cmp.Compare(a.id, b.id) })
	list := []SessionInfo{}
	for _, s := range theirs[:min(max(limit, 0), len(theirs))] {
		list = append(list, s.info())
	}
	return list, nil
}

// Disconnect ends a session on this node: one's own, or with a server key
// anybody's. Its client may come back.
func (h *Hub) Disconnect(_ context.Context, id *Identity, session string) error {
	s := h.session(session)
	if s == nil || s.isDismissed() {
		return E(CodeNotFound, "there is no such session")
	}
	of := s.Identity()
	if of.Project != id.Project || !id.Server && (of.User != id.User || id.User == "") {
		return E(CodeNotFound, "there is no such session")
	}
	s.dismiss(E(CodeDisconnected, "the session was ended"))
	return nil
}

// session is the one of that id on this node, or nil.
func (h *Hub) session(id string) *Session {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.sessions[id]
}

// Review asks check of every session's identity, and ends those for which
// it has an error. It is for credentials that are no longer good.
func (h *Hub) Review(check func(Identity) *Error) {
	for _, s := range h.all() {
		s.unvouch()
		if err := check(s.Identity()); err != nil {
			s.dismiss(err)
		}
	}
}

func (h *Hub) all() []*Session {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Collect(maps.Values(h.sessions))
}

// dismiss tells the client why, and closes its connection.
func (s *Session) dismiss(why *Error) {
	s.mu.Lock()
	s.dismissed = true
	s.mu.Unlock()
	s.tell(&Delivery{Notice: &Expiring{Err: why}})
	s.sink.Close(why)
}

func (s *Session) isDismissed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dismissed
}

func (s *Session) info() SessionInfo {
	s.hub.usersMu.Lock()
	away := s.away
	s.hub.usersMu.Unlock()
	speech := s.speech()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := SessionInfo{
		ID: s.id, User: s.identity.User, Name: s.identity.Name, Key: s.identity.Key, Dialect: speech.Dialect, Device: s.device,
		Guest: s.identity.Guest, Away: away, Since: s.since, Channels: make([]string, 0, len(s.subs)),
		QueueBytes: s.queue.bytes, CatchingUp: len(s.lagging),
	}
	if from := s.identity.From; from != nil {
		i.From = *from
	}
	for name := range s.subs {
		i.Channels = append(i.Channels, name)
	}
	slices.Sort(i.Channels)
	return i
}
