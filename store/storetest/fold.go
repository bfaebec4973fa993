package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
)

var foldChecks = []check{{"Store_SaysWhatAFoldOfItsEventsSays", behavesLikeFold}}

// folded is what somebody knows who has taken in every event of a channel, one
// after the other, and nothing else.
type folded struct {
	head      uint64
	horizon   uint64
	all       []*chat.Event // as they were committed
	messages  []*chat.Event // as they were posted
	deletions map[string]*chat.Event
	notes     map[string]*chat.Notes
	reactions map[string]*chat.Event // by message, name and user
	pins      map[string]*chat.Event
	states    map[string]*chat.Event
	said      map[string]*chat.Event // by message: the event with its last body; not of deleted ones
}

func newFolded() *folded {
	return &folded{
		deletions: map[string]*chat.Event{}, notes: map[string]*chat.Notes{}, reactions: map[string]*chat.Event{},
		pins: map[string]*chat.Event{}, states: map[string]*chat.Event{}, said: map[string]*chat.Event{},
	}
}

func (f *folded) find(id string) *chat.Event {
	for _, m := range f.messages {
		if m.ID == id && m.Seq > f.horizon {
			return m
		}
	}
	return nil
}

func reactionName(id, name, user string) string { return id + " " + name + " " + user }

// take takes in one event.
func (f *folded) take(e *chat.Event) {
	f.head = e.Seq
	f.all = append(f.all, e)
	for _, m := range f.messages {
		if n := f.notes[m.ID].With(m.ID, e); n != nil {
			f.notes[m.ID] = n
		}
	}
	keep := func(in map[string]*chat.Event, key string, on bool) {
		if delete(in, key); on {
			in[key] = e
		}
	}
	switch e.Kind {
	case chat.KindMessage:
		f.messages = append(f.messages, e)
		f.said[e.ID] = e
	case chat.KindEdit:
		f.said[e.ID] = e
	case chat.KindDelete:
		f.deletions[e.ID] = e
		delete(f.pins, e.ID)
		delete(f.said, e.ID)
	case chat.KindReaction:
		keep(f.reactions, reactionName(e.ID, e.Name, e.Sender), e.On)
	case chat.KindPin:
		keep(f.pins, e.ID, e.On)
	case chat.KindState:
		keep(f.states, e.Name, e.Body != nil)
	}
}

// refers reports whether a body that is kept names the file.
func (f *folded) refers(file string) bool {
	for _, e := range f.said {
		if e.Seq > f.horizon && bytes.Contains(e.Body, []byte(file)) {
			return true
		}
	}
	return false
}

// judge is why d is refused, or the event that has done it already.
func (f *folded) judge(d *chat.Draft, now time.Time) (code chat.Code, first *chat.Event) {
	switch d.Kind {
	case chat.KindState:
		return f.judgeState(d, now), nil
	case chat.KindCall:
		return "", nil
	case chat.KindMessage:
		if d.ParentID == "" {
			return "", nil
		}
		m := f.find(d.ParentID)
		if m == nil || m.ParentID != "" && f.find(m.ParentID) == nil {
			return chat.CodeNotFound, nil
		}
		return "", nil
	}
	there := map[chat.Kind]*chat.Event{
		chat.KindReaction: f.reactions[reactionName(d.ID, d.Name, d.Sender)], chat.KindPin: f.pins[d.ID],
	}
	switch gone := f.deletions[d.ID]; {
	case f.find(d.ID) == nil:
		return chat.CodeNotFound, nil
	case d.Kind == chat.KindDelete:
		return "", gone
	case gone != nil:
		return chat.CodeDeleted, nil
	case d.Kind == chat.KindEdit:
		return "", nil
	case d.On:
		return "", there[d.Kind]
	case there[d.Kind] == nil:
		return chat.CodeNotFound, nil
	}
	return "", nil
}

