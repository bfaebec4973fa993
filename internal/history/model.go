package history

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/parley-chat/parley/chat"
)

// forever is when an operation without an answer is over.
const forever = time.Duration(math.MaxInt64)

// decideWithin bounds the search for an order of one channel's operations.
const decideWithin = 2 * time.Minute

// Linearizable looks for one order of each channel's operations that agrees
// with all answers and with what was over before what began: as if a single
// client had asked them, one after the other, of the model in this file.
func Linearizable(h *History, final Final) []Violation {
	f := findings{check: "linearizable"}
	byChannel := make(map[string][]porcupine.Operation)
	for _, op := range resolve(h, final) {
		end := op.Returned
		if op.Outcome == Unknown {
			end = forever
		}
		byChannel[op.Channel] = append(byChannel[op.Channel], porcupine.Operation{
			Input: &op, Call: int64(op.Invoked), Return: int64(end),
		})
	}
	for channel, ops := range byChannel {
		ops = append(ops, finalRead(final[channel]))
		m := newModel(final[channel])
		checked := m.porcupine()
		switch porcupine.CheckOperationsTimeout(checked, ops, decideWithin) {
		case porcupine.Ok:
		case porcupine.Unknown:
			f.add(channel, "no order of its %d operations was found within %v, nor that there is none", len(ops), decideWithin)
		case porcupine.Illegal:
			f.add(channel, "its %d operations have no order; %s", len(ops), stuck(checked, ops))
		}
	}
	return f.list
}

// finalRead is the reading of the final log, after everything.
func finalRead(log []Entry) porcupine.Operation {
	return porcupine.Operation{
		Input: &Op{
			ID: -1, Client: "the final reader", Kind: ReadFrom, Limit: math.MaxInt,
			Outcome: OK, Invoked: forever - 1, Returned: forever, Answer: Answer{Entries: log},
		},
		Call: int64(forever - 1), Return: int64(forever),
	}
}

// stuck tells the first operation that has no place after the longest order
// that was found.
func stuck(m porcupine.Model, ops []porcupine.Operation) string {
	_, info := porcupine.CheckOperationsVerbose(m, ops, decideWithin)
	var longest []int
	for _, order := range info.PartialLinearizations()[0] {
		if len(order) > len(longest) {
			longest = order
		}
	}
	placed := make(map[int]bool)
	for _, i := range longest {
		placed[i] = true
	}
	var first *Op
	for i := range ops {
		op := ops[i].Input.(*Op)
		if !placed[i] && op.Outcome != Unknown && (first == nil || op.Returned < first.Returned) {
			first = op
		}
	}
	if first == nil {
		return "each has a place alone"
	}
	return fmt.Sprintf("first without a place after %d others: %v, answered %+v", len(longest), first, first.Answer)
}

// model is a channel as its clients are promised it.
type model struct {
	seqs map[string]uint64 // a message's, by its id
	seed maphash.Seed
}

func newModel(log []Entry) *model {
	m := &model{seqs: make(map[string]uint64), seed: maphash.MakeSeed()}
	for _, e := range log {
		if e.Kind == chat.KindMessage {
			m.seqs[e.ID] = e.Seq
		}
	}
	return m
}

func (m *model) porcupine() porcupine.Model {
	n := porcupine.NondeterministicModel{
		Init: func() []any { return []any{&state{}} },
		Step: func(s, in, _ any) []any {
			op := in.(*Op)
			var next []any
			for _, to := range m.step(s.(*state), op) {
				next = append(next, to)
			}
			return next
		},
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return s.(*state).hash },
	}
	return n.ToModel()
}

// step is what a channel may be after op, if op was answered as it was.
func (m *model) step(s *state, op *Op) []*state {
	if op.Outcome == Unknown {
		return append(m.apply(s, op), s)
	}
	if op.Outcome == Failed {
		return m.refuse(s, op)
	}
	return m.apply(s, op)
}

// refuse holds a refusal for a reason that the log knows against the log.
func (m *model) refuse(s *state, op *Op) []*state {
	target := s.at(m.seqs[op.Target])
	switch {
	case op.Code == chat.CodeDeleted && (target == nil || !target.deleted):
		return nil
	case op.Code == chat.CodeNotFound && op.Target != "" && target != nil:
		return nil
	}
	return []*state{s}
}

