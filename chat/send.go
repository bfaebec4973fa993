package chat

import (
	"context"
	"sync"
)

// kinDeliveries is how many deliveries a second the broadcasts to one dialect's
// sessions in a project may come to. When a crowd comes back at once, everybody
// says hello to everybody, which grows with the square of the crowd; a delivery
// costs about 15 µs, so that this many take a third of a core at most.
const kinDeliveries = 20_000

// Signal passes a custom signal on for a caller without a session.
func (h *Hub) Signal(ctx context.Context, id *Identity, c Send) error {
	return h.send(ctx, id, nil, c)
}

// send passes a custom signal on: to a channel, to a user's devices, to one
// session or to a dialect's.
func (h *Hub) send(ctx context.Context, id *Identity, from *Session, c Send) error {
	if err := c.check(from); err != nil {
		return err
	}
	if c.Channel == "" { // else with the channel's own, by sendToChannel
		if err := h.limit(id, nil); err != nil {
			return err
		}
	}
	s := &Signal{
		Kind: SignalCustom, Channel: ChannelID{id.Project, c.Channel},
		User: id.User, UserName: id.Name, Name: c.Name, Data: c.Data, At: h.now(),
	}
	from.sign(s)
	to := &audience{from: from, except: c.Except, only: c.Only, dialect: s.Dialect, kin: c.Kin, echo: c.Echo}
	d := newSignalDelivery(s, to)
	switch {
	case c.Channel != "":
		return h.sendToChannel(ctx, id, d)
	case id.Anonymous() || !id.Has(ScopeSend):
		return E(CodeForbidden, "the token lacks the scope %s", ScopeSend)
	case c.To != "":
		return h.sendToUser(ctx, id, d, c.To)
	case c.Only != "":
		return h.sendToSession(ctx, id, d, c.Only)
	}
	d.expendable = true
	h.sendToKin(d)
	return nil
}

func (c *Send) check(from *Session) error {
	if err := checkName("event name", c.Name, MaxNonce); err != nil {
		return err
	}
	switch {
	case len(c.Data) > MaxSignal:
		return E(CodeTooLarge, "a signal's data is over %d bytes", MaxSignal)
	case c.Channel != "" && c.To != "":
		return E(CodeInvalid, "a signal goes to a channel or to a user, not to both")
	case c.Kin && from == nil:
		return E(CodeInvalid, "only a session has kin")
	case c.Channel == "" && c.To == "" && c.Only == "" && !c.Kin:
		return E(CodeInvalid, "a signal goes to a channel, to a user, to a session or to kin")
	}
	return nil
}

func (h *Hub) sendToChannel(ctx context.Context, id *Identity, d *Delivery) error {
	r, err := h.acquire(ctx, d.Signal.Channel)
	if err != nil {
		return err
	}
	defer h.release(r)
	if err := r.permit(ctx, id, OpSignal); err != nil {
		return err
	}
	if err := h.limit(id, &r.signals); err != nil {
		return err
	}
	r.tell(d)
	return nil
}

func (h *Hub) sendToUser(ctx context.Context, id *Identity, d *Delivery, to string) error {
	if err := h.permitDirect(ctx, id, to, OpSignal); err != nil {
		return err
	}
	var few [8]*Session
	for _, s := range h.devices(few[:0], userKey{id.Project, to}) {
		s.offerSignal(d)
	}
	return nil
}

// permitDirect asks for a right in the direct channel of id's user and another.
// A server key without a user may reach anybody.
func (h *Hub) permitDirect(ctx context.Context, id *Identity, other string, op Operation) error {
	if err := CheckUserID(other); err != nil {
		return err
	}
	if id.User == "" {
		if id.Server {
			return nil
		}
		return E(CodeUnauthorized, "only a user reaches a user")
	}
	return h.Permit(ctx, id, DirectName(id.User, other), op)
}

// sendToSession reaches one session by its id, which its own client alone was
// told: who knows it was given it.
func (h *Hub) sendToSession(ctx context.Context, id *Identity, d *Delivery, session string) error {
	s := h.session(session)
	if s == nil {
		return E(CodeNotFound, "there is no such session")
	}
	of := s.Identity()
	if of.Project != id.Project {
		return E(CodeNotFound, "there is no such session")
	}
	if of.User != "" {
		if err := h.unwanted(ctx, id, of.User); err != nil {
			return err
		}
	}
	s.offerSignal(d)
	return nil
}

// sendToKin offers d to all sessions of the project that speak its dialect,
// while that is within bounds; else to the sender alone.
func (h *Hub) sendToKin(d *Delivery) {
	list := sessionLists.Get().(*sessionList)
	defer list.free()
	project := d.Signal.Channel.Project
	h.mu.RLock()
	for _, s := range h.sessions {
		if s.isOf(project) && d.audience.has(s) {
			list.sessions = append(list.sessions, s)
		}
	}
	h.mu.RUnlock()
	if h.mayTellKin(kinKey{project, d.Signal.Dialect}, len(list.sessions)) {
		for _, s := range list.sessions {
			s.offerSignal(d)
		}
		return
	}
	h.stats.signalsDropped.Add(uint64(len(list.sessions)))
	if d.audience.echo {
		d.audience.from.offerSignal(d)
	}
}

type kinKey struct{ project, dialect string }

func (h *Hub) mayTellKin(key kinKey, n int) bool {
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	b := h.kin[key]
	if b == nil {
		b = &bucket{}
		h.kin[key] = b
	}
	return b.owe(h.now(), kinDeliveries, kinDeliveries, float64(n))
}

// isOf reports whether the session belongs to the project.
func (s *Session) isOf(project string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity.Project == project
}

// sessionList is reused, so that a broadcast does not allocate with the number
// of its recipients.
type sessionList struct{ sessions []*Session }

var sessionLists = sync.Pool{New: func() any { return new(sessionList) }}

func (l *sessionList) free() {
	clear(l.sessions)
	l.sessions = l.sessions[:0]
	sessionLists.Put(l)
}
