package history

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/parley-chat/parley/chat"
)

// place names a message, or a user's cursor.
type place struct{ channel, name string }

// Cursors holds read cursors to moving forward only: what is answered after an
// answer is no less than it, nor less than what was asked for.
func Cursors(h *History, _ Final) []Violation {
	f := findings{check: "cursors"}
	byUser := make(map[place][]*Op)
	for i := range h.Ops {
		if op := &h.Ops[i]; op.Kind == MarkRead && op.Outcome == OK {
			byUser[place{op.Channel, op.User}] = append(byUser[place{op.Channel, op.User}], op)
		}
	}
	for where, ops := range byUser {
		returned := slices.Clone(ops)
		slices.SortFunc(ops, func(a, b *Op) int { return cmp.Compare(a.Invoked, b.Invoked) })
		slices.SortFunc(returned, func(a, b *Op) int { return cmp.Compare(a.Returned, b.Returned) })
		known := uint64(0) // the greatest answer before op was invoked
		for _, op := range ops {
			for len(returned) > 0 && returned[0].Returned < op.Invoked {
				known = max(known, returned[0].Answer.Seq)
				returned = returned[1:]
			}
			if op.Answer.Seq < known || op.Answer.Seq < op.Seq {
				f.add(where.channel, "%s's cursor stood at %d; %v for %d was answered with %d", where.name, known, op, op.Seq, op.Answer.Seq)
			}
		}
	}
	return f.list
}

// Erased holds deletions to what they promise: no request begun after one was
// acknowledged is answered with what the message, or an edit of it, said.
func Erased(h *History, final Final) []Violation {
	f := findings{check: "erased"}
	gone := make(map[place]time.Duration) // since when
	for i := range h.Ops {
		op := &h.Ops[i]
		if op.Kind != Delete || op.Outcome != OK {
			continue
		}
		where := place{op.Channel, op.Target}
		if since, ok := gone[where]; !ok || op.Returned < since {
			gone[where] = op.Returned
		}
	}
	served := func(channel string, begun time.Duration, entries []Entry, to string) {
		for _, e := range entries {
			since, ok := gone[place{channel, e.ID}]
			if ok && begun > since && e.Text != "" && (e.Kind == chat.KindMessage || e.Kind == chat.KindEdit) {
				f.add(channel, "%s, begun at %v, was given %+v, deleted at %v", to, begun, e, since)
			}
		}
	}
	for i := range h.Ops {
		if op := &h.Ops[i]; op.Kind == ReadFrom {
			served(op.Channel, op.Invoked, op.Answer.Entries, op.String())
		}
	}
	for i := range h.Runs {
		served(h.Runs[i].Channel, h.Runs[i].Begun, h.Runs[i].Entries, h.Runs[i].Subscriber)
	}
	for channel, log := range final {
		served(channel, math.MaxInt64, log, "the final reader")
	}
	return f.list
}
