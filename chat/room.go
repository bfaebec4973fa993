package chat

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/internal/planted"
)

// room is a channel in this node's memory: who follows it, and the newest part
// of its log. It exists while anybody has to do with the channel.
//
// What mu guards keeps these: head is the last seq given to the ring and to
// every level subscription; ring ends at head; each level subscription has
// been offered everything up to head.
type room struct {
	hub *Hub
	id  ChannelID

	managing sync.Mutex // held while the channel is made, changed or deleted; before mu

	refs atomic.Int64 // subscriptions and requests under way; see Hub.acquire
	idle time.Time    // when refs last became 0, while in Hub.idle; Hub.idleMu guards it

	users []string // of a direct channel: its two, or the one who talks to oneself

	// What the channel still takes; Hub.usersMu guards them. They go with the
	// room: a channel that nobody has used for a minute has its burst again.
	posts, signals bucket

	mu            sync.Mutex
	loaded        bool
	settings      *Channel
	deleted       bool   // no settings are the channel's; of a direct one, until it is purged
	first         uint64 // the seq of the event with which a direct channel comes to be
	head          uint64
	hinted        uint64 // the greatest seq heard of; above head: fill is under way
	rewrites      uint64 // how often an edit or delete was applied
	missed        uint64 // the first seq of which users are to be told that was hinted at before it was loaded: any of a direct channel, else a member event's
	filling       bool
	ring          ring
	pages         map[uint64]*page
	levelSince    time.Time // when the last one who lagged went level or left
	level         []*subscription
	lagging       []*subscription
	memberless    bool               // no user has a standing
	members       map[string]*Member // asked for so far; nil: no standing
	memberChanges uint64             // how often a member event was applied

	crowd      crowd
	typists    map[string]*typist
	lastEvent  time.Time // when this node last committed one; zero: its hint is not to be repeated
	lastHinted uint64
	repeats    int // how often lastHinted was hinted again
}

func newRoom(h *Hub, ch ChannelID) *room {
	r := &room{hub: h, id: ch}
	if a, b, direct := DirectUsers(ch.Name); direct {
		r.users = slices.Compact([]string{a, b})
	}
	return r
}

// load reads what the room must know before it is of use.
func (r *room) load(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return nil
	}
	o, err := r.hub.store.Open(ctx, r.id)
	if err != nil {
		return err
	}
	if r.settings = o.Settings; r.settings == nil {
		r.settings = &Channel{ID: r.id, Kind: KindOf(r.id.Name)}
	}
	r.deleted, r.first = r.isShut(o), 1
	if o.Settings == nil {
		r.first = o.Head.Seq + 1
	}
	r.head, r.loaded = o.Head.Seq, true
	r.memberless = !o.Members && r.users == nil // a direct channel gets its two by its first use, without an event
	r.hinted = max(r.hinted, o.Head.Seq)
	if r.missed > 0 {
		r.head = min(r.head, r.missed-1)
	}
	r.fillLocked()
	return nil
}

// permit asks the table of rights, with the user's standing as last known.
func (r *room) permit(ctx context.Context, id *Identity, op Operation) error {
	if op != OpSettings && !id.Anonymous() && id.Covers(r.id.Name) {
		if err := r.gone(ctx); err != nil {
			return err
		}
	}
	m, err := r.member(ctx, id.User)
	if err != nil {
		return err
	}
	if err := permit(id, r.about(), m, op); err != nil {
		return err
	}
	if r.users != nil && op.speaks() {
		return r.hub.unwanted(ctx, id, r.id.partner(id.User))
	}
	return nil
}

// deliver takes an event that was committed here or heard of elsewhere.
func (r *room) deliver(e *Event, t trail) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hinted = max(r.hinted, e.Seq)
	if r.loaded && !r.filling && e.Seq == r.head+1 {
		r.push(e, t)
		return
	}
	r.fillLocked()
}

// push makes e the newest event: applied, kept, offered. Its seq is head+1.
func (r *room) push(e *Event, t trail) {
	r.applyLocked(e)
	d := NewEventDelivery(e)
	r.head = e.Seq
	d.way = t.way
	r.ring.push(d)
	d = t.journey.watch(d)
	wakes := wakeLists.Get().(*wakeList)
	for i := len(r.level) - 1; i >= 0; i-- {
		sub := r.level[i]
		ok, wake := sub.session.offer(d)
		switch {
		case ok:
			sub.sent(e.Seq, r.hub)
			if wake {
				wakes.sinks = append(wakes.sinks, sub.session.sink)
			}
		case !planted.Is("drop_without_catching_up"):
			sub.at = e.Seq - 1
			r.fallBack(sub)
		}
	}
	wakes.wake()
	r.openDirects(e.Seq - 1)
	r.tellMemberships(e)
	t.end(len(r.level))
}

// wakeList gathers who is to be woken when everybody was offered something: a
// writer that begins earlier is in the way of the offers.
type wakeList struct{ sinks []Sink }

var wakeLists = sync.Pool{New: func() any { return new(wakeList) }}

func (l *wakeList) wake() {
	for i, s := range l.sinks {
		s.Wake()
		l.sinks[i] = nil
	}
	l.sinks = l.sinks[:0]
	wakeLists.Put(l)
}

// signal offers d to the level subscriptions; to those with presence alone if
// it tells of presence.
func (r *room) signal(d *Delivery) {
	for _, sub := range r.level {
		if d.Signal.Kind == SignalPresence && !sub.presence {
			continue
		}
		sub.session.offerSignal(d)
	}
}

// join, leave, goLevel and fallBack keep the two lists. mu is held.

func (r *room) join(sub *subscription) {
	sub.index = len(r.lagging)
	r.lagging = append(r.lagging, sub)
}

func (r *room) leave(sub *subscription) {
	list := &r.lagging
	if sub.level {
		list = &r.level
	}
	last := len(*list) - 1
	moved := (*list)[last]
	(*list)[sub.index], moved.index = moved, sub.index
	(*list)[last] = nil
	*list = (*list)[:last]
	if len(r.lagging) == 0 && r.pages != nil {
		r.levelSince = r.hub.now()
		r.hub.watch(r)
	}
}

// pagesKept is how long pages stay when nobody lags any more: of those who
// come back at once, many find that the one before them is level already, and
// would else each have the store read for themselves.
const pagesKept = time.Second

// forgetPages drops pages that nobody has needed for a while; it reports
// whether they must be looked at again. mu is held.
func (r *room) forgetPages(now time.Time) bool {
	if r.pages == nil || len(r.lagging) > 0 {
		return false // leave watches again
	}
	if now.Sub(r.levelSince) < pagesKept {
		return true
	}
	r.pages = nil
	return false
}

func (r *room) goLevel(sub *subscription) {
	r.leave(sub)
	sub.level, sub.index = true, len(r.level)
	r.level = append(r.level, sub)
}

func (r *room) fallBack(sub *subscription) {
	r.leave(sub)
	sub.level = false
	r.join(sub)
	sub.session.lag(sub)
	r.hub.stats.fallBacks.Add(1)
}
