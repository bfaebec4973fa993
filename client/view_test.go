package client

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// channelLog is a channel as a store keeps it: its events, its messages in
// their present state (by Notes.With), and its keys.
type channelLog struct {
	pool     frame.Pool
	events   []*chat.Event
	messages []*chat.Event
	keys     map[string]*Key
}

func (l *channelLog) head() Position { return Position{Epoch: "e", Seq: uint64(len(l.events))} }

func (l *channelLog) at() time.Time {
	return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).Add(time.Duration(len(l.events)) * time.Second)
}

// append gives e its place and applies it.
func (l *channelLog) append(e chat.Event) {
	e.Channel.Name, e.Seq, e.At = "c", uint64(len(l.events)+1), l.at()
	l.events = append(l.events, &e)
	for i, m := range l.messages {
		next := *m
		if e.ID == m.ID && e.Kind == chat.KindEdit {
			next.Body, next.EditSeq, next.EditedAt = e.Body, e.Seq, e.At
		}
		if e.ID == m.ID && e.Kind == chat.KindDelete {
			next.Body, next.Meta, next.Mentions, next.DeletedAt = nil, nil, nil, e.At
		}
		next.Notes = m.Notes.With(m.ID, &e)
		l.messages[i] = &next
	}
	switch e.Kind {
	case chat.KindMessage:
		l.messages = append(l.messages, &e)
	case chat.KindState:
		delete(l.keys, e.Name)
		if e.Body != nil {
			l.keys[e.Name] = &Key{Key: e.Name, Value: e.Body, Version: e.Seq, UserID: e.Sender, At: e.At}
		}
	}
}

// present is an event as a replay has it that is read now.
func (l *channelLog) present(e *chat.Event) *chat.Event {
	for _, m := range l.messages {
		switch {
		case m.ID != e.ID || e.ID == "":
		case e.Kind == chat.KindMessage:
			return m
		case e.Kind == chat.KindEdit && m.Deleted():
			scrubbed := *e
			scrubbed.Body = nil
			return &scrubbed
		}
	}
	return e
}

// told is an event as it arrives, by way of the codec.
func (l *channelLog) told(t *rapid.T, e *chat.Event) Logged {
	var logged Logged
	l.pool.Write(func(b []byte) {
		f, err := decode([]byte(string(b)))
		if err == nil {
			logged, err = f.logged()
		}
		if err != nil || logged == nil {
			t.Fatalf("%s: %v", b, err)
		}
	}, func(w *frame.Writer) { wire.AppendEvent(w, &l.pool, e, false) })
	return logged
}

func (l *channelLog) page(t *rapid.T, from, to int) *Page {
	p := &Page{Head: l.head()}
	for _, m := range l.messages[from:to] {
		p.Messages = append(p.Messages, l.told(t, m).(*Message))
	}
	return p
}

// snapshot is read in two pages; things happen in between.
func (l *channelLog) snapshot(t *rapid.T) *Snapshot {
	s := &Snapshot{Head: l.head()}
	take := func(from, below string) {
		for _, k := range l.keys {
			if from <= k.Key && k.Key < below {
				s.Keys = append(s.Keys, k)
			}
		}
	}
	take("x", "y")
	for range rapid.IntRange(0, 5).Draw(t, "between pages") {
		l.step(t)
	}
	take("y", "zz")
	return s
}

