package chat

import (
	"context"
	"time"
)

// StartCall rings another user, for a caller without a session.
func (h *Hub) StartCall(ctx context.Context, id *Identity, c StartCall) (*Call, error) {
	return h.startCall(ctx, id, nil, c)
}

// AnswerCall moves a call on, for a caller without a session. The call is nil
// if a call with a peer was meant and there is none.
func (h *Hub) AnswerCall(ctx context.Context, id *Identity, c AnswerCall) (*Call, error) {
	return h.answerCall(ctx, id, nil, c)
}

// Call is a call of the user's, or with a server key anybody's, that is under
// way or was within the last minute.
func (h *Hub) Call(_ context.Context, id *Identity, call string) (*Call, error) {
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	c := h.calls.byID[call]
	if c == nil || !c.concerns(id) {
		return nil, errNoCall()
	}
	return c.call, nil
}

func errNoCall() *Error { return E(CodeNotFound, "there is no such call under way") }

// concerns reports whether id may know of the call.
func (c *calling) concerns(id *Identity) bool {
	return c.call.Channel.Project == id.Project && (id.Server || id.User == c.call.Caller || id.User == c.call.Callee)
}

func (h *Hub) startCall(ctx context.Context, id *Identity, from *Session, c StartCall) (*Call, error) {
	if len(c.Data) > MaxSignal {
		return nil, E(CodeTooLarge, "a call's data is over %d bytes", MaxSignal)
	}
	if id.User == "" || id.User == c.To {
		return nil, E(CodeInvalid, "a call is a user's with another: name them")
	}
	if err := h.permitDirect(ctx, id, c.To, OpSignal); err != nil {
		return nil, err
	}
	direct := DirectName(id.User, c.To)
	if c.Channel == "" {
		c.Channel = direct
	}
	if c.Channel != direct {
		if err := h.Permit(ctx, id, c.Channel, OpPost); err != nil {
			return nil, err
		}
	}
	if err := h.limit(id, nil); err != nil {
		return nil, err
	}
	call, err := h.placeCall(from, &Call{
		ID: newUUID(), Channel: ChannelID{id.Project, c.Channel}, Caller: id.User, CallerName: id.Name, Callee: c.To,
		Data: c.Data, State: Ringing, By: id.User, StartedAt: h.callTime(),
	})
	if err != nil || !call.Over() {
		return call, err
	}
	return call, h.recordNow(ctx, call)
}

// callTime is the present as events have it.
func (h *Hub) callTime() time.Time { return h.now().UTC().Truncate(time.Millisecond) }

// placeCall begins a call, which may be over at once, and tells of it.
func (h *Hub) placeCall(from *Session, call *Call) (*Call, error) {
	cs := &h.calls
	c := &calling{call: call}
	caller, callee := c.key(call.Caller), c.key(call.Callee)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	started, rings := 0, 0
	for _, other := range cs.byUser[caller] {
		if other.call.Caller == call.Caller {
			started++
		}
	}
	for _, other := range cs.byUser[callee] {
		if other.call.Callee == call.Callee {
			rings++
		}
	}
	switch {
	case cs.closed:
		return nil, E(CodeGoingAway, "the server is shutting down")
	case cs.between(caller, call.Callee) != nil:
		return nil, E(CodeExists, "a call with %q is under way", call.Callee)
	case cs.talks(caller):
		return nil, E(CodeExists, "another call is under way")
	case started >= maxRinging:
		return nil, E(CodeTooMany, "at most %d calls at a time", maxRinging)
	}
	cs.add(c)
	if cs.talks(callee) || rings >= maxRinging {
		h.turn(c, Busy, call.Callee, nil)
		return c.call, nil
	}
	if !h.here(caller) {
		c.miss(call.Caller, h.now())
	}
	h.tellCall(c.call, from)
	return c.call, nil
}

