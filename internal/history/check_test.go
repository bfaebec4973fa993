package history_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

const channel = "general"

// book is a history made by hand: each operation is over before the next.
type book struct {
	history.History
	final history.Final
	clock time.Duration
}

func (b *book) op(op history.Op) *history.Op {
	op.ID, op.Channel, op.Client = len(b.Ops), channel, op.User
	op.Invoked, op.Returned = b.clock+1, b.clock+2
	b.clock += 10
	b.Ops = append(b.Ops, op)
	return &b.Ops[op.ID]
}

func (b *book) post(user, text string, seq uint64, id string) {
	b.op(history.Op{User: user, Kind: history.Post, Nonce: "n-" + text, Text: text, Outcome: history.OK, Answer: history.Answer{Seq: seq, ID: id}})
}

func (b *book) mark(seq, stands uint64) {
	b.op(history.Op{User: "ada", Kind: history.MarkRead, Seq: seq, Outcome: history.OK, Answer: history.Answer{Seq: stands}})
}

func (b *book) read(after uint64, limit int, entries ...history.Entry) {
	b.op(history.Op{User: "eve", Kind: history.ReadFrom, Seq: after, Limit: limit, Outcome: history.OK, Answer: history.Answer{Entries: entries}})
}

func message(seq, sequence uint64, sender, id, text string) history.Entry {
	return history.Entry{Seq: seq, Sequence: sequence, Kind: chat.KindMessage, ID: id, Sender: sender, Text: text, Nonce: "n-" + text}
}

// good is a history in which everything was as promised:
//
//	1 ada posts one    3 ada edits one     5 ada posts three
//	2 bob posts two    4 bob deletes two
func good() *book {
	b := &book{final: history.Final{}}
	one, two, three := message(1, 0, "ada", "m1", "one"), message(2, 1, "bob", "m2", "two"), message(5, 2, "ada", "m5", "three")
	edit := history.Entry{Seq: 3, Kind: chat.KindEdit, ID: "m1", Sender: "ada", Text: "won"}
	gone := history.Entry{Seq: 4, Kind: chat.KindDelete, ID: "m2", Sender: "bob"}
	won, tomb := one, two
	won.Text, won.EditSeq = "won", 3
	tomb.Text, tomb.Deleted = "", true

	b.post("ada", "one", 1, "m1")
	b.post("bob", "two", 2, "m2")
	b.read(0, 10, one, two)
	b.op(history.Op{User: "ada", Kind: history.Edit, Target: "m1", Text: "won", Outcome: history.OK, Answer: history.Answer{Seq: 3, ID: "m1"}})
	b.mark(2, 2)
	b.op(history.Op{User: "bob", Kind: history.Delete, Target: "m2", Outcome: history.OK, Answer: history.Answer{Seq: 4, ID: "m2"}})
	b.op(history.Op{User: "bob", Kind: history.Edit, Target: "m2", Text: "too late", Outcome: history.Failed, Code: chat.CodeDeleted})
	b.read(0, 3, won, tomb, edit)
	b.mark(4, 4)
	b.mark(1, 4)
	b.post("ada", "three", 5, "m5")
	b.read(4, 10, three)
	b.final[channel] = []history.Entry{won, tomb, edit, gone, three}

	b.Runs = []history.Run{
		{ID: 0, Subscriber: "by seq", Channel: channel, Numbering: history.BySeq, Begun: 1, Entries: []history.Entry{one, two, edit}},
		{ID: 1, Subscriber: "by seq", Channel: channel, Numbering: history.BySeq, Begun: b.clock, From: 3, Whole: true, Entries: []history.Entry{gone, three}},
		{ID: 2, Subscriber: "by sequence", Channel: channel, Numbering: history.BySequence, Begun: b.clock, From: 1, Whole: true, Entries: []history.Entry{tomb, three}},
		{ID: 3, Subscriber: "by id", Channel: channel, Numbering: history.ByID, Begun: 1, Whole: true, Entries: []history.Entry{one, three}},
	}
	return b
}

func TestChecks_FindNothingInAGoodHistory(t *testing.T) {
	t.Parallel()
	b := good()
	for _, v := range history.All(&b.History, b.final) {
		t.Error(v)
	}
}