// step is one thing that happens in the channel.
func (l *channelLog) step(t *rapid.T) {
	user := rapid.SampledFrom([]string{"alice", "bob", "carol"}).Draw(t, "user")
	e := chat.Event{Sender: user}
	kind := rapid.SampledFrom([]chat.Kind{
		chat.KindMessage, chat.KindMessage, chat.KindEdit, chat.KindDelete, chat.KindReaction,
		chat.KindReaction, chat.KindPin, chat.KindState, chat.KindState, chat.KindMember,
	}).Draw(t, "kind")
	if len(l.messages) == 0 && kind < chat.KindState && kind != chat.KindMember {
		kind = chat.KindMessage
	}
	e.Kind = kind
	var target *chat.Event
	if len(l.messages) > 0 {
		target = rapid.SampledFrom(l.messages).Draw(t, "target")
	}
	body := []byte(fmt.Sprintf("%q", "text "+fmt.Sprint(len(l.events))))
	switch kind {
	case chat.KindMessage:
		e.ID, e.Sequence, e.Body = fmt.Sprint("m", len(l.events)), uint64(len(l.messages)), body
		e.Mentions, e.Meta = []string{"bob"}, []byte(`{"k":1}`)
		if target != nil && !target.Deleted() && rapid.Bool().Draw(t, "reply") {
			e.ParentID = target.ID
			if target.ParentID != "" {
				e.ParentID = target.ParentID
			}
		}
	case chat.KindMember:
		e.Member = &chat.Member{User: user, Role: chat.Ordinary}
	case chat.KindState:
		e.Name = rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "key")
		if l.keys[e.Name] == nil || rapid.Bool().Draw(t, "set") {
			e.Body = body
		}
	default:
		if target.Deleted() {
			return
		}
		e.ID, e.TargetSeq, e.ParentID = target.ID, target.Seq, target.ParentID
		if kind != chat.KindDelete {
			e.ParentID = ""
		}
		if kind == chat.KindEdit {
			e.Body = body
		}
		e.Name = rapid.SampledFrom([]string{"+1", "<3"}).Draw(t, "reaction")
		e.On = !holds(target, &e)
	}
	l.append(e)
}

// holds reports that the reaction or pin is there already: it is taken away.
func holds(m, e *chat.Event) bool {
	if m.Notes == nil {
		return false
	}
	if e.Kind == chat.KindPin {
		return !m.Notes.PinnedAt.IsZero()
	}
	for _, r := range m.Notes.Reactions {
		if r.Name == e.Name && strings.Contains(strings.Join(r.Users, " "), e.Sender) {
			return true
		}
	}
	return false
}

// However pages, snapshots and events reach a view, late or early, read from
// the log or told live: it is the channel as it is now.
func TestView_IsTheChannelAsItIsNow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := &channelLog{keys: map[string]*Key{}}
		for range rapid.IntRange(0, 30).Draw(t, "before") {
			l.step(t)
		}
		view := new(View)
		var late []*Page // read, and not added yet
		var lateState []*Snapshot
		some := rapid.IntRange(0, len(l.messages)).Draw(t, "held")
		view.AddPage(l.page(t, some, len(l.messages)))
		for range rapid.IntRange(0, 3).Draw(t, "meanwhile") {
			l.step(t)
		}
		view.AddState(l.snapshot(t))
		view.Apply(&Subscribed{Position: view.Position()})

		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				l.step(t)
			case 2, 3:
				for seq := view.Position().Seq; seq < uint64(len(l.events)); seq = view.Position().Seq {
					e := l.events[seq]
					if rapid.Bool().Draw(t, "replayed") {
						e = l.present(e)
					}
					before := progress(view)
					view.Apply(l.told(t, e))
					for what, seq := range progress(view) {
						if seq < before[what] {
							t.Fatalf("event %d takes %s back from %d to %d", e.Seq, what, before[what], seq)
						}
					}
					l.noGhosts(t, view)
					if rapid.Bool().Draw(t, "pause") {
						break
					}
				}
			case 4:
				to := rapid.IntRange(0, len(l.messages)).Draw(t, "to")
				late = append(late, l.page(t, rapid.IntRange(0, to).Draw(t, "from"), to))
				lateState = append(lateState, l.snapshot(t))
			case 5:
				if len(late) > 0 {
					if !view.AddPage(late[0]) || !view.AddState(lateState[0]) {
						t.Fatal("a page was refused as too old")
					}
					late, lateState = late[1:], lateState[1:]
				}
			}
		}
		view.AddPage(l.page(t, 0, len(l.messages)))
		for view.Position().Seq < uint64(len(l.events)) {
			view.Apply(l.told(t, l.events[view.Position().Seq]))
		}
		compare(t, view, l)
	})
}

// progress is how far each part of a view is: it never goes back.
func progress(view *View) map[string]uint64 {
	far := map[string]uint64{}
	for _, m := range view.Messages() {
		far["text of "+m.ID], far["notes of "+m.ID] = m.EditSeq, m.NotesSeq
	}
	for _, k := range view.Keys() {
		far["key "+k.Key] = k.Version
	}
	return far
}

// noGhosts wants no key in view that was deleted before the events, or the
// snapshot, that the view has taken in.
func (l *channelLog) noGhosts(t *rapid.T, view *View) {
	for _, e := range l.events[:max(view.Position().Seq, view.stateHead)] {
		if k := view.Key(e.Name); e.Kind == chat.KindState && e.Body == nil && k != nil && k.Version < e.Seq {
			t.Fatalf("at %d there is %s of %d, which %d deleted", view.Position().Seq, k.Key, k.Version, e.Seq)
		}
	}
}

