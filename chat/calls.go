package chat

import (
	"slices"
	"sync"
	"time"
)

// The times of calls.
const (
	ringsFor    = 45 * time.Second // without an answer: Missed
	callWaits   = 15 * time.Second // for a user of a call who has no device any more: Ended
	callIsKnown = time.Minute      // for so long one may ask for a call that is over
)

// Bounds of calls under way or known, so that nobody fills memory with them.
const (
	maxRinging    = 20 // that one user started, or that one user is called by
	maxCallsKnown = 2000
)

// calls are those under way on this node, and those that were just now.
//
// What mu guards keeps these: between two users at most one call is under way;
// a user in an accepted call has no other; every state is told while mu is
// held, so that every device is told them in their order.
type calls struct {
	mu        sync.Mutex
	byID      map[string]*calling
	byUser    map[userKey][]*calling // those under way
	over      []*calling             // still in byID, the first that ended first
	unwritten []*Call                // over, and without their event
	failing   bool                   // writing them failed: a slow tick tries again
	closed    bool
}

// calling is a call as the hub knows it.
type calling struct {
	call    *Call
	session string               // by which it was accepted; "" for a request
	gone    map[string]time.Time // since when a user of it has no device
}

func (c *calling) key(user string) userKey { return userKey{c.call.Channel.Project, user} }

// between is the call under way of two users, or nil. mu is held.
func (cs *calls) between(key userKey, other string) *calling {
	for _, c := range cs.byUser[key] {
		if c.call.Caller == other || c.call.Callee == other {
			return c
		}
	}
	return nil
}

// talks reports whether the user is in an accepted call. mu is held.
func (cs *calls) talks(key userKey) bool {
	return slices.ContainsFunc(cs.byUser[key], func(c *calling) bool { return c.call.State == Accepted })
}

// add takes in a call that is under way. mu is held.
func (cs *calls) add(c *calling) {
	if cs.byID == nil {
		cs.byID, cs.byUser = make(map[string]*calling), make(map[userKey][]*calling)
	}
	cs.byID[c.call.ID] = c
	for _, user := range []string{c.call.Caller, c.call.Callee} {
		cs.byUser[c.key(user)] = append(cs.byUser[c.key(user)], c)
	}
}

// end takes a call out of those under way; its event is to be written. mu is
// held.
func (cs *calls) end(c *calling) {
	for _, user := range []string{c.call.Caller, c.call.Callee} {
		key := c.key(user)
		left := slices.DeleteFunc(cs.byUser[key], func(o *calling) bool { return o == c })
		if len(left) == 0 {
			delete(cs.byUser, key)
			continue
		}
		cs.byUser[key] = left
	}
	cs.over = append(cs.over, c)
}

// forget drops what nobody may ask for any more. mu is held.
func (cs *calls) forget(now time.Time) {
	for len(cs.over) > 0 && (len(cs.over) > maxCallsKnown || now.Sub(cs.over[0].call.EndedAt) >= callIsKnown) {
		delete(cs.byID, cs.over[0].call.ID)
		cs.over[0] = nil
		cs.over = cs.over[1:]
	}
}

// due is what the clock does to the call: "" for nothing. A callee may be rung
// who has no device, and connect.
func (c *calling) due(now time.Time) CallState {
	if c.call.State == Ringing && now.Sub(c.call.StartedAt) >= ringsFor {
		return Missed
	}
	for user, since := range c.gone {
		if now.Sub(since) >= callWaits && (user == c.call.Caller || c.call.State == Accepted) {
			return Ended
		}
	}
	return ""
}

// overdue are the calls with which the clock has to do something. mu is held.
func (cs *calls) overdue(now time.Time) (list []*calling) {
	for key, calls := range cs.byUser {
		for _, c := range calls {
			if key.id == c.call.Caller && c.due(now) != "" {
				list = append(list, c)
			}
		}
	}
	return list
}

// miss notes that the user has no device from now on.
func (c *calling) miss(user string, now time.Time) {
	if c.gone == nil {
		c.gone = make(map[string]time.Time)
	}
	c.gone[user] = now
}

// absent is told when a user's last device has gone.
func (cs *calls) absent(h *Hub, key userKey) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.byUser[key]) == 0 || h.here(key) { // another came meanwhile
		return
	}
	for _, c := range cs.byUser[key] {
		c.miss(key.id, h.now())
	}
}