func (m *model) apply(s *state, op *Op) []*state {
	switch op.Kind {
	case Post:
		if op.Outcome == OK && op.Answer.Seq == s.n+1 {
			return m.changed(s.push(cell{kind: chat.KindMessage, id: op.Answer.ID, text: op.Text}), op)
		}
	case Edit:
		return m.edit(s, op)
	case Delete:
		return m.delete(s, op)
	case MarkRead:
		now := max(s.read[op.User], op.Seq)
		if op.Seq <= s.n && (op.Outcome == Unknown || op.Answer.Seq == now) {
			return m.moved(s, op.User, now)
		}
	case ReadFrom:
		if s.answers(op) {
			return []*state{s}
		}
	}
	return nil
}

func (m *model) edit(s *state, op *Op) []*state {
	seq := m.seqs[op.Target]
	target := s.at(seq)
	if target == nil || target.deleted || (op.Outcome == OK && op.Answer.Seq != s.n+1) {
		return nil
	}
	next := s.push(cell{kind: chat.KindEdit, id: op.Target, text: op.Text, edit: target.edit})
	now := *target
	now.text, now.edit = op.Text, next.n
	next.put(seq, now)
	return m.changed(next, op)
}

func (m *model) delete(s *state, op *Op) []*state {
	seq := m.seqs[op.Target]
	target := s.at(seq)
	if target == nil {
		return nil
	}
	if target.deleted {
		if op.Outcome == OK && op.Answer.Seq != target.gone {
			return nil
		}
		return []*state{s}
	}
	if op.Outcome == OK && op.Answer.Seq != s.n+1 {
		return nil
	}
	next := s.push(cell{kind: chat.KindDelete, id: op.Target})
	now := *target
	now.text, now.deleted, now.gone = "", true, next.n
	next.put(seq, now)
	for at := now.edit; at != 0; {
		edit := *next.at(at)
		edit.text = ""
		next.put(at, edit)
		at = edit.edit
	}
	return m.changed(next, op)
}

// changed folds an event into the state's hash: states to which the same
// events led are equal.
func (m *model) changed(s *state, op *Op) []*state {
	s.hash += maphash.Comparable(m.seed, struct {
		op  int
		seq uint64
	}{op.ID, s.n})
	return []*state{s}
}

// moved is s with a user's cursor at seq.
func (m *model) moved(s *state, user string, seq uint64) []*state {
	type cursor struct {
		user string
		seq  uint64
	}
	next := s.clone()
	next.read = maps.Clone(s.read)
	if next.read == nil {
		next.read = make(map[string]uint64)
	}
	next.hash -= maphash.Comparable(m.seed, cursor{user, s.read[user]})
	next.hash += maphash.Comparable(m.seed, cursor{user, seq})
	next.read[user] = seq
	return []*state{next}
}

// cell is one event in its present state.
type cell struct {
	kind    chat.Kind
	id      string
	text    string
	deleted bool
	edit    uint64 // a message's last edit; an edit's the one before
	gone    uint64 // a message's: the event that deleted it
}

// page is how many cells are copied for one that changes.
const page = 32

// state is a log and its cursors. A state that was handed out never changes.
type state struct {
	n     uint64
	pages [][]cell
	read  map[string]uint64
	hash  uint64
}

func (s *state) equal(o *state) bool {
	return s.hash == o.hash && s.n == o.n && maps.Equal(s.read, o.read)
}

func (s *state) clone() *state {
	next := *s
	next.pages = slices.Clone(s.pages)
	return &next
}

func (s *state) at(seq uint64) *cell {
	if seq == 0 || seq > s.n {
		return nil
	}
	return &s.pages[(seq-1)/page][(seq-1)%page]
}

// put is for a state that was not handed out yet.
func (s *state) put(seq uint64, c cell) {
	p := &s.pages[(seq-1)/page]
	*p = slices.Clone(*p)
	(*p)[(seq-1)%page] = c
}

func (s *state) push(c cell) *state {
	next := s.clone()
	if s.n%page == 0 {
		next.pages = append(next.pages, nil)
	}
	last := &next.pages[len(next.pages)-1]
	*last = append(slices.Clip(*last), c)
	next.n++
	return next
}

// answers reports whether a read could have been answered so from s.
func (s *state) answers(op *Op) bool {
	entries := op.Answer.Entries
	if have := s.n - min(s.n, op.Seq); uint64(len(entries)) != min(have, uint64(op.Limit)) {
		return false
	}
	for i, e := range entries {
		c := s.at(op.Seq + uint64(i) + 1)
		if e.Seq != op.Seq+uint64(i)+1 || e.Kind != c.kind || e.ID != c.id || e.Text != c.text || e.Deleted != c.deleted {
			return false
		}
		if c.kind == chat.KindMessage && !c.deleted && e.EditSeq != c.edit {
			return false
		}
	}
	return true
}
