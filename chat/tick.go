package chat

import (
	"context"
	"sync/atomic"
	"time"
)

// run is the hub's clock: everything that is due at some time is done here, so
// that no channel or session needs a timer of its own.
func (h *Hub) run(ctx context.Context, begun time.Time) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	slow, expire, tickets := begun, begun, begun
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := h.now()
		h.tick(now)
		if now.Sub(slow) >= slowEvery {
			slow = now
			h.slowTick(now)
		}
		if now.Sub(expire) >= expireEvery {
			expire = now
			h.spawn(h.expire)
		}
		if now.Sub(tickets) >= sweepTicketsEvery {
			tickets = now
			h.spawn(h.sweepTickets)
		}
	}
}

func (h *Hub) tick(now time.Time) {
	h.tickCalls(now)
	h.watchMu.Lock()
	rooms := make([]*room, 0, len(h.watched))
	for r := range h.watched {
		rooms = append(rooms, r)
	}
	stalled := h.stalled
	h.stalled = nil
	h.watchMu.Unlock()
	for _, s := range stalled {
		s.resume()
	}
	for _, r := range rooms {
		r.mu.Lock()
		crowd := r.crowd.tell(r, now)
		typing := r.expireTyping(now)
		due, repeat := r.repeatHead(now)
		pages := r.forgetPages(now)
		if !crowd && !typing && !repeat && !pages {
			h.watchMu.Lock()
			delete(h.watched, r)
			h.watchMu.Unlock()
		}
		r.mu.Unlock()
		if due != nil {
			h.bus.Publish(*due)
		}
	}
}

func (h *Hub) slowTick(now time.Time) {
	h.watchMu.Lock()
	awaiting := h.awaiting
	h.awaiting = make(map[*subscription]struct{})
	h.watchMu.Unlock()
	for sub := range awaiting {
		if sub.redeliver(now) {
			h.awaitAck(sub)
		}
	}
	h.closeExpired(now)
	h.evict(now)
	h.forgetPaces(now)
	h.alone(&h.flushing, h.flush)
	h.alone(&h.recording, h.recordCalls)
	h.alone(&h.sweeping, h.sweep)
}

// alone spawns f unless its last run is still under way.
func (h *Hub) alone(running *atomic.Bool, f func(context.Context)) {
	if !running.CompareAndSwap(false, true) {
		return
	}
	started := h.spawn(func(ctx context.Context) {
		defer running.Store(false)
		f(ctx)
	})
	if !started {
		running.Store(false)
	}
}

// watch has the room looked at by the next ticks, until nothing is due.
func (h *Hub) watch(r *room) {
	h.watchMu.Lock()
	h.watched[r] = struct{}{}
	h.watchMu.Unlock()
}

func (h *Hub) later(s *Session) {
	h.watchMu.Lock()
	h.stalled = append(h.stalled, s)
	h.watchMu.Unlock()
}

func (h *Hub) awaitAck(sub *subscription) {
	h.watchMu.Lock()
	h.awaiting[sub] = struct{}{}
	h.watchMu.Unlock()
}

// closeExpired ends the sessions whose credentials are no longer good.
func (h *Hub) closeExpired(now time.Time) {
	h.mu.RLock()
	var over []*Session
	for _, s := range h.sessions {
		if s.expired(now) {
			over = append(over, s)
		}
	}
	h.mu.RUnlock()
	for _, s := range over {
		s.dismiss(E(CodeTokenExpired, "the token has expired"))
	}
}

// expire removes what is older than its channel keeps. It may take longer than
// it is until the next time.
func (h *Hub) expire(ctx context.Context) {
	if !h.expiring.CompareAndSwap(false, true) {
		return
	}
	defer h.expiring.Store(false)
	n, err := h.store.Expire(ctx, h.now())
	if err != nil && ctx.Err() == nil {
		h.log.Error("expire events", "err", err)
	}
	if n > 0 {
		h.log.Info("expired events", "events", n)
	}
}

// flush writes what may be written late: delivered cursors, and when users
// were last seen.
func (h *Hub) flush(ctx context.Context) {
	h.flushTickets(ctx)
	h.watchMu.Lock()
	delivered := h.delivered
	h.delivered = make(map[cursorKey]uint64)
	h.watchMu.Unlock()
	moves := make([]Cursor, 0, len(delivered))
	for key, seq := range delivered {
		moves = append(moves, Cursor{Channel: key.channel, User: key.user, Delivered: seq})
	}
	if len(moves) > 0 {
		moved, err := h.store.MoveCursors(ctx, moves)
		if err != nil {
			h.log.Error("write delivered cursors", "err", err)
		}
		for _, c := range moved {
			h.tellCursor(&Signal{Kind: SignalDelivered, Channel: c.Channel, User: c.User, Seq: c.Delivered, At: h.now()})
		}
	}
	h.usersMu.Lock()
	users := make([]*User, 0, len(h.seen))
	for _, u := range h.seen {
		users = append(users, u)
	}
	h.usersMu.Unlock()
	if len(users) == 0 {
		return
	}
	if err := h.seenLast(ctx, users); err != nil {
		h.log.Error("write users", "err", err)
		return
	}
	h.usersMu.Lock()
	for _, u := range users {
		if key := (userKey{u.Project, u.ID}); h.seen[key] == u {
			delete(h.seen, key)
		}
	}
	h.usersMu.Unlock()
}