func (h *Hub) answerCall(ctx context.Context, id *Identity, from *Session, a AnswerCall) (*Call, error) {
	if id.User == "" {
		return nil, E(CodeInvalid, "a call is a user's: name one")
	}
	if !id.Has(ScopeSend) {
		return nil, E(CodeForbidden, "the token lacks the scope %s", ScopeSend)
	}
	call := h.meant(id, a)
	if call == nil && a.Peer != "" && a.ID == "" {
		return nil, nil
	}
	if call == nil {
		return nil, errNoCall()
	}
	if a.State == Accepted {
		if err := h.permitDirect(ctx, id, call.Caller, OpSignal); err != nil {
			return nil, err
		}
	}
	call, over, err := h.moveCall(id, from, call.ID, a.State)
	for _, other := range over {
		if failed := h.recordNow(ctx, other); failed != nil && other == call {
			err = failed
		}
	}
	return call, err
}

// meant is the call that the answer names, or nil.
func (h *Hub) meant(id *Identity, a AnswerCall) *Call {
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	c := h.calls.byID[a.ID]
	if a.ID == "" {
		c = h.calls.between(userKey{id.Project, id.User}, a.Peer)
	}
	if c == nil || c.call.Channel.Project != id.Project || (id.User != c.call.Caller && id.User != c.call.Callee) {
		return nil
	}
	return c.call
}

// moveCall brings a call of id's user into a state, if that follows; the calls
// that are over by it are to be recorded. To hang up what is over is no error:
// both sides may at once.
func (h *Hub) moveCall(id *Identity, from *Session, call string, state CallState) (now *Call, over []*Call, err error) {
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	c := h.calls.byID[call]
	switch {
	case c == nil || c.call.Over() && state == Accepted:
		return nil, nil, errNoCall()
	case c.call.Over():
		return c.call, nil, nil
	case c.call.State == Accepted && state == Accepted && from != nil && c.session == from.id:
		return c.call, nil, nil // it says so again
	}
	if err := c.call.allows(id.User, state); err != nil {
		return nil, nil, err
	}
	h.turn(c, state, id.User, from)
	if state != Accepted {
		return c.call, []*Call{c.call}, nil
	}
	if from != nil {
		c.session = from.id
	}
	if !h.here(c.key(id.User)) {
		c.miss(id.User, h.now())
	}
	return c.call, h.endOthers(c), nil
}

// endOthers ends what else its two users have under way, now that c is
// accepted: who calls them finds them busy, whom they call is let go.
// h.calls.mu is held.
func (h *Hub) endOthers(c *calling) (over []*Call) {
	for _, user := range []string{c.call.Caller, c.call.Callee} {
		for _, other := range append([]*calling(nil), h.calls.byUser[c.key(user)]...) {
			if other == c {
				continue
			}
			state := Busy
			if other.call.Caller == user {
				state = Ended
			}
			h.turn(other, state, user, nil)
			over = append(over, other.call)
		}
	}
	return over
}

// turn brings a call into its next state and tells of it. h.calls.mu is held.
func (h *Hub) turn(c *calling, state CallState, by string, from *Session) {
	c.call = c.call.in(state, by, h.callTime())
	if c.call.Over() {
		h.calls.end(c)
	}
	h.tellCall(c.call, from)
}

// tellCall tells every device of both users. h.calls.mu is held.
func (h *Hub) tellCall(call *Call, from *Session) {
	d := callDelivery(call, from, h.now())
	var few [16]*Session
	devices := h.devices(few[:0], userKey{call.Channel.Project, call.Caller})
	for _, s := range h.devices(devices, userKey{call.Channel.Project, call.Callee}) {
		s.offerSignal(d)
	}
}

func callDelivery(call *Call, from *Session, now time.Time) *Delivery {
	s := &Signal{Kind: SignalCall, Channel: ChannelID{Project: call.Channel.Project}, User: call.By, Call: call, At: now}
	if call.By == call.Caller {
		s.UserName = call.CallerName
	}
	from.sign(s)
	return newSignalDelivery(s, nil)
}

// ring tells a device that has just come of its user's calls under way.
func (h *Hub) ring(s *Session, id Identity) {
	if id.User == "" {
		return
	}
	key := userKey{id.Project, id.User}
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	for _, c := range h.calls.byUser[key] {
		delete(c.gone, id.User)
		s.offerSignal(callDelivery(c.call, nil, h.now()))
	}
}
