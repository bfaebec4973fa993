package history

import (
	"fmt"

	"github.com/parley-chat/parley/chat"
)

// Violation is a promise that was broken.
type Violation struct {
	Check   string // the name of the check that found it
	Channel string
	What    string // for a person
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: channel %q: %s", v.Check, v.Channel, v.What)
}

// Check is one promise, and how it is held against a history.
type Check struct {
	Name string
	Run  func(h *History, final Final) []Violation
}

// Checks are all there are.
func Checks() []Check {
	return []Check{
		{"acknowledged", Acknowledged},
		{"dense", Dense},
		{"once", Once},
		{"runs", Runs},
		{"cursors", Cursors},
		{"erased", Erased},
		{"linearizable", Linearizable},
	}
}

// All are the violations that any check finds.
func All(h *History, final Final) []Violation {
	var all []Violation
	for _, c := range Checks() {
		all = append(all, c.Run(h, final)...)
	}
	return all
}

// findings collects what one check finds.
type findings struct {
	check string
	list  []Violation
}

func (f *findings) add(channel, format string, args ...any) {
	f.list = append(f.list, Violation{f.check, channel, fmt.Sprintf(format, args...)})
}

// at is the entry with a seq in a dense log, or nil.
func at(log []Entry, seq uint64) *Entry {
	if seq == 0 || seq > uint64(len(log)) || log[seq-1].Seq != seq {
		return nil
	}
	return &log[seq-1]
}

// messages are where each message stands in a log.
func messages(log []Entry) map[string]*Entry {
	found := make(map[string]*Entry)
	for i := range log {
		if log[i].Kind == chat.KindMessage {
			found[log[i].ID] = &log[i]
		}
	}
	return found
}

func (op *Op) String() string {
	return fmt.Sprintf("%s's %s %d (nonce %q, text %q, target %q), invoked %v, returned %v",
		op.Client, op.Kind, op.ID, op.Nonce, op.Text, op.Target, op.Invoked, op.Returned)
}

// Dense holds every channel to seqs 1, 2, 3 … and sequences 0, 1, 2 …, no id
// given twice.
func Dense(_ *History, final Final) []Violation {
	f := findings{check: "dense"}
	for channel, log := range final {
		ids := make(map[string]uint64)
		next := uint64(0)
		for i, e := range log {
			if e.Seq != uint64(i)+1 {
				f.add(channel, "seq %d stands where %d should", e.Seq, i+1)
			}
			if e.Kind != chat.KindMessage {
				continue
			}
			if e.Sequence != next {
				f.add(channel, "seq %d has sequence %d in place of %d", e.Seq, e.Sequence, next)
			}
			next++
			if first, ok := ids[e.ID]; ok || e.ID == "" {
				f.add(channel, "seqs %d and %d have the id %q", first, e.Seq, e.ID)
			}
			ids[e.ID] = e.Seq
		}
	}
	return f.list
}

// Acknowledged holds what was acknowledged against the final log: it is there,
// at its seq, as its sender wrote it.
func Acknowledged(h *History, final Final) []Violation {
	f := findings{check: "acknowledged"}
	byID := make(map[string]map[string]*Entry)
	for channel, log := range final {
		byID[channel] = messages(log)
	}
	kinds := map[Kind]chat.Kind{Post: chat.KindMessage, Edit: chat.KindEdit, Delete: chat.KindDelete}
	for i := range h.Ops {
		op := &h.Ops[i]
		kind, writes := kinds[op.Kind]
		if op.Outcome != OK || !writes {
			continue
		}
		e := at(final[op.Channel], op.Answer.Seq)
		if op.Answer.Seq == 0 {
			e = byID[op.Channel][op.Answer.ID]
		}
		target := op.Target
		if op.Kind == Post {
			target = op.Answer.ID
		}
		switch message := byID[op.Channel][target]; {
		case e == nil:
			f.add(op.Channel, "lost: %v was acknowledged as %d, %q", op, op.Answer.Seq, op.Answer.ID)
		case e.Kind != kind || e.ID != target || message == nil:
			f.add(op.Channel, "another stands in its place: %v was acknowledged as %d, %q; there is %+v", op, op.Answer.Seq, op.Answer.ID, *e)
		case op.Kind == Delete && !message.Deleted:
			f.add(op.Channel, "undone: %v was acknowledged; there is %+v", op, *message)
		case op.Kind != Delete && e.Text != op.Text && !message.Deleted && (op.Kind == Edit || e.EditSeq == 0):
			f.add(op.Channel, "changed: %v was acknowledged; there is %+v", op, *e)
		case e.Sender != op.User && op.Kind == Post:
			f.add(op.Channel, "of another sender: %v; there is %+v", op, *e)
		}
	}
	return f.list
}
