package terminal

import (
	"cmp"
	"context"
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

// relist reads the list of channels, now and then: what another device of the
// user's joins, and what was said while there was no connection, is nowhere
// else to be seen.
func (a *app) relist() tea.Cmd {
	again := tea.Tick(listAgain, func(time.Time) tea.Msg { return relist{} })
	if a.status.State != client.Connected {
		return again
	}
	return tea.Batch(a.readList(), again)
}

func (a *app) readList() tea.Cmd {
	return func() tea.Msg {
		page, err := a.client.Channels(a.ctx, "", mostListed)
		if err != nil {
			return listed{err: err}
		}
		return listed{channels: page.Channels}
	}
}

// listed takes the list in, and follows the channels that are new in it.
func (a *app) listed(m listed) tea.Cmd {
	if m.err != nil {
		if a.ctx.Err() == nil && len(a.rooms) <= 1 {
			a.alert("the list of channels cannot be read: %s", reason(m.err))
		}
		return nil
	}
	var cmds []tea.Cmd
	for _, l := range m.channels {
		if l.Kind == chat.Direct && l.Last == nil {
			continue // nobody has said anything
		}
		r := a.room(l.ChannelID)
		r.title = l.Title
		if r.loaded || r.loading {
			continue // it counts for itself
		}
		r.unread, r.mentions, r.read = int(l.Cursor.Unread), l.Mentions, max(r.read, l.Cursor.Read)
		if l.Last != nil && l.Last.SenderName != "" {
			r.names[l.Last.SenderID] = l.Last.SenderName
		}
		if r.sub == nil && !r.subscribing && r.fault == nil && r != a.open {
			cmds = append(cmds, a.subscribe(r, l.Head, false))
		}
	}
	a.sort()
	return tea.Batch(cmds...)
}

// follow is the client's OnDirect: somebody writes where this user has not been.
func (a *app) follow(s *client.Subscription) func(client.Event) {
	a.send(directed{s})
	return func(e client.Event) { a.send(happened{s.Channel(), e}) }
}

// directed shows a direct channel as soon as something is said there.
func (a *app) directed(m directed) tea.Cmd {
	r := a.room(m.sub.Channel())
	r.sub, r.fault = m.sub, nil
	if r.loaded {
		return a.subscribe(r, r.view.Position(), true)
	}
	return a.readList()
}

// member sets the user's own standing in a channel.
func (a *app) member(channel string, role chat.Role) tea.Cmd {
	what := "you are no member of #" + channel
	if role == chat.NoRole {
		what = "you are still a member of #" + channel
	}
	me := a.me
	join := a.do(what, "", func(ctx context.Context) error {
		_, err := a.client.PutMember(ctx, channel, client.Standing{UserID: me, Role: role})
		return err
	})
	return tea.Sequence(join, a.readList())
}
