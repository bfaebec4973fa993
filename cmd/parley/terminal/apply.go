package terminal

import (
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// state follows the connection.
func (a *app) state(s client.Status) tea.Cmd {
	a.status = s
	switch s.State {
	case client.Connected:
		a.trying = nil
		first := a.me == ""
		a.me, a.myName = s.UserID, s.Name
		for _, r := range a.rooms {
			r.me = a.me
		}
		if first {
			return tea.Batch(a.load(a.open), a.relist())
		}
		return tea.Batch(a.load(a.open), a.readList())
	case client.Connecting, client.Reconnecting:
		if s.Err != nil {
			a.trying = root(s.Err)
		}
		for _, r := range a.rooms {
			r.alone()
		}
	case client.Closed:
		if s.Err != nil {
			a.failure = a.o.fault("", a.client, s.Err)
		}
	}
	return nil
}

// happened applies an event to its room.
func (a *app) happened(m happened) tea.Cmd {
	r := a.rooms[m.room]
	if r == nil {
		return nil // it was put away
	}
	if e, ok := m.event.(*client.Message); ok {
		r.count(e)
	}
	if r.loaded {
		r.view.Apply(m.event)
	}
	switch e := m.event.(type) {
	case *client.Message:
		r.heard(e)
		r.refresh(e.ID, e.ParentID)
	case *client.Update:
		r.refresh(e.ID)
	case *client.Deletion:
		r.refresh(e.ID, e.ParentID)
	case *client.Reaction:
		r.refresh(e.ID)
	case *client.Pin:
		r.refresh(e.ID)
	case *client.Subscribed:
		r.began(e)
	case *client.Level:
		r.level(e)
	case *client.Crowd:
		r.crowd(e)
	case *client.Typing:
		r.types(e)
	case *client.Receipt:
		r.receipt(e)
	case *client.Reset:
		return a.again(r, e)
	case *client.Dropped:
		r.sub, r.loaded, r.fault = nil, false, e.Err
		return a.readList() // whether it is the user's still
	}
	return nil
}

// again reads a channel anew whose log cannot be resumed.
func (a *app) again(r *room, e *client.Reset) tea.Cmd {
	if !r.loaded {
		return nil
	}
	r.reset()
	a.alert("the log of %s cannot be resumed (%s): it is read anew", r.heading(), e.Reason)
	r.loading = true
	return a.page(r, client.Range{Limit: pageSize}, true)
}

// count keeps the numbers of what was not read.
func (r *room) count(m *client.Message) {
	if m.SenderID == r.me || m.Seq <= r.read || !m.DeletedAt.IsZero() || r.byID[m.ID] != nil {
		return
	}
	r.unread++
	if slices.Contains(m.Mentions, r.me) {
		r.mentions++
	}
}

// heard notes who said something, and that it was what was typed.
func (r *room) heard(m *client.Message) {
	if _, known := r.names[m.SenderID]; !known || m.SenderName != "" {
		r.names[m.SenderID] = m.SenderName
	}
	delete(r.typing, m.SenderID)
	if e := r.byNonce(m.Nonce); e != nil && m.SenderID == r.me {
		r.sent(e, m.ID, m.Seq, m.CreatedAt)
	}
}

// refresh brings entries up to date with the view.
func (r *room) refresh(ids ...string) {
	for _, id := range ids {
		m := r.view.Message(id)
		if m == nil {
			continue
		}
		e := r.byID[id]
		if e == nil {
			e = &entry{}
			e.become(m, r.me)
			r.add(e)
			continue
		}
		if !e.become(m, r.me) {
			continue
		}
		if e.deleted {
			r.letGo(e)
		}
		for _, other := range r.entries {
			if other.parent == id {
				other.changed() // it quotes e
			}
		}
	}
}

// letGo of what is no more: nothing can be done to it.
func (r *room) letGo(e *entry) {
	if r.picked == e {
		r.picked = nil
	}
	if r.reply == e {
		r.reply = nil
	}
	if r.edit == e {
		r.edit = nil
		r.input.set("")
	}
}

func (r *room) began(s *client.Subscribed) {
	r.read = max(r.read, s.Cursor.Read)
	if r.opened {
		return
	}
	r.opened = true
	if n := len(r.entries); r.fresh == 0 && s.Cursor.Read > 0 && n > 0 && r.entries[n-1].seq > s.Cursor.Read {
		r.fresh = s.Cursor.Read
	}
}

// alone forgets who is here: without a connection nobody can say.
func (r *room) alone() {
	for id, p := range r.people {
		r.names[id] = orElse(p.UserName, r.names[id])
	}
	clear(r.people)
	clear(r.typing)
}

func (r *room) level(l *client.Level) {
	r.alone()
	for _, p := range l.Present {
		r.people[p.UserID] = p
	}
	for _, p := range l.Typing {
		r.typing[p.UserID] = true
	}
	for _, c := range l.Cursors {
		r.cursors[c.UserID] = c
	}
}

func (r *room) crowd(c *client.Crowd) {
	for _, list := range [][]client.Presence{c.Joined, c.Changed} {
		for _, p := range list {
			r.people[p.UserID] = p
		}
	}
	for _, p := range c.Left {
		r.names[p.UserID] = r.people[p.UserID].UserName
		delete(r.people, p.UserID)
		delete(r.typing, p.UserID)
	}
}

func (r *room) types(t *client.Typing) {
	if t.UserID == r.me {
		return
	}
	if t.UserName != "" {
		r.names[t.UserID] = t.UserName
	}
	delete(r.typing, t.UserID)
	if t.Typing {
		r.typing[t.UserID] = true
	}
}

func (r *room) receipt(c *client.Receipt) {
	have := r.cursors[c.UserID]
	have.UserID = c.UserID
	if c.Read {
		have.Read = max(have.Read, c.Seq)
	}
	have.Delivered = max(have.Delivered, c.Seq)
	r.cursors[c.UserID] = have
	if c.UserID == r.me && c.Read && c.Seq > r.read {
		r.read = c.Seq // by another device
		r.unread, r.mentions = 0, 0
	}
}

// here are those who can be seen, without oneself, those who are away last.
func (r *room) here() (names []string) {
	for _, id := range r.known() {
		p, here := r.people[id]
		switch {
		case !here || id == r.me:
		case p.Status == chat.Away:
			names = append(names, "○ "+r.user(id))
		default:
			names = append(names, "● "+r.user(id))
		}
	}
	return names
}
