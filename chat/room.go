package chat

import (
	"context"
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
	hub  *Hub
	id   ChannelID
	refs atomic.Int64 // subscriptions and requests under way; see Hub.acquire
	idle time.Time    // when refs last became 0, while in Hub.idle; Hub.idleMu guards it

	mu         sync.Mutex
	loaded     bool
	settings   *Channel
	exists     bool // settings are in the store, not what a first use would make
	head       uint64
	hinted     uint64 // the greatest seq heard of; above head: fill is under way
	rewrites   uint64 // how often an edit or delete was applied
	filling    bool
	ring       ring
	pages      map[uint64]*page
	levelSince time.Time // when the last one who lagged went level or left
	level      []*subscription
	lagging    []*subscription
	members    map[string]*Member // asked for so far; nil: no standing

	crowd      crowd
	typists    map[string]*typist
	lastEvent  time.Time // when this node last committed one
	lastHinted uint64
	repeats    int // how often lastHinted was hinted again
}

// load reads what the room must know before it is of use.
func (r *room) load(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return nil
	}
	settings, err := r.hub.store.Channel(ctx, r.id)
	switch {
	case err == nil:
		r.exists = true
	case CodeOf(err) == CodeNotFound:
		settings = &Channel{ID: r.id, Kind: KindOf(r.id.Name)}
	default:
		return err
	}
	head, err := r.hub.store.Head(ctx, r.id)
	if err != nil {
		return err
	}
	r.settings, r.head, r.loaded = settings, head.Seq, true
	r.hinted = max(r.hinted, head.Seq)
	r.fillLocked()
	return nil
}

// permit asks the table of rights, with the user's standing as last known.
func (r *room) permit(ctx context.Context, id *Identity, op Operation) error {
	m, err := r.member(ctx, id.User)
	if err != nil {
		return err
	}
	if err := permit(id, r.about(), m, op); err != nil {
		return err
	}
	if _, _, direct := DirectUsers(r.id.Name); direct && op.speaks() {
		return r.hub.unwanted(ctx, id, r.id.partner(id.User))
	}
	return nil
}

// member is the user's standing, or nil.
func (r *room) member(ctx context.Context, user string) (*Member, error) {
	if user == "" {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m, known := r.members[user]
	if known {
		return m, nil
	}
	// Read under the lock, so that a member event cannot slip in between the
	// read and the note taken of it.
	m, err := r.hub.store.Member(ctx, r.id, user)
	if err != nil && CodeOf(err) != CodeNotFound {
		return nil, err
	}
	r.note(user, m)
	return m, nil
}

// maxMembers bounds how many standings a room remembers.
const maxMembers = 10_000

// note remembers a standing. mu is held.
func (r *room) note(user string, m *Member) {
	if r.members == nil || len(r.members) >= maxMembers {
		r.members = make(map[string]*Member)
	}
	r.members[user] = m
}

// deliver takes an event that was committed here or heard of elsewhere.
func (r *room) deliver(e *Event, j *journey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hinted = max(r.hinted, e.Seq)
	if r.loaded && !r.filling && e.Seq == r.head+1 {
		r.push(e, j)
		return
	}
	r.fillLocked()
}

// hint says that the channel's head is at least seq.
func (r *room) hint(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hinted = max(r.hinted, seq)
	r.fillLocked()
}

// fillLocked starts reading what lies between head and hinted, if anything.
func (r *room) fillLocked() {
	if !r.loaded || r.filling || r.hinted <= r.head {
		return
	}
	r.filling = true
	r.refs.Add(1)
	if !r.hub.spawn(r.fill) {
		r.filling = false
		r.refs.Add(-1)
	}
}

// fill follows the log on behalf of all level subscriptions at once.
func (r *room) fill(ctx context.Context) {
	defer r.hub.release(r)
	empty := 0
	for wait := 10 * time.Millisecond; ; {
		r.mu.Lock()
		after, rewrites := r.head, r.rewrites
		if r.hinted <= r.head || ctx.Err() != nil {
			r.filling = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		events, err := r.hub.store.Events(ctx, r.id, after, pageEvents)
		if err == nil && len(events) == 0 {
			if empty++; empty > maxEmptyFills {
				r.disbelieve()
			}
		}
		if err != nil || len(events) == 0 {
			if CodeOf(err) == CodeExpired {
				r.skip(AsError(err))
				continue
			}
			r.hub.pause(ctx, wait)
			wait = min(2*wait, time.Second)
			continue
		}
		r.mu.Lock()
		if r.rewrites != rewrites {
			r.mu.Unlock() // what was read may be from before a delete: read again
			continue
		}
		for _, e := range events {
			if e.Seq == r.head+1 {
				r.push(e, nil)
			}
		}
		r.mu.Unlock()
	}
}

// maxEmptyFills is how often fill asks for events that were hinted at and are
// not there, for about half a minute, before it takes the hint for an error.
const maxEmptyFills = 40

func (r *room) disbelieve() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hub.log.Warn("a hint named events that are not in the store", "channel", r.id.Name, "hinted", r.hinted, "head", r.head)
	r.hinted = r.head
}

// skip gives up what retention took before it could be filled: every level
// subscription falls back and will be told on its own.
func (r *room) skip(err *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.level) > 0 {
		sub := r.level[0]
		sub.at = r.head
		r.fallBack(sub)
	}
	r.ring = ring{}
	r.pages = nil
	if err.Expired != nil {
		r.head = max(r.head, err.Expired.Oldest.Seq)
	}
	r.hinted = max(r.hinted, r.head)
}