// bad are histories with one broken promise each, and the checks that must see it.
var bad = []struct {
	name  string
	check []string
	spoil func(b *book)
}{
	{"an acknowledged message is lost", []string{"acknowledged", "linearizable"}, func(b *book) {
		b.post("bob", "four", 6, "m6")
	}},
	{"an acknowledged message without a seq is lost", []string{"acknowledged", "linearizable"}, func(b *book) {
		b.post("bob", "four", 0, "m6")
	}},
	{"another message stands at an acknowledged seq", []string{"acknowledged"}, func(b *book) {
		b.final[channel][4].ID = "m9"
	}},
	{"an acknowledged message has another text", []string{"acknowledged", "once"}, func(b *book) {
		b.final[channel][4].Text = "tree"
	}},
	{"an acknowledged delete is undone", []string{"acknowledged", "erased"}, func(b *book) {
		b.final[channel][1].Text, b.final[channel][1].Deleted = "two", false
	}},
	{"a seq is left out", []string{"dense"}, func(b *book) {
		b.final[channel] = slices.Delete(b.final[channel], 2, 3)
	}},
	{"a sequence is left out", []string{"dense"}, func(b *book) {
		b.final[channel][4].Sequence = 3
	}},
	{"an id is given twice", []string{"dense"}, func(b *book) {
		b.final[channel][4].ID = "m1"
	}},
	{"a nonce is two messages", []string{"once"}, func(b *book) {
		b.final[channel] = append(b.final[channel], history.Entry{
			Seq: 6, Sequence: 3, Kind: chat.KindMessage, ID: "m6", Sender: "ada", Text: "three", Nonce: "n-three",
		})
	}},
	{"a message without a nonce is doubled", []string{"once"}, func(b *book) {
		b.final[channel][4].Nonce = ""
		b.final[channel] = append(b.final[channel], history.Entry{
			Seq: 6, Sequence: 3, Kind: chat.KindMessage, ID: "m6", Sender: "ada", Text: "three",
		})
	}},
	{"a retry was answered with another message", []string{"once"}, func(b *book) {
		b.op(history.Op{User: "ada", Kind: history.Post, Nonce: "n-three", Text: "three", Outcome: history.OK, Answer: history.Answer{Seq: 2, ID: "m2"}})
	}},
	{"a refused message is there", []string{"once"}, func(b *book) {
		b.final[channel] = append(b.final[channel], history.Entry{Seq: 6, Kind: chat.KindEdit, ID: "m1", Sender: "bob", Text: "too late"})
	}},
	{"a message that nobody wrote is there", []string{"once"}, func(b *book) {
		b.final[channel] = append(b.final[channel], message(6, 3, "ada", "m6", "boo"))
	}},
	{"a subscriber misses an event", []string{"runs"}, func(b *book) {
		b.Runs[1].Entries = b.Runs[1].Entries[1:]
	}},
	{"a subscriber gets an event twice", []string{"runs"}, func(b *book) {
		b.Runs[1].Entries = append([]history.Entry{b.Runs[0].Entries[2]}, b.Runs[1].Entries...)
	}},
	{"a subscriber got what is not in the log", []string{"runs"}, func(b *book) {
		b.Runs[1].Entries[1].ID = "m9"
	}},
	{"a subscriber got what was never committed", []string{"runs"}, func(b *book) {
		b.Runs[1].Entries = append(b.Runs[1].Entries, message(6, 3, "ada", "m6", "four"))
	}},
	{"a subscriber is not told the end", []string{"runs"}, func(b *book) {
		b.Runs[1].Entries = b.Runs[1].Entries[:1]
	}},
	{"a position is refused", []string{"runs"}, func(b *book) { b.Runs[1].Refused = "ahead" }},
	{"a sequence is left out of a run", []string{"runs"}, func(b *book) {
		b.Runs[2].Entries = b.Runs[2].Entries[1:]
	}},
	{"a sequence is another message", []string{"runs"}, func(b *book) { b.Runs[2].Entries[0].ID = "m1" }},
	{"a run by sequence does not reach the end", []string{"runs"}, func(b *book) {
		b.Runs[2].Entries = b.Runs[2].Entries[:1]
	}},
	{"a message is left out of a run by id", []string{"runs"}, func(b *book) {
		b.final[channel][1].Deleted = false
	}},
	{"a run by id is out of order", []string{"runs"}, func(b *book) { slices.Reverse(b.Runs[3].Entries) }},
	{"a run by id got what is not in the log", []string{"runs"}, func(b *book) { b.Runs[3].Entries[1].ID = "m9" }},
	{"a run by id does not reach the end", []string{"runs"}, func(b *book) {
		b.Runs[3].Entries = b.Runs[3].Entries[:1]
	}},
	{"a cursor moves back", []string{"cursors", "linearizable"}, func(b *book) { b.mark(1, 1) }},
	{"a cursor does not move", []string{"cursors", "linearizable"}, func(b *book) { b.mark(5, 4) }},
	{"a cursor moves by itself", []string{"linearizable"}, func(b *book) { b.mark(1, 5) }},
	{"a page has a body that was deleted before", []string{"erased", "linearizable"}, func(b *book) {
		b.read(0, 2, b.final[channel][0], message(2, 1, "bob", "m2", "two"))
	}},
	{"a subscription begun after the delete has the body", []string{"erased"}, func(b *book) {
		b.Runs[2].Entries[0].Text = "two"
	}},
	{"a read misses what was acknowledged before it", []string{"linearizable"}, func(b *book) { b.read(4, 10) }},
	{"a read has what is acknowledged at another place", []string{"linearizable"}, func(b *book) {
		b.read(3, 10, b.final[channel][3], message(5, 2, "ada", "m9", "three"))
	}},
	{"a read has the text from before an edit", []string{"linearizable"}, func(b *book) {
		b.read(0, 1, message(1, 0, "ada", "m1", "one"))
	}},
	{"reads go back in time", []string{"linearizable"}, func(b *book) {
		b.Ops[10].Invoked = 0 // the post of three was under way throughout
		b.Ops[10].Returned = b.clock + 100
		b.read(4, 10, b.final[channel][4])
		b.read(4, 10)
	}},
	{"an edit of a message that is there is refused as deleted", []string{"linearizable"}, func(b *book) {
		b.op(history.Op{User: "ada", Kind: history.Edit, Target: "m1", Text: "x", Outcome: history.Failed, Code: chat.CodeDeleted})
	}},
	{"an edit of a message that is there is refused as unknown", []string{"linearizable"}, func(b *book) {
		b.op(history.Op{User: "ada", Kind: history.Edit, Target: "m1", Text: "x", Outcome: history.Failed, Code: chat.CodeNotFound})
	}},
	{"an edit of a deleted message is accepted", []string{"linearizable"}, func(b *book) {
		b.op(history.Op{User: "bob", Kind: history.Edit, Target: "m2", Text: "x", Outcome: history.OK, Answer: history.Answer{Seq: 6, ID: "m2"}})
	}},
	{"a second delete is another event", []string{"linearizable"}, func(b *book) {
		b.op(history.Op{User: "bob", Kind: history.Delete, Target: "m2", Outcome: history.OK, Answer: history.Answer{Seq: 6, ID: "m2"}})
	}},
	{"what was acknowledged first comes second", []string{"linearizable"}, func(b *book) {
		b.Ops[0].Invoked, b.Ops[0].Returned = b.Ops[1].Returned+1, b.Ops[1].Returned+2
	}},
	{"an answer that never came took effect and was taken back", []string{"linearizable"}, func(b *book) {
		b.op(history.Op{User: "bob", Kind: history.Post, Nonce: "n-four", Text: "four"})
		b.read(4, 10, b.final[channel][4], message(6, 3, "bob", "m6", "four"))
	}},
}

