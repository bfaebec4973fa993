package chat

import (
	"context"
	"time"
)

// hint takes what another node says of the channel.
func (r *room) hint(h Hint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hinted = max(r.hinted, h.Seq)
	if forUsers := r.users != nil || h.Member != ""; forUsers && !r.loaded && (r.missed == 0 || h.Seq < r.missed) {
		r.missed = h.Seq
	}
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
				r.push(e, trail{})
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
	r.members, r.memberless = nil, false // what took them may have been among it
	r.memberChanges++
	if err.Expired != nil {
		r.head = max(r.head, err.Expired.Oldest.Seq)
	}
	r.hinted = max(r.hinted, r.head)
}