func compare(t *rapid.T, view *View, l *channelLog) {
	want := l.page(t, 0, len(l.messages)).Messages
	if diff := cmp.Diff(want, view.Messages(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("messages (-channel +view):\n%s", diff)
	}
	if len(view.Keys()) != len(l.keys) {
		t.Errorf("%d keys, want %d", len(view.Keys()), len(l.keys))
	}
	for name, k := range l.keys {
		if diff := cmp.Diff(k, view.Key(name)); diff != "" {
			t.Errorf("key %s (-channel +view):\n%s", name, diff)
		}
	}
	if view.Position() != l.head() {
		t.Errorf("the position is %v, the head %v", view.Position(), l.head())
	}
}

func TestView_RefusesAPageThatItCannotBringUpToDate(t *testing.T) {
	t.Parallel()
	view := new(View)
	old := &Page{Head: Position{"e", 5}, Messages: []*Message{{ID: "old", Seq: 5}}}
	view.AddPage(&Page{Head: Position{"e", 6}})
	view.Apply(&Subscribed{Position: view.Position()})
	if view.AddPage(old) || view.AddState(&Snapshot{Head: old.Head}) {
		t.Error("a page from before the subscription was taken")
	}
	for seq := uint64(7); seq <= 3*remembered+7; seq++ {
		view.Apply(&Message{ID: fmt.Sprint(seq), Seq: seq})
	}
	if view.AddPage(&Page{Head: Position{"e", 7}}) {
		t.Error("a page older than what is remembered was taken")
	}
	if view.AddPage(&Page{Head: Position{"f", 3*remembered + 7}}) {
		t.Error("a page of another epoch was taken")
	}
	if !view.AddPage(&Page{Head: Position{"e", 2*remembered + 8}}) {
		t.Error("a page of a moment ago was refused")
	}
	if view.Message("old") != nil {
		t.Error("a refused page was taken in")
	}
}

func TestView_IsEmptyAfterAReset(t *testing.T) {
	t.Parallel()
	view := new(View)
	view.AddPage(&Page{Head: Position{"e", 6}, Messages: []*Message{{ID: "a", Seq: 6}}})
	view.AddState(&Snapshot{Head: Position{"e", 6}, Keys: []*Key{{Key: "k", Version: 3}}})
	view.Apply(&Subscribed{Position: Position{"e", 6}})
	view.Apply(&Reset{Lost: Position{"e", 6}, From: Position{"f", 2}})
	if len(view.Messages()) != 0 || len(view.Keys()) != 0 || view.Position() != (Position{"f", 2}) {
		t.Errorf("%v %v at %v", view.Messages(), view.Keys(), view.Position())
	}
	view.Apply(&Subscribed{Position: Position{"f", 2}})
	view.Apply(&Message{ID: "b", Seq: 3})
	if len(view.Messages()) != 1 || !view.AddState(&Snapshot{Head: Position{"f", 2}}) {
		t.Error("it does not go on")
	}
}

func TestView_Trim(t *testing.T) {
	t.Parallel()
	view := new(View)
	for seq := uint64(1); seq <= 10; seq++ {
		view.Apply(&Message{ID: fmt.Sprint(seq), Seq: seq, ParentID: map[bool]string{true: "1"}[seq > 8]})
	}
	held := view.Message("9")
	view.Trim(3)
	if n := len(view.Messages()); n != 3 || view.Message("7") != nil || view.Message("9") != held {
		t.Errorf("%d messages are held", n)
	}
	view.Apply(&Reaction{ID: "9", Seq: 11, Reaction: "+1", On: true, UserID: "bob"})
	view.Apply(&Reaction{ID: "2", Seq: 12, Reaction: "+1", On: true, UserID: "bob"})
	view.Apply(&Pin{ID: "10", Seq: 13, On: true, UserID: "bob", At: time.Unix(5, 0)})
	if held.Reactions != nil || len(view.Message("9").Reactions) != 1 {
		t.Error("a message that was handed out was changed, or the one held was not")
	}
	if thread, pins := view.Thread("1"), view.Pins(); len(thread) != 2 || len(pins) != 1 || pins[0].ID != "10" {
		t.Errorf("the thread has %d replies, %d are pinned", len(thread), len(pins))
	}
}
