package chat

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a Hub works with. Store is required.
type Options struct {
	Store Store
	Bus   Bus // nil: this node is alone

	// Authenticate turns a token that comes in a frame into who it is for.
	// nil: such frames are refused.
	Authenticate func(ctx context.Context, token string) (Identity, error)

	// Trace is asked for each event that is posted whether its way is to be
	// told: nil, and an answer of nil: it is not. The answer is called once the
	// event has been offered to everybody and once it was first delivered, in
	// either order, under locks: it must not block and must not call the hub.
	Trace func(ctx context.Context) func(Passage)

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now

	QueueBytes int     // the bound of one session's queue; 0: 256 KiB
	PostRate   float64 // posts and signals a second that a user may send; 0: no limit
	PostBurst  float64 // how many at once; 0: twice PostRate, at least 1

	// ChannelRate is how many posts a second a channel takes of all its users
	// together, and how many signals besides; 0: no limit. A server key's count
	// toward neither rate. ChannelBurst is how many at once; 0: twice
	// ChannelRate, at least 1.
	ChannelRate  float64
	ChannelBurst float64
}

// The hub's periods.
const (
	tickEvery   = 50 * time.Millisecond
	slowEvery   = time.Second
	expireEvery = time.Minute
	roomIdle    = time.Minute // a room that nobody uses stays this long
	maxIdle     = 10_000      // and at most so many of them stay
)

// headsRepeated are how long after a channel's last event its head is hinted
// again: the last hint of a quiet channel has no successor that would show its
// loss.
var headsRepeated = [...]time.Duration{time.Second, 5 * time.Second}

// Hub is the domain: everything that sessions and requests ask for passes
// through it. Its zero value is of no use; see NewHub.
type Hub struct {
	store        Store
	bus          Bus
	authenticate func(ctx context.Context, token string) (Identity, error)
	trace        func(ctx context.Context) func(Passage)
	log          *slog.Logger
	now          func() time.Time
	epoch        string
	queueBytes   int
	rates        rates
	stats        counters

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	unhear func() // stops listening to the bus

	mu       sync.RWMutex
	rooms    map[ChannelID]*room
	sessions map[string]*Session // by id
	draining bool

	idleMu sync.Mutex
	idle   []*room // candidates for eviction, oldest first

	usersMu sync.Mutex
	users   map[userKey]*user
	seen    map[userKey]*User   // last seen, not written yet
	paces   map[paceKey]*bucket // what users may send now
	kin     map[kinKey]*bucket

	watchMu   sync.Mutex
	watched   map[*room]struct{}         // something of theirs is due at a tick
	stalled   []*Session                 // to be resumed at the next tick
	awaiting  map[*subscription]struct{} // for acknowledgements
	delivered map[cursorKey]uint64       // not written yet

	expiring  atomic.Bool
	flushing  atomic.Bool
	sweeping  atomic.Bool
	recording atomic.Bool
	posting   atomic.Int64 // appends under way

	calls   calls
	tickets tickets
	ways    ways
	ranking chan struct{} // of size one: held by the one Ranking that looks at every channel

	profiles sync.Mutex // held while a profile is read, changed and written
}

type cursorKey struct {
	channel ChannelID
	user    string
}

