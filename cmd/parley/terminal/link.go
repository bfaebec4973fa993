package terminal

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

const (
	pageSize   = 50
	listAgain  = 15 * time.Second // how often the list of channels is read anew
	mostListed = 100
)

// What the loop is told besides keys and the connection's state.
type (
	// happened is an event of a channel.
	happened struct {
		room  string
		event client.Event
	}
	// pageRead is a page of history, or why there is none.
	pageRead struct {
		room  string
		of    client.Range
		older bool // the channel is subscribed to already
		page  *client.Page
		err   error
	}
	// begun is a subscription, or why there is none.
	begun struct {
		room *room
		sub  *client.Subscription
		err  error
	}
	// acked is what became of a message.
	acked struct {
		room  *room
		entry *entry
		ack   client.Ack
		err   error
	}
	// done is what became of a command; said is what to tell if it went well.
	done struct {
		what, said string
		err        error
		relists    bool // the list of channels may be another than is shown
	}
	// pinned are the messages that are pinned in a channel.
	pinned struct {
		room     *room
		messages []*client.Message
		err      error
	}
	// moved is where the user's read cursor stands.
	moved struct {
		room *room
		seq  uint64
		err  error
	}
)

// enter shows a channel, and reads what it needs for that.
func (a *app) enter(name string) tea.Cmd {
	r := a.room(name)
	delete(a.away, name)
	if a.open != r {
		a.stopTyping()
		a.open.fresh = 0
		a.open = r
		if r.loaded && r.unread > 0 {
			r.fresh = r.read
		}
		a.choice, a.sheet = nil, nil
	}
	return a.load(r)
}

// load reads the newest page of r, unless it is there.
func (a *app) load(r *room) tea.Cmd {
	if r.loaded || r.loading || a.me == "" {
		return nil
	}
	if r.fault != nil {
		r.anew()
	}
	r.loading = true
	return a.page(r, client.Range{Limit: pageSize}, false)
}

// past reads the page before the first entry, unless there is none.
func (a *app) past(r *room) tea.Cmd {
	if !r.loaded || r.loading || !r.older || len(r.entries) == 0 {
		return nil
	}
	r.loading = true
	return a.page(r, client.Range{Before: r.entries[0].seq, Limit: pageSize}, true)
}

func (a *app) page(r *room, g client.Range, older bool) tea.Cmd {
	return func() tea.Msg {
		page, err := a.client.History(a.ctx, r.name, g)
		return pageRead{r.name, g, older, page, err}
	}
}

func (a *app) paged(m pageRead) tea.Cmd {
	r := a.rooms[m.room]
	if r == nil {
		return nil // it was put away
	}
	r.loading = false
	if m.err != nil && m.older && len(r.entries) > 0 {
		return a.alert("what was said before cannot be read: %s", reason(m.err))
	}
	if m.err != nil {
		return a.unreadable(r, m.err)
	}
	if !r.view.AddPage(m.page) {
		r.loading = true // so much has happened since that it says nothing any more
		return a.page(r, m.of, m.older)
	}
	for _, msg := range m.page.Messages {
		r.heard(msg)
		r.refresh(msg.ID)
	}
	r.older = m.page.More
	if m.older {
		return nil
	}
	r.loaded = true
	return a.subscribe(r, m.page.Head, true)
}

// unreadable shows why a channel cannot be read; if it is the one that the
// program was started for, that ends it.
func (a *app) unreadable(r *room, err error) tea.Cmd {
	if a.ctx.Err() != nil {
		return nil
	}
	r.fault, r.loaded = err, false
	if r.name == a.o.Channel && !a.started {
		a.failure = a.o.fault(r.heading(), a.client, err)
	}
	return nil
}

// subscribe follows the channel from there on; what it was subscribed to so
// far ends. A visited channel has its user seen in it.
func (a *app) subscribe(r *room, from client.Position, visited bool) tea.Cmd {
	if r.subscribing {
		r.next = &from // there is one at a time
		return nil
	}
	if r.sub != nil {
		r.sub.Close()
		r.sub = nil
	}
	r.subscribing = true
	o := client.SubscribeOptions{From: from, Presence: visited, Acks: visited, ResetToHead: true}
	return func() tea.Msg {
		sub, err := a.client.Subscribe(a.ctx, r.name, o, func(e client.Event) { a.send(happened{r.name, e}) })
		return begun{r, sub, err}
	}
}

func (a *app) begun(m begun) tea.Cmd {
	r := m.room
	r.subscribing = false
	if m.err == nil {
		r.sub = m.sub
		a.started = a.started || r.name == a.o.Channel
	}
	switch {
	case a.rooms[r.name] != r:
		if m.sub != nil {
			m.sub.Close() // it was put away
		}
	case r.next != nil:
		from := *r.next
		r.next = nil
		return a.subscribe(r, from, true)
	case m.err != nil && r.sub == nil: // else the server was quicker
		return a.unreadable(r, m.err)
	}
	return nil
}

// post says something in the open room.
func (a *app) post(r *room, e *entry) tea.Cmd {
	e.fate, e.why = waiting, ""
	e.changed()
	p, err := a.client.Send(r.name, draft(e))
	if err != nil {
		e.fate, e.why = failed, reason(err)
		return nil
	}
	e.nonce = p.Nonce()
	return func() tea.Msg {
		ack, err := p.Wait(a.ctx)
		return acked{r, e, ack, err}
	}
}

func (a *app) acked(m acked) {
	if m.err == nil {
		m.room.sent(m.entry, m.ack.ID, m.ack.Seq, m.ack.CreatedAt)
		return
	}
	if a.ctx.Err() == nil && m.entry.fate == waiting {
		m.entry.fate, m.entry.why = failed, reason(m.err)
		m.entry.changed()
	}
}

func draft(e *entry) client.Draft {
	return client.Draft{Text: e.text, ParentID: e.parent, Mentions: e.mentions, Nonce: e.nonce}
}

// do runs what asks the server, and tells what came of it.
func (a *app) do(what, said string, f func(context.Context) error) tea.Cmd {
	return func() tea.Msg { return done{what: what, said: said, err: f(a.ctx)} }
}

func (a *app) done(m done) tea.Cmd {
	if m.err != nil {
		a.alert("%s: %s", m.what, reason(m.err))
	} else if m.said != "" {
		a.tell("%s", m.said)
	}
	if m.relists {
		return a.readList()
	}
	return nil
}

// markRead moves the user's cursor to the newest message, if that is in sight.
func (a *app) markRead() tea.Cmd {
	r := a.open
	if a.blurred || !r.loaded || r.marking || !r.follows() || a.status.State != client.Connected || len(r.entries) == 0 {
		return nil
	}
	r.unread, r.mentions = 0, 0
	seq := r.entries[len(r.entries)-1].seq
	if seq <= r.read {
		return nil
	}
	r.marking = true
	return func() tea.Msg {
		cursor, err := a.client.MarkRead(a.ctx, r.name, seq)
		return moved{r, max(seq, cursor.Read), err}
	}
}

func (a *app) moved(m moved) {
	m.room.marking = false
	m.room.read = max(m.room.read, m.seq) // refused: it is not asked again for the same
}

// reason is err in words for a person: what the server said, without its code.
func reason(err error) string {
	if told := chat.AsError(err); told.Code != chat.CodeInternal || told.Cause == nil {
		return told.Message
	}
	return root(err).Error()
}