// push makes e the newest event: applied, kept, offered. Its seq is head+1.
func (r *room) push(e *Event, j *journey) {
	r.applyLocked(e)
	d := NewEventDelivery(e)
	r.head = e.Seq
	r.ring.push(d)
	d = j.watch(d)
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
	j.end(len(r.level))
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

// apply brings what is kept in memory in line with an edit, a delete or a
// member event. It must come before the acknowledgement: from then on nobody
// may be served the old state.
func (r *room) apply(e *Event) {
	if e.Kind == KindMessage {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.applyLocked(e)
}

func (r *room) applyLocked(e *Event) {
	switch e.Kind {
	case KindEdit, KindDelete:
		if planted.Is("cached_deleted_body") {
			return
		}
		r.pages = nil
		r.rewrites++
		r.rewrite(e)
	case KindMember:
		r.applyMember(e.Member)
	}
}

// rewrite puts the present state of the message that e names, and of e's
// forerunners, in place of what the ring holds of them.
func (r *room) rewrite(e *Event) {
	if slot := r.ring.find(e.TargetSeq, r.head); slot != nil {
		m := *(*slot).Event
		if m.Deleted() || m.EditSeq >= e.Seq {
			return
		}
		if e.Kind == KindDelete {
			m.Body, m.Meta, m.Mentions, m.DeletedAt = nil, nil, nil, e.At
		} else {
			m.Body, m.EditSeq, m.EditedAt = e.Body, e.Seq, e.At
		}
		r.replace(slot, &m)
	}
	if e.Kind != KindDelete {
		return
	}
	for i := range r.ring.n {
		slot := r.ring.at(i)
		if old := (*slot).Event; old.Kind == KindEdit && old.ID == e.ID && old.Body != nil {
			scrubbed := *old
			scrubbed.Body = nil
			r.replace(slot, &scrubbed)
		}
	}
}

func (r *room) replace(slot **Delivery, e *Event) {
	r.ring.bytes -= (*slot).size
	*slot = NewEventDelivery(e)
	r.ring.bytes += (*slot).size
}

// applyMember notes a standing and ends the subscriptions that it forbids.
func (r *room) applyMember(m *Member) {
	r.note(m.User, m)
	var ended []*subscription
	for _, subs := range [][]*subscription{r.level, r.lagging} {
		for _, sub := range subs {
			id := sub.session.Identity()
			if id.User == m.User && permit(&id, r.settings, m, OpRead) != nil {
				ended = append(ended, sub)
			}
		}
	}
	for _, sub := range ended {
		id := sub.session.Identity()
		sub.session.drop(sub, AsError(permit(&id, r.settings, m, OpRead)))
	}
}

// signal offers d to the level subscriptions; to those with presence alone if
// it tells of presence.
func (r *room) signal(d *Delivery) {
	for _, sub := range r.level {
		if sub.session == d.except || (d.Signal.Kind == SignalPresence && !sub.presence) {
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
