package client

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// remembered is how many of the last events a View keeps, to bring a page that
// was read before them up to date.
const remembered = 256

// View is a channel as it is now: messages with what hangs on them, and the
// shared state. It begins with pages of history and a snapshot, and takes in
// the events of a subscription that goes on from Position:
//
//	page, err := c.History(ctx, channel, client.Range{})
//	…
//	view := new(client.View)
//	view.AddPage(page)
//	sub, err := c.Subscribe(ctx, channel, client.SubscribeOptions{From: view.Position()}, view.Apply)
//
// What it holds is the same whatever of it came by a page and whatever by
// events. The zero View is empty and ready. It is not safe for concurrent use:
// a handler and other goroutines need a lock around it. What it hands out is
// never changed afterwards; a message that changes is another *Message.
type View struct {
	messages  []*Message // by seq
	seqs      map[string]uint64
	keys      map[string]*Key
	stateHead uint64 // the keys have taken in all events up to here
	position  Position
	live      bool     // events were applied
	recent    []Logged // the last of them
	forgotten uint64   // the seq of the last that is not among them
}

// Position is where a subscription has to go on from: the least head of what
// was added, or the last event that was applied. It is zero while nothing was.
func (v *View) Position() Position { return v.position }

// AddPage takes in a page of history, whichever part of the channel it is of.
// It reports false, and takes in nothing, if the page is so old that it cannot
// be brought up to date: get it again.
func (v *View) AddPage(p *Page) bool {
	if !v.begin(p.Head) {
		return false
	}
	for _, m := range p.Messages {
		v.put(m)
	}
	for _, e := range v.recent {
		if _, state := e.(*KeyChange); !state && e.Place() > p.Head.Seq {
			v.log(e)
		}
	}
	return true
}

// AddState takes in a snapshot of the shared state in place of what was held.
// What it reports is as with AddPage.
func (v *View) AddState(s *Snapshot) bool {
	if !v.begin(s.Head) {
		return false
	}
	v.keys = make(map[string]*Key, len(s.Keys))
	for _, k := range s.Keys {
		v.keys[k.Key] = k
	}
	v.stateHead = s.Head.Seq
	for _, e := range v.recent {
		if state, ok := e.(*KeyChange); ok {
			v.setKey(state)
		}
	}
	return true
}

// begin moves the position back to head; once events were applied it only
// reports whether those after head are still known.
func (v *View) begin(head Position) bool {
	if v.live {
		return head.Epoch == v.position.Epoch && head.Seq >= v.forgotten
	}
	if v.position.IsZero() || head.Seq < v.position.Seq {
		v.position = head
	}
	return true
}

// Apply takes in one event of the channel's subscription. What is no part of
// the view (presence, typing, receipts) is passed over. A *Reset empties the
// view: the messages still kept come again, the shared state has to be got.
func (v *View) Apply(e Event) {
	switch e := e.(type) {
	case *Subscribed:
		if !v.live {
			v.forgotten = e.Position.Seq
		}
		v.position, v.live = e.Position, true
	case *Reset:
		*v = View{position: e.From, forgotten: e.From.Seq, live: true}
	case Logged:
		v.log(e)
		v.remember(e)
	}
}

func (v *View) remember(e Logged) {
	v.position.Seq, v.live = max(v.position.Seq, e.Place()), true
	v.recent = append(v.recent, e)
	if len(v.recent) > 2*remembered {
		old := len(v.recent) - remembered
		v.forgotten = v.recent[old-1].Place()
		v.recent = slices.Clone(v.recent[old:])
	}
}

func (v *View) log(e Logged) {
	switch e := e.(type) {
	case *Message:
		v.put(e)
		v.hang(e.ParentID, &chat.Event{Kind: chat.KindMessage, Seq: e.Seq, ParentID: e.ParentID, Sender: e.SenderID, At: e.CreatedAt})
	case *Update:
		v.update(e)
	case *Deletion:
		v.delete(e)
	case *Reaction:
		v.hang(e.ID, &chat.Event{Kind: chat.KindReaction, Seq: e.Seq, ID: e.ID, Sender: e.UserID, At: e.At, Name: e.Reaction, On: e.On})
	case *Pin:
		v.hang(e.ID, &chat.Event{Kind: chat.KindPin, Seq: e.Seq, ID: e.ID, Sender: e.UserID, At: e.At, On: e.On})
	case *KeyChange:
		v.setKey(e)
	}
}

// put adds a message. One that is held already takes over what it does not
// know yet: each part of a message says how far it is.
func (v *View) put(m *Message) {
	i, held := v.find(m.ID, m.Seq)
	if !held {
		if v.seqs == nil {
			v.seqs = make(map[string]uint64)
		}
		v.seqs[m.ID] = m.Seq
		v.messages = slices.Insert(v.messages, i, m)
		return
	}
	next := *v.messages[i]
	if m.EditSeq > next.EditSeq {
		next.Text, next.Body, next.EditSeq, next.EditedAt = m.Text, m.Body, m.EditSeq, m.EditedAt
	}
	if next.DeletedAt.IsZero() {
		next.DeletedAt = m.DeletedAt
	}
	next.bury()
	if m.NotesSeq > next.NotesSeq {
		next.NotesSeq, next.Reactions, next.Thread, next.Pinned = m.NotesSeq, m.Reactions, m.Thread, m.Pinned
	}
	v.messages[i] = &next
}