// NewHub starts a hub. Close ends it.
func NewHub(o Options) *Hub {
	h := &Hub{
		store: o.Store, bus: o.Bus, authenticate: o.Authenticate,
		trace: o.Trace, log: o.Logger, now: o.Now, epoch: o.Store.Epoch(),
		queueBytes: o.QueueBytes, rates: newRates(&o),
		rooms:     make(map[ChannelID]*room),
		sessions:  make(map[string]*Session),
		users:     make(map[userKey]*user),
		seen:      make(map[userKey]*User),
		paces:     make(map[paceKey]*bucket),
		kin:       make(map[kinKey]*bucket),
		watched:   make(map[*room]struct{}),
		awaiting:  make(map[*subscription]struct{}),
		delivered: make(map[cursorKey]uint64),
		ranking:   make(chan struct{}, 1),
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	h.ways.now = h.now
	if h.queueBytes == 0 {
		h.queueBytes = 256 << 10
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	begun := h.now() // not when the goroutine comes to run
	h.spawn(func(ctx context.Context) { h.run(ctx, begun) })
	if h.bus != nil {
		h.unhear = h.bus.Listen(h.hear)
	}
	return h
}

// Epoch is the store's: positions of another one cannot be resumed from.
func (h *Hub) Epoch() string { return h.epoch }

// Connect begins a session. It is CodeGoingAway once the hub drains.
func (h *Hub) Connect(id Identity, sink Sink) (*Session, error) {
	s := newSession(h, id, sink)
	h.mu.Lock()
	if h.draining {
		h.mu.Unlock()
		return nil, &Error{Code: CodeGoingAway, Message: "the server is shutting down", RetryAfter: time.Second}
	}
	h.sessions[s.id] = s
	h.mu.Unlock()
	h.enter(s, id)
	if !id.Anonymous() {
		s.tell(&Delivery{Reply: &Reply{Connected: s.connected()}})
	}
	h.ring(s, id)
	return s, nil
}

func (h *Hub) forget(s *Session) {
	h.mu.Lock()
	delete(h.sessions, s.id)
	h.mu.Unlock()
	h.depart(s, s.Identity())
	if k := s.kept(); k != nil {
		k.leave()
		h.tickets.later(k)
	}
}

// acquire is the channel's room, loaded; the caller must release it.
func (h *Hub) acquire(ctx context.Context, ch ChannelID) (*room, error) {
	if err := CheckChannelName(ch.Name); err != nil {
		return nil, err
	}
	r := h.hold(ch)
	if err := r.load(ctx); err != nil {
		h.release(r)
		return nil, err
	}
	return r, nil
}

// hold is the channel's room, perhaps not loaded yet; the caller must release
// it.
func (h *Hub) hold(ch ChannelID) *room {
	if r := h.lookup(ch); r != nil {
		return r
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[ch]
	if r == nil {
		r = newRoom(h, ch)
		h.rooms[ch] = r
	}
	r.refs.Add(1)
	return r
}

// lookup is the channel's room if there is one; the caller must release it.
func (h *Hub) lookup(ch ChannelID) *room {
	h.mu.RLock()
	defer h.mu.RUnlock()
	r := h.rooms[ch]
	if r != nil {
		r.refs.Add(1)
	}
	return r
}

func (h *Hub) release(r *room) {
	if r.refs.Add(-1) > 0 {
		return
	}
	h.idleMu.Lock()
	defer h.idleMu.Unlock()
	if r.idle.IsZero() {
		h.idle = append(h.idle, r)
	}
	r.idle = h.now()
}

// evict forgets rooms that nobody has used for a while.
func (h *Hub) evict(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.idleMu.Lock()
	defer h.idleMu.Unlock()
	for len(h.idle) > 0 {
		r := h.idle[0]
		if len(h.idle) <= maxIdle && now.Sub(r.idle) < roomIdle {
			break
		}
		h.idle[0] = nil
		h.idle = h.idle[1:]
		r.idle = time.Time{}
		if r.refs.Load() == 0 {
			delete(h.rooms, r.id)
		}
	}
}

// hear takes a hint of another node.
func (h *Hub) hear(hint Hint) {
	if r := h.lookup(hint.Channel); r != nil {
		r.hint(hint)
		h.release(r)
		return
	}
	h.hearForUsers(hint)
}

// tellNodes hints a channel's new head now, and where hints may be lost at two
// later times; whose standing the event changed is said now alone.
func (h *Hub) tellNodes(r *room, e *Event) {
	if h.bus == nil {
		return
	}
	hint := Hint{Channel: r.id, Seq: e.Seq, Event: e}
	if e.Member != nil {
		hint.Member = e.Member.User
	}
	h.bus.Publish(hint)
	if !h.bus.Loses() {
		return
	}
	r.mu.Lock()
	r.repeats, r.lastEvent, r.lastHinted = 0, h.now(), e.Seq
	r.mu.Unlock()
	h.watch(r)
}

// repeatHead is the hint of the head that is due again, if one is, and whether
// there will be another. mu is held.
func (r *room) repeatHead(now time.Time) (due *Hint, more bool) {
	if r.lastEvent.IsZero() || r.repeats == len(headsRepeated) {
		return nil, false
	}
	if now.Sub(r.lastEvent) >= headsRepeated[r.repeats] {
		due = &Hint{Channel: r.id, Seq: r.lastHinted}
		r.repeats++
	}
	return due, r.repeats < len(headsRepeated)
}

// spawn runs f until it returns; Close waits for it. False: the hub is closed.
func (h *Hub) spawn(f func(context.Context)) bool {
	if h.ctx.Err() != nil {
		return false
	}
	h.tasks.Go(func() { f(h.ctx) })
	return true
}

// pause waits, or until ctx ends.
func (h *Hub) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Drain refuses new sessions and posts, waits until what was accepted is
// answered, tells every session to come back at some time within spread, and
// closes them.
func (h *Hub) Drain(ctx context.Context, spread time.Duration) {
	h.endCalls(ctx)
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	for h.posting.Load() > 0 && ctx.Err() == nil {
		h.pause(ctx, time.Millisecond)
	}
	h.mu.RLock()
	sessions := slices.Collect(maps.Values(h.sessions))
	h.mu.RUnlock()
	for i, s := range sessions {
		after := time.Duration(int64(spread) * int64(i) / int64(len(sessions)))
		s.tell(&Delivery{Notice: &GoingAway{RetryAfter: after}})
		s.sink.Close(&Error{Code: CodeGoingAway, Message: "the server is shutting down", RetryAfter: after})
	}
	h.flush(ctx)
}

// isDraining reports whether Drain was called.
func (h *Hub) isDraining() bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.draining
}

// Close ends the hub's own work and waits for it. Sessions should be gone.
func (h *Hub) Close() {
	if h.unhear != nil {
		h.unhear()
	}
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	h.cancel()
	h.tasks.Wait()
	h.flush(context.Background())
}
