package chat

import (
	"context"
	"slices"
)

// Ranked is a channel in the order of activity.
type Ranked struct {
	Channel   *Channel
	Head      Head
	Followers int    // subscriptions on this node
	Place     string // what the page after it is asked for by
}

// Ranking are the project's channels, the last active first, after a place;
// those in which nothing ever happened come last. It reads the heads of all the
// project's channels, in one scan, and no log; one call at a time does. It takes
// a server key.
func (h *Hub) Ranking(ctx context.Context, id *Identity, after string, limit int) ([]Ranked, error) {
	if !id.Server {
		return nil, E(CodeForbidden, "all channels by activity take a secret key, or the scope chat:admin")
	}
	var from *activity
	if after != "" {
		place, err := parseActivity(after)
		if err != nil {
			return nil, err
		}
		from = &place
	}
	select {
	case h.ranking <- struct{}{}:
		defer func() { <-h.ranking }()
	case <-ctx.Done():
		return nil, &Error{Code: CodeUnavailable, Message: "no answer in time", Cause: ctx.Err()}
	}
	list, err := h.rank(ctx, id.Project, from, clamp(limit))
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Followers = h.following(list[i].Channel.ID)
	}
	return list, nil
}

// rank are the first limit channels after from.
func (h *Hub) rank(ctx context.Context, project string, from *activity, limit int) ([]Ranked, error) {
	first := foremost{limit: limit, from: from}
	err := h.store.Heads(ctx, ChannelID{Project: project}, func(ch ChannelID, head Head) bool {
		if ch.Project != project {
			return false
		}
		if !head.Deleted {
			first.offer(activityOf(ch.Name, head))
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	var list []Ranked
	places := first.inOrder()
	for _, place := range places {
		c, err := h.store.Channel(ctx, ChannelID{project, place.name})
		if CodeOf(err) == CodeNotFound { // deleted since
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Ranked{Channel: c, Head: place.head, Place: place.String()})
	}
	if len(places) == limit {
		return list, nil
	}
	silent, err := h.silent(ctx, project, from, limit-len(places))
	return append(list, silent...), err
}

// silent are the first limit channels after from that have no log, in name
// order.
func (h *Hub) silent(ctx context.Context, project string, from *activity, limit int) ([]Ranked, error) {
	var list []Ranked
	after := ""
	if from != nil && from.ms == 0 {
		after = from.name
	}
	for {
		page, err := h.store.Channels(ctx, project, after, maxLimit)
		if err != nil || len(page) == 0 {
			return list, err
		}
		last := page[len(page)-1].ID.Name
		logs := make(map[string]bool, len(page))
		err = h.store.Heads(ctx, ChannelID{project, after}, func(ch ChannelID, _ Head) bool {
			within := ch.Project == project && ch.Name <= last
			if within {
				logs[ch.Name] = true
			}
			return within
		})
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if logs[c.ID.Name] {
				continue
			}
			list = append(list, Ranked{Channel: c, Place: activityOf(c.ID.Name, Head{}).String()})
			if len(list) == limit {
				return list, nil
			}
		}
		after = last
	}
}

// foremost keeps the first limit places after from of those that it is
// offered, in whatever order they come. The zero from is before all.
type foremost struct {
	limit  int
	from   *activity
	places []activity // not in order, at most twice limit
	last   *activity  // as many as limit are not after it
}

func (f *foremost) offer(a activity) {
	if f.from != nil && a.compare(*f.from) <= 0 || f.last != nil && a.compare(*f.last) >= 0 {
		return
	}
	if f.places = append(f.places, a); len(f.places) < 2*f.limit {
		return
	}
	last := f.inOrder()[f.limit-1]
	f.last = &last
}

func (f *foremost) inOrder() []activity {
	slices.SortFunc(f.places, activity.compare)
	f.places = f.places[:min(f.limit, len(f.places))]
	return f.places
}

// following is how many subscriptions the channel has on this node.
func (h *Hub) following(ch ChannelID) int {
	r := h.lookup(ch)
	if r == nil {
		return 0
	}
	defer h.release(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.level) + len(r.lagging)
}
