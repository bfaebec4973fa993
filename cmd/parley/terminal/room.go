package terminal

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// room is one channel as its user sees it. The loop of the program owns it.
type room struct {
	name  string // the channel's
	title string
	me    string
	cells cells

	entries []*entry // by seq, what the log has
	waiting []*entry // own ones without an ack, in the order of sending
	byID    map[string]*entry
	view    client.View // what entries are taken from

	sub         *client.Subscription
	subscribing bool             // one is on its way
	next        *client.Position // where to begin one when that is done
	loaded      bool             // the last page of history is there
	loading     bool             // a page is on its way
	opened      bool             // a subscription has begun
	older       bool             // there may be more before the first entry
	fault       error            // why there is nothing to see
	listed      bool             // it has been in the user's list of channels

	people  map[string]client.Presence
	names   map[string]string // of whoever was seen here
	typing  map[string]bool
	cursors map[string]client.Cursor

	unread, mentions int
	read             uint64 // one's own cursor, as far as is known
	marking          bool   // it is being moved
	fresh            uint64 // messages after this seq were new when the room was opened; 0: none

	input  editor
	reply  *entry // what the input answers
	edit   *entry // what the input changes
	picked *entry // what commands are about
	bottom *entry // what stands at the foot of the pane; nil: the newest
	hidden int    // how many of its lines are below the foot
}

func newRoom(name, me string) *room {
	return &room{
		name: name, me: me, older: true,
		byID: make(map[string]*entry), people: make(map[string]client.Presence), names: make(map[string]string),
		typing: make(map[string]bool), cursors: make(map[string]client.Cursor),
	}
}

// peer is the other user of a direct channel, or "".
func (r *room) peer() string {
	a, b, ok := chat.DirectUsers(r.name)
	switch {
	case !ok:
		return ""
	case a == r.me:
		return b
	}
	return a
}

// label is what the room is called.
func (r *room) label() string {
	if peer := r.peer(); peer != "" {
		return r.user(peer)
	}
	return r.name
}

// heading is label, with the sign of its kind.
func (r *room) heading() string {
	if r.peer() != "" {
		return "@" + r.label()
	}
	return "#" + r.label()
}

// user is what a user is called.
func (r *room) user(id string) string {
	if p, here := r.people[id]; here && p.UserName != "" {
		return p.UserName
	}
	return cmp.Or(r.names[id], id)
}

// called finds a user by id or name, however it is capitalised.
func (r *room) called(name string) (string, bool) {
	for _, id := range r.known() {
		if strings.EqualFold(id, name) || strings.EqualFold(r.user(id), name) {
			return id, true
		}
	}
	return "", false
}

// known are the users that were seen here, by name.
func (r *room) known() []string {
	var ids []string
	for id := range r.people {
		ids = append(ids, id)
	}
	for id := range r.names {
		if _, here := r.people[id]; !here {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(r.user(a)), strings.ToLower(r.user(b))), strings.Compare(a, b))
	})
	return ids
}

// add puts an entry in its place by seq, unless it is there.
func (r *room) add(e *entry) *entry {
	if have := r.byID[e.id]; have != nil {
		return have
	}
	i, _ := slices.BinarySearchFunc(r.entries, e.seq, func(have *entry, seq uint64) int { return cmp.Compare(have.seq, seq) })
	r.entries = slices.Insert(r.entries, i, e)
	r.byID[e.id] = e
	if i+1 < len(r.entries) {
		r.entries[i+1].changed() // the day may begin elsewhere
	}
	return e
}

// sent gives a waiting entry its place in the log.
func (r *room) sent(e *entry, id string, seq uint64, at time.Time) {
	i := slices.Index(r.waiting, e)
	if i < 0 {
		return
	}
	r.waiting = slices.Delete(r.waiting, i, i+1)
	e.id, e.seq, e.at, e.fate = id, seq, at, stored
	e.changed()
	have := r.add(e)
	r.refresh(id)
	if have == e {
		return
	}
	if r.picked == e {
		r.picked = have
	}
	if r.bottom == e {
		r.bottom = have
	}
}

// byNonce is the waiting entry with that nonce, or nil.
func (r *room) byNonce(nonce string) *entry {
	i := slices.IndexFunc(r.waiting, func(e *entry) bool { return e.nonce == nonce })
	if i < 0 || nonce == "" {
		return nil
	}
	return r.waiting[i]
}

// all are the entries and the waiting ones, as they are shown.
func (r *room) all() []*entry {
	if len(r.waiting) == 0 {
		return r.entries
	}
	return append(slices.Clip(r.entries), r.waiting...)
}

// last is the newest entry that ok likes, or nil.
func (r *room) last(ok func(*entry) bool) *entry {
	for _, e := range slices.Backward(r.entries) {
		if !e.deleted && ok(e) {
			return e
		}
	}
	return nil
}

func (r *room) mine(e *entry) bool   { return e.sender == r.me }
func (r *room) others(e *entry) bool { return e.sender != r.me }

// reset forgets what came from the log: it cannot be resumed.
func (r *room) reset() {
	if r.edit != nil {
		r.input.set("") // else it would become a message
	}
	r.entries, r.older = nil, true
	r.picked, r.bottom, r.reply, r.edit, r.hidden = nil, nil, nil, nil, 0
	clear(r.byID)
}

// anew forgets what is known of a channel that could not be read: what was said
// meanwhile lies between that and what comes.
func (r *room) anew() {
	if r.sub != nil {
		r.sub.Close()
		r.sub = nil
	}
	r.reset()
	r.view, r.loaded, r.fault = client.View{}, false, nil
}

// unsent counts what was not stored, and will be.
func (r *room) unsent() int {
	n := 0
	for _, e := range r.waiting {
		if e.fate == waiting {
			n++
		}
	}
	return n
}

// tick is how far a message of one's own has come, in a sign and in words.
func (r *room) tick(e *entry) (sign, words string) {
	switch e.fate {
	case waiting:
		return "…", "on its way"
	case failed:
		return "✗", "not sent: " + e.why
	}
	var readers, devices []string
	for id, c := range r.cursors {
		switch {
		case id == r.me:
		case c.Read >= e.seq:
			readers = append(readers, id)
		case c.Delivered >= e.seq:
			devices = append(devices, id)
		}
	}
	switch {
	case len(readers) == 1:
		return "✓✓", "read by " + r.user(readers[0])
	case len(readers) > 1:
		return "✓✓", "read by " + plural(len(readers), "user")
	case len(devices) == 1:
		return "✓", "delivered to " + r.user(devices[0])
	case len(devices) > 1:
		return "✓", "delivered to " + plural(len(devices), "user")
	}
	return "✓", "sent"
}
