package chat

import (
	"context"
	"slices"
	"sort"
	"time"
)

// Bounds of a page.
const (
	defaultLimit = 50
	maxLimit     = 1000
	partLimit    = 64 // events that are read from the store at a time
)

// PageBytes is the size of events with which a page ends, whatever its limit:
// the event that passes it is the last.
const PageBytes = 1 << 20

// Full reports that a page of at most limit events (0: the standard) ended for
// its bounds, so that there may be more.
func Full(page []*Event, limit int) bool {
	return len(page) > 0 && (len(page) >= clamp(limit) || sizeOf(page) >= PageBytes)
}

func sizeOf(page []*Event) (size int) {
	for _, e := range page {
		size += e.Size()
	}
	return size
}

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
// it was read at or after. It ends with PageBytes, too; see Full. A page by
// sequence does not: it is asked for by those who count what is missing.
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
	if page.BySequence {
		events, err := h.store.Messages(ctx, r.id, page)
		return events, head, err
	}
	events, err := h.messages(ctx, r.id, page)
	return events, head, err
}

// messages reads a page in parts, so that a page of large messages is never in
// memory as a whole.
func (h *Hub) messages(ctx context.Context, ch ChannelID, page Page) (events []*Event, err error) {
	forward := page.Forward || page.After > 0
	limit := page.Limit
	for size := 0; len(events) < limit && size < PageBytes; {
		page.Limit = min(partLimit, limit-len(events))
		part, err := h.store.Messages(ctx, ch, page)
		if err != nil {
			return nil, err
		}
		read := len(part)
		if !forward {
			slices.Reverse(part)
		}
		for i, e := range part {
			if size += e.Size(); size >= PageBytes {
				part = part[:i+1]
				break
			}
		}
		events = append(events, part...)
		if read < page.Limit {
			break
		}
		if last := part[len(part)-1]; forward {
			page.After = last.Seq
		} else {
			page.Before = last.Seq
		}
	}
	if !forward {
		slices.Reverse(events)
	}
	return events, nil
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
// zero, with the head that they were read at or after. They end with PageBytes,
// too: there are more until the head.
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
	events, err := h.events(ctx, r.id, after, clamp(limit))
	return events, head, err
}

// events is messages for all events.
func (h *Hub) events(ctx context.Context, ch ChannelID, after uint64, limit int) (events []*Event, err error) {
	for size := 0; len(events) < limit && size < PageBytes; {
		most := min(partLimit, limit-len(events))
		part, err := h.store.Events(ctx, ch, after, most)
		if err != nil {
			return nil, err
		}
		for _, e := range part {
			events = append(events, e)
			after = e.Seq
			if size += e.Size(); size >= PageBytes {
				break
			}
		}
		if len(part) < most {
			break
		}
	}
	return events, nil
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
