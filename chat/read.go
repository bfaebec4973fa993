package chat

import (
	"context"
	"sort"
	"time"
)

// Bounds of a page.
const (
	defaultLimit = 50
	maxLimit     = 1000
)

func clamp(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// readable acquires a channel that id may read; the caller must release it.
func (h *Hub) readable(ctx context.Context, id *Identity, channel string) (*room, error) {
	r, err := h.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		return nil, err
	}
	if err := r.permit(ctx, id, OpRead); err != nil {
		h.release(r)
		return nil, err
	}
	return r, nil
}

// Messages is a page of a channel's messages, oldest first, with the head that
// it was read at or after.
func (h *Hub) Messages(ctx context.Context, id *Identity, channel string, page Page) ([]*Event, Head, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, Head{}, err
	}
	defer h.release(r)
	head, err := h.store.Head(ctx, r.id)
	if err != nil {
		return nil, Head{}, err
	}
	page.Limit = clamp(page.Limit)
	events, err := h.store.Messages(ctx, r.id, page)
	return events, head, err
}

// Message is one message in its present state.
func (h *Hub) Message(ctx context.Context, id *Identity, channel, message string) (*Event, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	return h.store.Message(ctx, r.id, message)
}

// Events are the channel's events after a seq, or since a time if since is not
// zero, with the head that they were read at or after.
func (h *Hub) Events(ctx context.Context, id *Identity, channel string, after uint64, since time.Time, limit int) ([]*Event, Head, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, Head{}, err
	}
	defer h.release(r)
	head, err := h.store.Head(ctx, r.id)
	if err != nil {
		return nil, Head{}, err
	}
	if !since.IsZero() {
		if after, err = h.before(ctx, r.id, head, since); err != nil {
			return nil, Head{}, err
		}
	}
	if after < head.Horizon {
		return nil, Head{}, h.expired("horizon", head)
	}
	events, err := h.store.Events(ctx, r.id, after, clamp(limit))
	return events, head, err
}

// before is the seq of the last event earlier than t. Times never fall along
// the log, so that it can be searched.
func (h *Hub) before(ctx context.Context, ch ChannelID, head Head, t time.Time) (uint64, error) {
	var failed error
	n := sort.Search(int(head.Seq-head.Horizon), func(i int) bool {
		events, err := h.store.Events(ctx, ch, head.Horizon+uint64(i), 1)
		if err != nil || len(events) == 0 {
			failed = err
			return true
		}
		return !events[0].At.Before(t)
	})
	return head.Horizon + uint64(n), failed
}

// history fills reply, and returns which channel was meant.
func (s *Session) history(ctx context.Context, c History, reply *Reply) (channel string, err error) {
	if channel, err = s.only(c.Channel); err != nil {
		return c.Channel, err
	}
	id := s.Identity()
	reply.Epoch = s.hub.epoch
	reply.Messages, reply.Head, err = s.hub.Messages(ctx, &id, channel, c.Page)
	return channel, err
}

// changes fills reply, and returns which channel was meant.
func (s *Session) changes(ctx context.Context, c Changes, reply *Reply) (channel string, err error) {
	if channel, err = s.only(c.Channel); err != nil {
		return c.Channel, err
	}
	id := s.Identity()
	reply.Epoch = s.hub.epoch
	reply.Events, reply.Head, err = s.hub.Events(ctx, &id, channel, c.After, c.Since, c.Limit)
	return channel, err
}
