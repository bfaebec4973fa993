package chat

import (
	"slices"
	"time"
)

// With is what hangs on the message id after e, which may be any event of its
// channel; n, which may be nil, is not changed. The store and whoever replays
// the log both apply it, in the order of seqs: the state of one who came late
// is that of one who never left.
func (n *Notes) With(id string, e *Event) *Notes {
	if n != nil && e.Seq <= n.Through {
		return n
	}
	switch {
	case e.ID == id && e.Kind == KindReaction:
		return n.next(e).react(e)
	case e.ID == id && e.Kind == KindPin:
		return n.next(e).pin(e)
	case e.ID == id && e.Kind == KindDelete:
		if n == nil {
			return nil
		}
		next := n.next(e)
		next.Reactions, next.PinnedBy, next.PinnedAt = nil, "", time.Time{}
		return next
	case e.ParentID == id && e.Kind == KindMessage:
		return n.next(e).reply(e)
	case e.ParentID == id && e.Kind == KindDelete:
		next := n.next(e)
		next.Thread.Replies = max(0, next.Thread.Replies-1)
		return next
	}
	return n
}

// next is a copy of n up to e.
func (n *Notes) next(e *Event) *Notes {
	next := &Notes{}
	if n != nil {
		*next = *n
	}
	next.Through = e.Seq
	return next
}

func (n *Notes) react(e *Event) *Notes {
	n.Reactions = slices.Clone(n.Reactions)
	i := slices.IndexFunc(n.Reactions, func(r Reaction) bool { return r.Name == e.Name })
	switch {
	case e.On && i < 0:
		n.Reactions = append(n.Reactions, Reaction{Name: e.Name, Count: 1, Users: []string{e.Sender}})
	case e.On:
		r := &n.Reactions[i]
		r.Count++
		r.Users = shown(r.Users, e.Sender)
	case i >= 0 && n.Reactions[i].Count <= 1:
		n.Reactions = slices.Delete(n.Reactions, i, i+1)
	case i >= 0:
		r := &n.Reactions[i]
		r.Count--
		r.Users = slices.DeleteFunc(slices.Clone(r.Users), func(u string) bool { return u == e.Sender })
	}
	return n
}

func (n *Notes) pin(e *Event) *Notes {
	n.PinnedBy, n.PinnedAt = "", time.Time{}
	if e.On {
		n.PinnedBy, n.PinnedAt = e.Sender, e.At
	}
	return n
}

func (n *Notes) reply(e *Event) *Notes {
	n.Thread.Replies++
	n.Thread.LastAt = e.At
	n.Thread.Users = shown(n.Thread.Users, e.Sender)
	return n
}

// shown is users with one more, if there is room.
func shown(users []string, user string) []string {
	if len(users) >= MaxShown || slices.Contains(users, user) {
		return users
	}
	return append(slices.Clone(users), user)
}
