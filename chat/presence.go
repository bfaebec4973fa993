package chat

import (
	"slices"
	"time"
)

// presenceMerge is how long changes of who is here are gathered before they
// are told, once the first of a quiet channel has been told at once.
const presenceMerge = 250 * time.Millisecond

// smallCrowd is up to how many present the changes are told before somebody
// new sees the list, so that list and changes do not overlap.
const smallCrowd = 64

// crowd is who is present in a channel. room.mu guards it.
type crowd struct {
	subs    map[string]int    // subscriptions with presence, by user
	joined  map[string]string // the device, by user
	left    map[string]Presence
	changed map[string]bool
	told    time.Time
	listed  bool // somebody was given the list since; joined and left may be news to others alone
}

func (c *crowd) join(r *room, sub *subscription) {
	user := sub.session.Identity().User
	if !sub.presence || user == "" {
		return
	}
	if c.subs == nil {
		c.subs = make(map[string]int)
	}
	c.subs[user]++
	if c.subs[user] > 1 {
		return
	}
	device := sub.session.deviceID()
	if was, leaving := c.left[user]; leaving {
		if was.Device == device && !c.listed {
			delete(c.left, user)
			return
		}
		c.flush(r, r.hub.now()) // who shows devices has another one now, and whom the list left out is back
	}
	if c.joined == nil {
		c.joined = make(map[string]string)
	}
	c.joined[user] = device
	c.changes(r)
}

func (c *crowd) leave(r *room, sub *subscription) {
	id := sub.session.Identity()
	if !sub.presence || c.subs[id.User] == 0 {
		return
	}
	c.subs[id.User]--
	if c.subs[id.User] > 0 {
		return
	}
	delete(c.subs, id.User)
	delete(c.changed, id.User)
	if device, untold := c.joined[id.User]; untold {
		if device == "" && !c.listed {
			delete(c.joined, id.User)
			return
		}
		c.flush(r, r.hub.now()) // its dialect may have told of the device already, and so may the list
	}
	if c.left == nil {
		c.left = make(map[string]Presence)
	}
	c.left[id.User] = Presence{
		User: id.User, Name: id.Name, Status: Offline, LastSeen: r.hub.now(), Device: sub.session.deviceID(),
	}
	c.changes(r)
}

// change notes that a present user's status is another one.
func (c *crowd) change(r *room, user string) {
	if _, untold := c.joined[user]; untold || c.subs[user] == 0 {
		return
	}
	if c.changed == nil {
		c.changed = make(map[string]bool)
	}
	c.changed[user] = true
	c.changes(r)
}

// changes tells at once in a quiet channel, else at a tick of the hub's.
func (c *crowd) changes(r *room) {
	if now := r.hub.now(); now.Sub(c.told) >= presenceMerge {
		c.tell(r, now)
		return
	}
	r.hub.watch(r)
}

// tell sends what has changed since the last time; it reports whether
// anything is still untold.
func (c *crowd) tell(r *room, now time.Time) bool {
	if len(c.joined)+len(c.left)+len(c.changed) == 0 {
		return false
	}
	if now.Sub(c.told) < presenceMerge {
		return true
	}
	c.flush(r, now)
	return false
}

func (c *crowd) flush(r *room, now time.Time) {
	if len(c.joined)+len(c.left)+len(c.changed) == 0 {
		return
	}
	s := &Signal{Kind: SignalPresence, Channel: r.id, At: now}
	for user, device := range c.joined {
		p := r.hub.presence(r.id.Project, user)
		p.Device = device
		s.Joined = append(s.Joined, p)
	}
	for user := range c.changed {
		s.Changed = append(s.Changed, r.hub.presence(r.id.Project, user))
	}
	for _, p := range c.left {
		s.Left = append(s.Left, p)
	}
	for _, list := range [][]Presence{s.Joined, s.Left, s.Changed} {
		sortPresence(list)
	}
	c.joined, c.left, c.changed, c.told, c.listed = nil, nil, nil, now, false
	r.signal(newSignalDelivery(s, nil))
}

// list is everybody who is present, for somebody who is to be told of changes
// from now on.
func (c *crowd) list(h *Hub, project string) []Presence {
	c.listed = len(c.joined)+len(c.left) > 0
	all := make([]Presence, 0, len(c.subs))
	for user := range c.subs {
		all = append(all, h.presence(project, user))
	}
	sortPresence(all)
	return all
}

func sortPresence(list []Presence) {
	slices.SortFunc(list, func(a, b Presence) int {
		if a.User < b.User {
			return -1
		}
		return 1
	})
}
