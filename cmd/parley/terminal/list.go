package terminal

import (
	"cmp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

type (
	// listed is the user's list of channels, or why there is none.
	listed struct {
		channels []*client.Listed
		whole    bool // there are no more
		err      error
	}
	// relist says that the list is due again.
	relist struct{}
	// directed is a subscription that the server began to a direct channel.
	directed struct{ sub *client.Subscription }
)

// sort orders the list: channels, then direct ones, each by name.
func (a *app) sort() {
	a.list = a.list[:0]
	for name := range a.rooms {
		a.list = append(a.list, name)
	}
	slices.SortFunc(a.list, func(x, y string) int {
		rx, ry := a.rooms[x], a.rooms[y]
		direct := func(r *room) int {
			if r.peer() != "" {
				return 1
			}
			return 0
		}
		return cmp.Or(direct(rx)-direct(ry), strings.Compare(strings.ToLower(rx.label()), strings.ToLower(ry.label())), strings.Compare(x, y))
	})
}

// relist reads the list of channels, now and then: what was said while there
// was no connection is nowhere else to be seen, nor is what became of
// memberships meanwhile.
func (a *app) relist() tea.Cmd {
	again := tea.Tick(listAgain, func(time.Time) tea.Msg { return relist{} })
	if a.status.State != client.Connected {
		return again
	}
	return tea.Batch(a.readList(), again)
}

// readList reads the list, once at a time.
func (a *app) readList() tea.Cmd {
	if a.reading {
		a.outdated = true
		return nil
	}
	a.reading, a.outdated = true, false
	return func() tea.Msg {
		page, err := a.client.Channels(a.ctx, "", mostListed)
		if err != nil {
			return listed{err: err}
		}
		return listed{channels: page.Channels, whole: page.Next == ""}
	}
}

// listed takes the list in: it follows the channels that are new in it, reads
// anew those that could not be read, and puts away those that are gone from it.
func (a *app) listed(m listed) tea.Cmd {
	a.reading = false
	var cmds []tea.Cmd
	if a.outdated {
		cmds = append(cmds, a.readList())
	}
	if m.err != nil && a.ctx.Err() == nil && len(a.rooms) <= 1 {
		a.alert("the list of channels cannot be read: %s", reason(m.err))
	}
	there := make(map[string]bool)
	for _, l := range m.channels {
		there[l.ChannelID] = true
		if l.Kind == chat.Direct && (l.Last == nil || a.away[l.ChannelID] && l.Cursor.Unread == 0) {
			continue // nobody has said anything, or not since it was put away
		}
		r := a.room(l.ChannelID)
		r.title, r.listed = l.Title, true
		if r.fault != nil && !r.loading {
			r.anew()
			if r == a.open {
				cmds = append(cmds, a.load(r))
			}
		}
		if r.loaded || r.loading {
			continue // it counts for itself
		}
		r.unread, r.mentions, r.read = int(l.Cursor.Unread), l.Mentions, max(r.read, l.Cursor.Read)
		if l.Last != nil && l.Last.SenderName != "" {
			r.names[l.Last.SenderID] = l.Last.SenderName
		}
		if r.sub == nil && !r.subscribing && r != a.open {
			cmds = append(cmds, a.subscribe(r, l.Head, false))
		}
	}
	a.sort()
	if m.whole && m.err == nil {
		for _, name := range slices.Clone(a.list) {
			if r := a.rooms[name]; r.listed && !there[name] {
				a.out(r)
			}
		}
	}
	return tea.Batch(cmds...)
}

// out puts away a channel that the user is out of, unless it is in sight or
// something of theirs waits there.
func (a *app) out(r *room) {
	if r != a.open && r.unsent() == 0 {
		a.forget(r)
	}
}

// follow is the client's OnDirect: somebody writes where this user has not been.
func (a *app) follow(s *client.Subscription) func(client.Event) {
	a.send(directed{s})
	return func(e client.Event) { a.send(happened{s.Channel(), e}) }
}

// directed shows a direct channel as soon as something is said there.
func (a *app) directed(m directed) tea.Cmd {
	delete(a.away, m.sub.Channel())
	r := a.room(m.sub.Channel())
	r.sub, r.fault = m.sub, nil
	if r.loaded {
		return a.subscribe(r, r.view.Position(), true)
	}
	return a.readList()
}

// membership shows a channel that the user has come into, and puts away one
// that they are out of.
func (a *app) membership(m *client.Membership) tea.Cmd {
	if r := a.rooms[m.ChannelID]; r != nil && m.Role == chat.NoRole {
		a.out(r)
	}
	return a.readList()
}

// member sets the user's own standing in a channel. What comes of it in the
// list is told by a Membership; what is refused is not.
func (a *app) member(channel string, role chat.Role) tea.Cmd {
	what := "you are no member of #" + channel
	if role == chat.NoRole {
		what = "you are still a member of #" + channel
	}
	me := a.me
	return func() tea.Msg {
		_, err := a.client.PutMember(a.ctx, channel, client.Standing{UserID: me, Role: role})
		return done{what: what, err: err, relists: err != nil}
	}
}
