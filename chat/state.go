package chat

import (
	"context"
	"sync"
	"time"
)

// SetState commits a change of one key of a channel's shared state.
func (h *Hub) SetState(ctx context.Context, id *Identity, c SetState) (Committed, error) {
	return h.submit(ctx, id, c.Channel, func(r *room) (*Draft, error) { return r.stateDraft(ctx, id, &c) })
}

// statePart is how many keys are read at a time: so many of the largest are a
// page.
const statePart = PageBytes / MaxState

// StatePage is a page of a channel's shared state.
type StatePage struct {
	Keys []*StateKey // in key order
	Head Head        // what changed later follows it in the log
	Next string      // what comes after it for the next page; "": this is the last
}

// State are a channel's keys, keys after the given one. A page ends with
// PageBytes, too.
func (h *Hub) State(ctx context.Context, id *Identity, channel, after string, limit int) (*StatePage, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	page, size := &StatePage{Next: after}, 0
	for limit = clamp(limit); len(page.Keys) < limit && size < PageBytes; {
		most := min(statePart, limit-len(page.Keys))
		part, head, err := h.store.State(ctx, r.id, page.Next, most, h.now())
		if err != nil {
			return nil, err
		}
		if len(page.Keys) == 0 {
			page.Head = head
		}
		for _, k := range part {
			size += k.Size()
		}
		page.Keys = append(page.Keys, part...)
		if len(part) < most {
			page.Next = ""
			break
		}
		page.Next = part[len(part)-1].Key
	}
	return page, nil
}

// StateKey is one key of a channel's shared state, or CodeNotFound.
func (h *Hub) StateKey(ctx context.Context, id *Identity, channel, key string) (*StateKey, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	return h.store.StateKey(ctx, r.id, key, h.now())
}

func (r *room) stateDraft(ctx context.Context, id *Identity, c *SetState) (*Draft, error) {
	if err := checkName("key", c.Key, MaxStateKey); err != nil {
		return nil, err
	}
	switch {
	case len(c.Value) > MaxState:
		return nil, E(CodeTooLarge, "the value is over %d bytes", MaxState)
	case c.Value != nil && c.Add != nil:
		return nil, E(CodeInvalid, "a key is set or added to, not both")
	case c.Value == nil && c.Add == nil && c.TTL != 0:
		return nil, E(CodeInvalid, "a key that goes has no time to live")
	}
	if err := checkTTL(c.TTL); err != nil {
		return nil, err
	}
	d := &Draft{Kind: KindState, Name: c.Key, Body: c.Value, Add: c.Add, If: c.If, TTL: c.TTL, Nonce: c.Nonce}
	return d, r.admit(ctx, id, d, OpState)
}

// maxTTL bounds for how long something may be kept before it goes by itself.
const maxTTL = 10 * 365 * 24 * time.Hour

func checkTTL(d time.Duration) error {
	if d < 0 || d > maxTTL {
		return E(CodeInvalid, "the time to live is negative or over ten years")
	}
	return nil
}

// sweepPage is how many that are due one look at the store finds.
const sweepPage = 200

// sweep deletes what has lived its time. Every node does: a second deletion of
// the same changes nothing.
func (h *Hub) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		due, err := h.store.Due(ctx, h.now(), sweepPage)
		if err != nil {
			if ctx.Err() == nil {
				h.log.Error("look for what is due", "err", err)
			}
			return
		}
		if !h.endAll(ctx, due) || len(due) < sweepPage {
			return
		}
	}
}

// endAll deletes what is due, at the same time: commits that wait together cost
// one sync. It reports whether none of it is due any more.
func (h *Hub) endAll(ctx context.Context, due []Due) bool {
	errs := make([]error, len(due))
	var all sync.WaitGroup
	for i, d := range due {
		all.Go(func() { errs[i] = h.end(ctx, d) })
	}
	all.Wait()
	done := true
	for i, err := range errs {
		if code := CodeOf(err); code == CodeDeleted || code == CodeUnavailable {
			err = h.store.Purge(ctx, due[i].Channel) // with which it goes, if it was deleted
		}
		if !settled(err) {
			h.log.Error("delete what is due", "channel", due[i].Channel.Name, "err", err)
			done = false
		}
	}
	return done
}

// settled reports that what was due no longer is.
func settled(err error) bool {
	code := CodeOf(err)
	return code == "" || code == CodeNotFound || code == CodeVersion
}

// end deletes one thing whose time is over.
func (h *Hub) end(ctx context.Context, d Due) error {
	r, err := h.acquire(ctx, d.Channel)
	if err != nil {
		return err
	}
	defer h.release(r)
	draft := &Draft{Channel: d.Channel, Kind: KindDelete, ID: d.ID}
	if d.ID == "" {
		draft = &Draft{Channel: d.Channel, Kind: KindState, Name: d.Key, If: &d.Version}
	}
	_, err = h.commit(ctx, r, draft)
	return err
}