func TestChecks_SeeEachBrokenPromise(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, c := range bad {
		b := good()
		c.spoil(b)
		found := make(map[string]bool)
		all := history.All(&b.History, b.final)
		for _, v := range all {
			found[v.Check] = true
			if v.String() == "" || v.Channel != channel {
				t.Errorf("%s: a violation that says nothing: %+v", c.name, v)
			}
		}
		for _, check := range c.check {
			seen[check] = true
			if !found[check] {
				t.Errorf("%s: the check %q did not see it; found: %v", c.name, check, all)
			}
		}
	}
	for _, c := range history.Checks() {
		if !seen[c.Name] {
			t.Errorf("the check %q has no history that it must refuse", c.Name)
		}
	}
}

func TestLinearizable_LetsWhatHasNoAnswerHappenOrNot(t *testing.T) {
	t.Parallel()
	for _, happened := range []bool{false, true} {
		b := good()
		b.Runs = nil
		unknown := func(op history.Op) {
			op.User = "ada"
			b.op(op).Returned = 0
		}
		unknown(history.Op{Kind: history.Post, Nonce: "n-four", Text: "four"})
		unknown(history.Op{Kind: history.Edit, Target: "m5", Text: "free"})
		unknown(history.Op{Kind: history.Edit, Target: "m5", Text: "tea"})
		unknown(history.Op{Kind: history.Delete, Target: "m5"})
		unknown(history.Op{Kind: history.MarkRead, Seq: 5})
		stands := uint64(4)
		if happened {
			log := b.final[channel]
			log[4].Text, log[4].Deleted = "", true
			b.final[channel] = append(log,
				history.Entry{Seq: 6, Kind: chat.KindEdit, ID: "m5", Sender: "ada"}, // one of two: who knows
				history.Entry{Seq: 7, Kind: chat.KindDelete, ID: "m5", Sender: "ada"},
				message(8, 3, "ada", "m8", "four"))
			stands = 5
		}
		b.mark(0, stands)
		b.read(5, 10, b.final[channel][5:]...)
		for _, v := range history.All(&b.History, b.final) {
			t.Errorf("happened %v: %s", happened, v)
		}
	}
}

func TestLinearizable_DecidesALongHistory(t *testing.T) {
	t.Parallel()
	b := &book{final: history.Final{}}
	var log []history.Entry
	for i := range uint64(3000) {
		text := fmt.Sprint("text ", i)
		b.post("ada", text, i+1, "m"+text)
		// Eight are always under way, and answered in no order.
		op := &b.Ops[len(b.Ops)-1]
		op.Invoked, op.Returned = max(op.Invoked-80, 0), op.Returned+time.Duration(i%7)*10
		log = append(log, message(i+1, i, "ada", "m"+text, text))
		if i > 20 && i%10 == 0 {
			b.mark(i-15, i-15)
		}
	}
	b.final[channel] = log
	for _, v := range history.All(&b.History, b.final) {
		t.Error(v)
	}
}
