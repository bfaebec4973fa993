package chat

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

// maxListed bounds how many channels of one user are looked at for a list.
const maxListed = 10_000

// maxMentionsCounted is where counting mentions stops: a person reads "99+".
const maxMentionsCounted = 100

// Listing is a page of the user's channels – those with a role, and direct
// ones – the last active first.
func (h *Hub) Listing(ctx context.Context, id *Identity, c Channels) (*Listing, error) {
	if id.User == "" {
		return nil, E(CodeInvalid, "a list of channels is a user's: name one")
	}
	if !id.Has(ScopeRead) {
		return nil, E(CodeForbidden, "the token lacks the scope %s", ScopeRead)
	}
	all, err := h.joined(ctx, id)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, activity.compare)
	if c.After != "" {
		place, err := parseActivity(c.After)
		if err != nil {
			return nil, err
		}
		n, _ := slices.BinarySearchFunc(all, place, activity.compare)
		for n < len(all) && all[n].compare(place) <= 0 {
			n++
		}
		all = all[n:]
	}
	list := &Listing{}
	size := 0 // a page ends with PageBytes, as others do
	for limit := clamp(c.Limit); len(all) > 0 && len(list.Channels) < limit && size < PageBytes; all = all[1:] {
		listed, err := h.listed(ctx, id, all[0])
		if err != nil {
			return nil, err
		}
		if listed != nil {
			list.Channels = append(list.Channels, *listed)
			size += listed.size()
		}
		list.Next = all[0].String()
	}
	if len(all) == 0 {
		list.Next = ""
	}
	return list, nil
}

// activity is a channel's place in a list: by its last event, the newest first.
type activity struct {
	ms   int64
	name string
	head Head
}

func activityOf(name string, head Head) activity {
	a := activity{name: name, head: head}
	if !head.LastTime.IsZero() {
		a.ms = head.LastTime.UnixMilli()
	}
	return a
}

func (a activity) compare(b activity) int {
	return cmp.Or(cmp.Compare(b.ms, a.ms), cmp.Compare(a.name, b.name))
}

func (a activity) String() string { return strconv.FormatInt(a.ms, 10) + ":" + a.name }

func parseActivity(s string) (activity, error) {
	ms, name, ok := strings.Cut(s, ":")
	n, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return activity{}, E(CodeInvalid, "the page begins nowhere: after must be what a page gave as next")
	}
	return activity{ms: n, name: name}, nil
}

func (h *Hub) joined(ctx context.Context, id *Identity) ([]activity, error) {
	var all []activity
	for after := ""; len(all) < maxListed; {
		names, err := h.store.Joined(ctx, id.Project, id.User, after, maxLimit)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			after = name
			if !id.Covers(name) {
				continue
			}
			head, err := h.store.Head(ctx, ChannelID{id.Project, name})
			if err != nil {
				return nil, err
			}
			if !head.Deleted {
				all = append(all, activityOf(name, head))
			}
		}
		if len(names) < maxLimit {
			break
		}
	}
	return all, nil
}

// listed is one line of the list, or nil: the user may not read the channel.
func (h *Hub) listed(ctx context.Context, id *Identity, a activity) (*Listed, error) {
	r, err := h.acquire(ctx, ChannelID{id.Project, a.name})
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	if err := r.permit(ctx, id, OpRead); err != nil {
		return nil, ignoreRefusal(err)
	}
	cursor, err := h.store.Cursor(ctx, r.id, id.User)
	if err != nil {
		return nil, err
	}
	cursor.Unread = a.head.unread(cursor)
	l := &Listed{Channel: r.about(), Role: r.role(ctx, id), Head: a.head, Cursor: cursor, Unread: cursor.Unread}
	if l.Unread > 0 {
		if l.Mentions, err = h.store.Mentions(ctx, r.id, id.User, cursor.Read, maxMentionsCounted); err != nil {
			return nil, err
		}
	}
	last, err := h.store.Messages(ctx, r.id, Page{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(last) > 0 {
		l.Last = last[0]
	}
	return l, nil
}

// ignoreRefusal passes on only what is no matter of rights, nor of a channel that
// was deleted meanwhile.
func ignoreRefusal(err error) error {
	switch CodeOf(err) {
	case CodeForbidden, CodeBanned, CodeUnauthorized, CodeDeleted:
		return nil
	}
	return err
}

// about are the channel's settings.
func (r *room) about() *Channel {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings
}