func (f *folded) judgeState(d *chat.Draft, now time.Time) chat.Code {
	goes := d.Body == nil && d.Add == nil
	e := f.states[d.Name]
	if e != nil && !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt) && !(goes && d.If != nil && *d.If == e.Seq) {
		e = nil
	}
	version := uint64(0)
	if e != nil {
		version = e.Seq
	}
	switch {
	case d.If != nil && *d.If != version:
		return chat.CodeVersion
	case goes && e == nil:
		return chat.CodeNotFound
	case d.Add != nil && e != nil:
		if _, err := strconv.ParseInt(string(e.Body), 10, 64); err != nil {
			return chat.CodeInvalid
		}
	}
	return ""
}

// folding is one run of a fold beside the store.
type folding struct {
	*bundle
	known *folded
	ch    chat.ChannelID
	now   time.Time
	// looked is where the log stood when everything was last compared; reopening
	// clears it.
	looked [2]uint64
}

func behavesLikeFold(b *bundle) {
	n := 0
	start := b.now()
	moved := time.Duration(0)
	rapid.Check(b.t, func(rt *rapid.T) {
		n++
		f := &folding{bundle: b, known: newFolded(), ch: chat.ChannelID{Project: fmt.Sprint("p", n), Name: "a"}, now: start.Add(moved)}
		rt.Repeat(map[string]func(*rapid.T){
			"append": f.append,
			"more":   f.append,
			"expire": f.expireSome,
			"wait": func(*rapid.T) {
				b.opened.Advance(time.Hour)
				f.now, moved = f.now.Add(time.Hour), moved+time.Hour
			},
			"reopen": func(rt *rapid.T) { // seldom: it is what costs most
				if rapid.IntRange(0, 3).Draw(rt, "really") == 0 {
					b.reopen()
					f.looked = [2]uint64{}
				}
			},
			"": f.compare,
		})
	})
}

// append queues several drafts at once.
func (f *folding) append(rt *rapid.T) {
	ids := []string{"nothing"}
	for _, m := range f.known.messages {
		ids = append(ids, m.ID)
	}
	var drafts []*chat.Draft
	var waits []<-chan result
	for range rapid.IntRange(1, 8).Draw(rt, "drafts") {
		d := f.draft(rt, ids)
		drafts, waits = append(drafts, d), append(waits, f.queue(d))
	}
	for i, d := range drafts {
		code, first := f.known.judge(d, f.now)
		r := <-waits[i]
		switch {
		case chat.CodeOf(r.err) != code:
			rt.Fatalf("append %+v: %v, want %q", d, r.err, code)
		case code != "":
		case r.Repeated != (first != nil):
			rt.Fatalf("append %+v: repeated %v; first %+v", d, r.Repeated, first)
		case first != nil:
			f.same("first", r.Event, first)
		case r.Event.Seq != f.known.head+1:
			rt.Fatalf("append %+v: seq %d after %d", d, r.Event.Seq, f.known.head)
		default:
			f.known.take(r.Event)
		}
	}
}

func (f *folding) draft(rt *rapid.T, ids []string) *chat.Draft {
	d := &chat.Draft{
		Channel: f.ch,
		Kind:    rapid.SampledFrom([]chat.Kind{1, 1, 1, 2, 2, 3, 5, 5, 5, 6, 6, 7, 7, 8}).Draw(rt, "kind"),
		Sender:  rapid.SampledFrom([]string{"ann", "bob", "cyd"}).Draw(rt, "sender"),
	}
	d.ID = rapid.SampledFrom(ids).Draw(rt, "id")
	d.On = rapid.Bool().Draw(rt, "on")
	ttl := rapid.SampledFrom([]time.Duration{0, 0, 30 * time.Minute}).Draw(rt, "ttl")
	body := rapid.SampledFrom([]string{`"x"`, naming(fileA), naming(fileB), naming(fileB, fileA)})
	switch d.Kind {
	case chat.KindMessage:
		d.Body, d.TTL = []byte(body.Draw(rt, "body")), ttl
		if d.On {
			d.ParentID = d.ID
		}
		d.ID, d.On = "", false
		if rapid.Bool().Draw(rt, "mentions") {
			d.Mentions = []string{"bob", "cyd"}
		}
	case chat.KindEdit:
		d.Body = []byte(body.Draw(rt, "body"))
	case chat.KindReaction:
		d.Name = rapid.SampledFrom([]string{"👍", "x"}).Draw(rt, "name")
	case chat.KindState:
		f.stateDraft(rt, d, ttl)
	case chat.KindCall:
		d.ID, d.On = "", false
		d.Call = &chat.Call{ID: "c", Channel: f.ch, Caller: d.Sender, Callee: "dan", Data: []byte(naming(fileA)), State: chat.Missed}
	}
	return d
}