// find is where a message is, or would be, and whether it is there.
func (v *View) find(id string, seq uint64) (int, bool) {
	i := sort.Search(len(v.messages), func(i int) bool { return v.messages[i].Seq >= seq })
	return i, i < len(v.messages) && v.messages[i].ID == id
}

// change gives change a copy of the message id, if it is held, and keeps it.
func (v *View) change(id string, change func(*Message)) {
	seq, ok := v.seqs[id]
	if !ok {
		return
	}
	if i, held := v.find(id, seq); held {
		next := *v.messages[i]
		change(&next)
		v.messages[i] = &next
	}
}

// update takes the text away where there is none any more: the deletion follows.
func (v *View) update(e *Update) {
	v.change(e.ID, func(m *Message) {
		if e.Seq <= m.EditSeq {
			return
		}
		m.Text, m.Body, m.EditSeq, m.EditedAt = "", e.Body, e.Seq, e.EditedAt
		if e.NewText != nil {
			m.Text = *e.NewText
		}
		m.bury()
	})
}

func (v *View) delete(e *Deletion) {
	v.change(e.ID, func(m *Message) {
		if m.DeletedAt.IsZero() {
			m.DeletedAt = e.DeletedAt
		}
		m.bury()
	})
	gone := &chat.Event{Kind: chat.KindDelete, Seq: e.Seq, ID: e.ID, ParentID: e.ParentID}
	v.hang(e.ID, gone)
	v.hang(e.ParentID, gone)
}

// bury leaves of a deleted message what a tombstone has.
func (m *Message) bury() {
	if !m.DeletedAt.IsZero() {
		m.Text, m.Body, m.Meta, m.Mentions, m.ExpiresAt = "", nil, nil, nil, time.Time{}
	}
}

// hang applies e to what hangs on the message id, by the server's own rule.
func (v *View) hang(id string, e *chat.Event) {
	if id == "" {
		return
	}
	v.change(id, func(m *Message) {
		if next := m.notes().With(id, e); next != nil {
			m.hang(next)
		}
	})
}

// notes are what hangs on m, as the server's rule takes it.
func (m *Message) notes() *chat.Notes {
	if m.NotesSeq == 0 {
		return nil
	}
	n := &chat.Notes{Through: m.NotesSeq}
	for _, t := range m.Reactions {
		n.Reactions = append(n.Reactions, chat.Reaction{Name: t.Reaction, Count: t.Count, Users: t.UserIDs})
	}
	if m.Thread != nil {
		n.Thread = chat.Thread{Replies: m.Thread.Replies, LastAt: m.Thread.LastAt, Users: m.Thread.UserIDs}
	}
	if m.Pinned != nil {
		n.PinnedBy, n.PinnedAt = m.Pinned.UserID, m.Pinned.At
	}
	return n
}

func (m *Message) hang(n *chat.Notes) {
	m.NotesSeq, m.Reactions, m.Thread, m.Pinned = n.Through, nil, nil, nil
	for _, r := range n.Reactions {
		m.Reactions = append(m.Reactions, Tally{Reaction: r.Name, Count: r.Count, UserIDs: r.Users})
	}
	if t := n.Thread; t.Replies > 0 || !t.LastAt.IsZero() {
		m.Thread = &Thread{Replies: t.Replies, LastAt: t.LastAt, UserIDs: t.Users}
	}
	if !n.PinnedAt.IsZero() {
		m.Pinned = &Pinned{UserID: n.PinnedBy, At: n.PinnedAt}
	}
}

func (v *View) setKey(e *KeyChange) {
	if e.Seq <= v.stateHead {
		return
	}
	held := v.keys[e.Key]
	switch {
	case held != nil && held.Version >= e.Seq:
	case e.Deleted:
		delete(v.keys, e.Key)
	default:
		if v.keys == nil {
			v.keys = make(map[string]*Key)
		}
		v.keys[e.Key] = &Key{Key: e.Key, Value: e.Value, Version: e.Seq, UserID: e.UserID, At: e.At, ExpiresAt: e.ExpiresAt}
	}
}

// Messages are all that are held, oldest first, replies and tombstones
// included. The slice is the caller's.
func (v *View) Messages() []*Message { return slices.Clone(v.messages) }

// Message is one message, or nil.
func (v *View) Message(id string) *Message {
	if i, held := v.find(id, v.seqs[id]); held {
		return v.messages[i]
	}
	return nil
}

// Thread are the replies that are held to the message id, oldest first.
func (v *View) Thread(id string) []*Message {
	return slices.DeleteFunc(v.Messages(), func(m *Message) bool { return m.ParentID != id })
}

// Pins are the pinned messages that are held, oldest first.
func (v *View) Pins() []*Message {
	return slices.DeleteFunc(v.Messages(), func(m *Message) bool { return m.Pinned == nil })
}

// Key is one key of the shared state, or nil.
func (v *View) Key(key string) *Key { return v.keys[key] }

// Keys are the shared state, in key order.
func (v *View) Keys() []*Key {
	list := make([]*Key, 0, len(v.keys))
	for _, k := range v.keys {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *Key) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// Trim forgets the oldest messages but for the last n.
func (v *View) Trim(n int) {
	cut := max(0, len(v.messages)-max(0, n))
	for _, m := range v.messages[:cut] {
		delete(v.seqs, m.ID)
	}
	v.messages = slices.Delete(v.messages, 0, cut)
}
