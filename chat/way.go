package chat

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// waysKept is of how many messages a node remembers the way: its newest.
const waysKept = 4096

// ways are the newest messages' ways. They lie in a ring that is made with the
// first of them: to note one allocates nothing.
type ways struct {
	now func() time.Time

	mu   sync.Mutex
	ring []way
	next int
}

// way is one message's, until the ring comes round to it again. The deliveries
// of the message before may then still point here: whoever comes by one of them
// is told apart by the channel and seq. What ways.mu guards is passage.
type way struct {
	of      *ways
	passage Passage
	first   atomic.Bool // nobody has had it written to a socket yet
}

// begin notes e, which was just committed. It is nil of what is no message.
func (ws *ways) begin(e *Event, from receipt) *way {
	if e.Kind != KindMessage {
		return nil
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.ring == nil {
		ws.ring = make([]way, waysKept)
	}
	w := &ws.ring[ws.next]
	ws.next = (ws.next + 1) % len(ws.ring)
	w.of, w.passage = ws, from.passage(e)
	w.first.Store(true)
	return w
}

// offered notes that all who were level have been offered the message.
func (w *way) offered(recipients int) {
	if w == nil {
		return
	}
	now := w.of.now()
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.passage.Offered, w.passage.Recipients = now, recipients
}

// waits reports that nobody has had the message written to a socket yet.
func (w *way) waits() bool { return w != nil && w.first.Load() }

// written notes the first writing of e to a recipient's socket.
func (w *way) written(e *Event) {
	now := w.of.now()
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.passage.Seq == e.Seq && w.passage.Channel == e.Channel && w.first.CompareAndSwap(true, false) {
		w.passage.Delivered = now
	}
}

// find is the way of the message at seq; false: it is older than what is kept,
// or came by another node.
func (ws *ways) find(ch ChannelID, seq uint64) (Passage, bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for i := range ws.ring {
		if p := &ws.ring[i].passage; p.Seq == seq && p.Channel == ch {
			return *p, true
		}
	}
	return Passage{}, false
}

// Way is how a message came, and how far it has got.
type Way struct {
	Message *Event

	// Passage is how it came through this node; nil: the node no longer knows,
	// since it remembers its newest 4096 messages alone, or never did, since it
	// was started later. Its Delivered is of those who were level or
	// caught up from memory.
	Passage *Passage

	Users    []Reached // in user order, a page
	Level    int       // sessions of this node that are live in the channel: the message was handed to them
	Beyond   int       // of those that catch up, how many are past the message
	Behind   int       // and how many are not
	Sessions []Follower
}

// Reached is a user of a message's channel: a member, or somebody with a cursor.
type Reached struct {
	User            string
	Role            Role // NoRole: not a member
	Delivered, Read bool // the cursor is at the message, or after it
}

// Follower is a session that is subscribed to a message's channel.
type Follower struct {
	Session, User string
	Seq           uint64 // what it was handed everything up to
	Level         bool   // it is live; else it catches up
}

// Way is a message's way, with a page of its channel's users after the given
// one and at most 1000 of the channel's sessions on this node. It takes a
// server key.
func (h *Hub) Way(ctx context.Context, id *Identity, channel, message, after string, limit int) (*Way, error) {
	if !id.Server {
		return nil, E(CodeForbidden, "a message's way takes a secret key, or the scope chat:admin")
	}
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	w := &Way{}
	if w.Message, err = h.store.Message(ctx, r.id, message); err != nil {
		return nil, err
	}
	seq := w.Message.Seq
	if p, known := h.ways.find(r.id, seq); known {
		w.Passage = &p
	}
	if w.Users, err = h.readers(ctx, r, seq, after, clamp(limit)); err != nil {
		return nil, err
	}
	r.followers(w, seq)
	return w, nil
}

// readers are the channel's members and those with a cursor, both of which the
// store has in user order: the first of either are the first of all.
func (h *Hub) readers(ctx context.Context, r *room, seq uint64, after string, limit int) ([]Reached, error) {
	members, err := h.store.Members(ctx, r.id, after, limit)
	if err != nil {
		return nil, err
	}
	cursors, err := h.store.Cursors(ctx, r.id, after, limit)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*Reached, len(members)+len(cursors))
	of := func(user string) *Reached {
		if known[user] == nil {
			known[user] = &Reached{User: user}
		}
		return known[user]
	}
	for _, user := range r.users { // a direct channel's two have no record
		if user > after {
			of(user).Role = Ordinary
		}
	}
	for _, m := range members {
		of(m.User).Role = m.Role
	}
	for _, c := range cursors {
		reader := of(c.User)
		reader.Delivered, reader.Read = max(c.Delivered, c.Read) >= seq, c.Read >= seq
	}
	list := make([]Reached, 0, len(known))
	for _, reader := range known {
		list = append(list, *reader)
	}
	slices.SortFunc(list, func(a, b Reached) int { return cmp.Compare(a.User, b.User) })
	return list[:min(limit, len(list))], nil
}

// followers tells w who is subscribed.
func (r *room) followers(w *Way, seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Level = len(r.level)
	for _, sub := range r.lagging {
		if sub.place() >= seq {
			w.Beyond++
		} else {
			w.Behind++
		}
	}
	for _, list := range [][]*subscription{r.lagging, r.level} {
		for _, sub := range list[:min(len(list), maxLimit-len(w.Sessions))] {
			w.Sessions = append(w.Sessions, Follower{sub.session.id, sub.session.Identity().User, sub.place(), sub.level})
		}
	}
}