func (f *folding) stateDraft(rt *rapid.T, d *chat.Draft, ttl time.Duration) {
	d.ID = ""
	d.Name = rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key")
	switch rapid.IntRange(0, 3).Draw(rt, "write") {
	case 0:
		d.Body = []byte(`"text"`)
	case 1:
		d.Body = []byte("7")
	case 2:
		d.Add = new(int64)
		*d.Add = 2
	}
	if d.Body != nil || d.Add != nil {
		d.TTL = ttl
	}
	switch rapid.IntRange(0, 3).Draw(rt, "if") {
	case 0:
		d.If = new(uint64)
	case 1:
		if e := f.known.states[d.Name]; e != nil {
			seq := e.Seq
			d.If = &seq
		}
	}
}

func (f *folding) expireSome(rt *rapid.T) {
	if len(f.known.messages) == 0 {
		return
	}
	until := rapid.SampledFrom(f.known.messages).Draw(rt, "until").At
	if _, err := f.Expire(f.ctx, until.Add(chat.DefaultRetention)); err != nil {
		rt.Fatal(err)
	}
	for _, e := range f.known.all[f.known.horizon:] {
		if !e.At.Before(until) {
			break
		}
		f.known.horizon = e.Seq
	}
}

// compare looks at everything the store says.
func (f *folding) compare(*rapid.T) {
	f.compareStates()
	if at := [2]uint64{f.known.head, f.known.horizon}; f.looked != at {
		f.looked = at
		f.compareLog()
	}
}

func (f *folding) compareLog() {
	var kept, pinned []*chat.Event
	called := 0
	for _, m := range f.known.messages {
		if m.Seq <= f.known.horizon {
			continue
		}
		kept = append(kept, m)
		if f.known.pins[m.ID] != nil {
			pinned = append(pinned, m)
		}
		if slices.Contains(m.Mentions, "bob") && f.known.deletions[m.ID] == nil {
			called++
		}
	}
	page := f.messages(f.ch, chat.Page{Limit: 1000})
	f.same("messages", seqs(page), seqs(kept))
	replay := f.events(f.ch, f.known.horizon, 1000)
	f.same("replay", seqs(replay), run(f.known.horizon+1, f.known.head))
	for _, e := range slices.Concat(page, replay) {
		if e.Kind == chat.KindMessage {
			f.same(fmt.Sprint("notes of ", e.Seq), e.Notes, f.known.notes[e.ID])
		}
	}
	f.pinned(f.ch, pinned...)
	n, err := f.Mentions(f.ctx, f.ch, "bob", 0, 1000)
	f.noError(err)
	f.same("mentions", n, called)
	for _, file := range []string{fileA, fileB} {
		found, err := f.Referenced(f.ctx, f.ch.Project, file)
		f.noError(err)
		f.same("reference to "+file, found, f.known.refers(file))
	}
	for _, m := range kept[max(0, len(kept)-5):] {
		f.compareThread(m, kept)
	}
}

func (f *folding) compareThread(first *chat.Event, kept []*chat.Event) {
	var replies []*chat.Event
	for _, m := range kept {
		if m.ParentID == first.ID {
			replies = append(replies, m)
		}
	}
	f.same(fmt.Sprint("thread of ", first.Seq), f.thread(first), seqs(replies))
}

func (f *folding) compareStates() {
	var want []*chat.StateKey
	for _, name := range []string{"a", "b"} {
		e := f.known.states[name]
		if e != nil && (e.ExpiresAt.IsZero() || f.now.Before(e.ExpiresAt)) {
			want = append(want, &chat.StateKey{Key: name, Value: e.Body, Version: e.Seq, By: e.Sender, At: e.At, ExpiresAt: e.ExpiresAt})
		}
	}
	got, h, err := f.State(f.ctx, f.ch, "", 10, f.now)
	f.noError(err)
	f.same("states", got, want)
	f.same("head", h.Seq, f.known.head)
}
