package history

import "github.com/parley-chat/parley/chat"

// resolve is the history as the final logs complete it, for the model: what
// was told by id gets its seq; what has no answer and stands in a log did take
// effect, and what does not stand there did not. Where a log cannot tell two
// such apart (edits of a message that was deleted have no text) they stay
// Unknown, and the model allows either.
func resolve(h *History, final Final) []Op {
	logs := make(map[string]*resolved)
	of := func(channel string) *resolved {
		if logs[channel] == nil {
			logs[channel] = newResolved(final[channel])
		}
		return logs[channel]
	}
	for i := range h.Ops {
		if op := &h.Ops[i]; op.Outcome == OK {
			of(op.Channel).claim(op)
		}
	}
	var ops []Op
	for i := range h.Ops {
		op := h.Ops[i]
		log := of(op.Channel)
		switch {
		case op.Outcome == OK && op.Kind == Post && op.Answer.Seq == 0:
			if e := log.messages[op.Answer.ID]; e != nil {
				op.Answer.Seq = e.Seq
			}
		case op.Outcome == Unknown && !log.complete(&op):
			continue
		}
		ops = append(ops, op)
	}
	return ops
}

// resolved is a final log by what an operation without an answer has of it.
type resolved struct {
	log      []Entry
	messages map[string]*Entry
	claimed  map[uint64]bool     // seqs that some answer named
	byText   map[authored]*Entry // posts and edits
	byTarget map[string][]*Entry // edits and deletes, by the message's id
}

func newResolved(log []Entry) *resolved {
	r := &resolved{
		log: log, messages: messages(log), claimed: make(map[uint64]bool),
		byText: make(map[authored]*Entry), byTarget: make(map[string][]*Entry),
	}
	for i := range log {
		e := &log[i]
		if e.Text != "" {
			r.byText[authored{user: e.Sender, what: e.Text}] = e
		}
		if e.Kind == chat.KindMessage && e.Nonce != "" {
			r.byText[authored{"nonce", e.Sender, e.Nonce}] = e
		}
		if e.Kind != chat.KindMessage {
			r.byTarget[e.ID] = append(r.byTarget[e.ID], e)
		}
	}
	return r
}

func (r *resolved) claim(op *Op) {
	seq := op.Answer.Seq
	if e := r.messages[op.Answer.ID]; op.Kind == Post && seq == 0 && e != nil {
		seq = e.Seq
	}
	if op.Kind == Post || op.Kind == Edit || op.Kind == Delete {
		r.claimed[seq] = true
	}
}

// complete gives an operation without an answer what the log knows of it;
// false: it surely had no effect.
func (r *resolved) complete(op *Op) bool {
	switch op.Kind {
	case ReadFrom:
		return false
	case Post:
		e := r.byText[authored{"nonce", op.User, op.Nonce}]
		if op.Nonce == "" || e == nil {
			e = r.byText[authored{user: op.User, what: op.Text}]
		}
		return r.settle(op, e)
	case Edit:
		if e := r.byText[authored{user: op.User, what: op.Text}]; e != nil && e.Kind == chat.KindEdit {
			return r.settle(op, e)
		}
		return r.either(op, chat.KindEdit)
	case Delete:
		return r.either(op, chat.KindDelete)
	}
	return true
}

// either finds what op may be among the unclaimed events of its target. One
// that is ambiguous stays Unknown.
func (r *resolved) either(op *Op, kind chat.Kind) bool {
	var candidates []*Entry
	for _, e := range r.byTarget[op.Target] {
		if e.Kind == kind && e.Sender == op.User && !r.claimed[e.Seq] && (e.Text == "" || e.Text == op.Text) {
			candidates = append(candidates, e)
		}
	}
	return len(candidates) > 0
}

// settle makes op's outcome the event e. A deleted message without a nonce
// cannot be found by its text; nobody can then say what it was.
func (r *resolved) settle(op *Op, e *Entry) bool {
	if e == nil || r.claimed[e.Seq] {
		return false
	}
	op.Outcome, op.Answer = OK, Answer{Seq: e.Seq, ID: e.ID}
	op.Returned = forever
	return true
}
