package storetest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
)

var modelChecks = []check{{"Store_BehavesLikeItsModel", behavesLikeModel}}

// modelled is a channel as simply as it can be said: every event in its
// present state.
type modelled struct {
	events  []*chat.Event
	deleted map[uint64]uint64 // message → delete event
	nonces  map[string]use
	gone    bool // the channel was deleted
	left    bool // and not purged yet
	horizon uint64
	next    uint64
	members map[string]chat.Member
	cursors map[string]chat.Cursor
}

type use struct {
	seq     uint64
	content string
}

func newModelled() *modelled {
	return &modelled{
		deleted: map[uint64]uint64{}, nonces: map[string]use{},
		members: map[string]chat.Member{}, cursors: map[string]chat.Cursor{},
	}
}

func (m *modelled) at(seq uint64) *chat.Event { return m.events[seq-1] }

func (m *modelled) messages() []*chat.Event {
	var all []*chat.Event
	for _, e := range m.events[m.horizon:] {
		if e.Kind == chat.KindMessage {
			all = append(all, e)
		}
	}
	return all
}

func (m *modelled) head() chat.Head {
	h := chat.Head{Seq: uint64(len(m.events)), Next: m.next, Horizon: m.horizon, First: m.next, Deleted: m.gone}
	if all := m.messages(); len(all) > 0 {
		h.First = all[0].Sequence
	}
	if h.Seq > 0 {
		h.LastTime = m.at(h.Seq).At
	}
	return h
}

// append is the seq that d's answer names, whether it is a repetition, or why
// d is refused.
func (m *modelled) append(d *chat.Draft) (seq uint64, repeated bool, code chat.Code) {
	if m.gone {
		return 0, false, chat.CodeDeleted
	}
	what := fmt.Sprintf("%d %s %s %v", d.Kind, d.ID, d.Body, d.Member)
	if d.Member != nil {
		what = fmt.Sprintf("%d %+v", d.Kind, *d.Member)
	}
	if u, ok := m.nonces[d.Sender+" "+d.Nonce]; ok && d.Nonce != "" && u.seq > m.horizon {
		if u.content != what {
			return 0, false, chat.CodeConflict
		}
		return u.seq, true, ""
	}
	var target *chat.Event
	if d.Kind == chat.KindEdit || d.Kind == chat.KindDelete {
		for _, e := range m.messages() {
			if e.ID == d.ID {
				target = e
			}
		}
		switch {
		case target == nil:
			return 0, false, chat.CodeNotFound
		case target.Deleted() && d.Kind == chat.KindEdit:
			return 0, false, chat.CodeDeleted
		case target.Deleted():
			return m.deleted[target.Seq], true, ""
		}
	}
	seq = uint64(len(m.events) + 1)
	e := &chat.Event{Channel: d.Channel, Seq: seq, Kind: d.Kind, Sender: d.Sender, Nonce: d.Nonce, Body: d.Body, Member: d.Member}
	if target != nil {
		e.ID, e.TargetSeq, e.Sequence = d.ID, target.Seq, target.Sequence
	}
	if d.Kind == chat.KindMessage {
		e.Sequence = m.next
		m.next++
	}
	if d.Nonce != "" {
		m.nonces[d.Sender+" "+d.Nonce] = use{seq, what}
	}
	m.events = append(m.events, e)
	return seq, false, ""
}

// took completes the model with what only the store decides, and carries out
// what the event does to others.
func (m *modelled) took(got *chat.Event) {
	e := m.at(got.Seq)
	e.At = got.At
	switch e.Kind {
	case chat.KindMessage:
		e.ID = got.ID
	case chat.KindEdit:
		now := *m.at(e.TargetSeq)
		now.Body, now.EditSeq, now.EditedAt = e.Body, e.Seq, e.At
		m.events[e.TargetSeq-1] = &now
	case chat.KindDelete:
		now := *m.at(e.TargetSeq)
		now.Body, now.DeletedAt = nil, e.At
		m.events[e.TargetSeq-1] = &now
		m.deleted[e.TargetSeq] = e.Seq
		for i, other := range m.events {
			if other.Kind == chat.KindEdit && other.TargetSeq == e.TargetSeq {
				scrubbed := *other
				scrubbed.Body = nil
				m.events[i] = &scrubbed
			}
		}
	case chat.KindMember:
		standing := *e.Member
		standing.Since = e.At
		if old, ok := m.members[standing.User]; ok && old.Role != chat.NoRole {
			standing.Since = old.Since
		}
		e.Member = &standing
		if standing.Role == chat.NoRole && !standing.Banned {
			delete(m.members, standing.User)
		} else {
			m.members[standing.User] = standing
		}
	}
}

// trial is one run of the model beside the store.
type trial struct {
	*bundle
	rt       *rapid.T
	channels []chat.ChannelID
	models   map[chat.ChannelID]*modelled
}

func behavesLikeModel(b *bundle) {
	n := 0
	rapid.Check(b.t, func(rt *rapid.T) {
		n++
		tr := &trial{bundle: b, rt: rt, models: map[chat.ChannelID]*modelled{}}
		for _, name := range []string{"a", "ab"} {
			ch := chat.ChannelID{Project: fmt.Sprint("p", n), Name: name}
			tr.channels = append(tr.channels, ch)
			tr.models[ch] = newModelled()
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": tr.append,
			"cursor": tr.cursor,
			"delete": tr.delete,
			"expire": tr.expire,
			"purge":  tr.purge,
			"put":    tr.put,
			"pages":  tr.pages,
			"wait":   func(*rapid.T) { b.opened.Advance(time.Hour) },
			"":       tr.compare,
		})
	})
}

func (tr *trial) channel(rt *rapid.T) (chat.ChannelID, *modelled) {
	ch := rapid.SampledFrom(tr.channels).Draw(rt, "channel")
	return ch, tr.models[ch]
}

// append queues several drafts at once.
func (tr *trial) append(rt *rapid.T) {
	type expected struct {
		wait     <-chan result
		seq      uint64
		repeated bool
		code     chat.Code
	}
	ch, m := tr.channel(rt)
	ids := []string{"nothing"}
	for _, e := range m.messages() {
		ids = append(ids, e.ID)
	}
	var all []expected
	for range rapid.IntRange(1, 5).Draw(rt, "drafts") {
		d := draft(rt, ch, ids)
		x := expected{}
		x.seq, x.repeated, x.code = m.append(d)
		x.wait = tr.queue(d)
		if x.code == "" && !x.repeated {
			// What one draft does to another's row the model learns in took:
			// wait before the next.
			r := <-x.wait
			if r.err != nil || r.Repeated || r.Event.Seq != x.seq {
				rt.Fatalf("append %+v: %+v, %v; want seq %d", d, r.Committed, r.err, x.seq)
			}
			m.took(r.Event)
			continue
		}
		all = append(all, x)
	}
	for _, x := range all {
		r := <-x.wait
		if chat.CodeOf(r.err) != x.code || x.code == "" && (!r.Repeated || r.Event.Seq != x.seq) {
			rt.Fatalf("got %+v, %v; want seq %d, code %q", r.Committed, r.err, x.seq, x.code)
		}
	}
}

func draft(rt *rapid.T, ch chat.ChannelID, ids []string) *chat.Draft {
	d := &chat.Draft{
		Channel: ch,
		Kind:    rapid.SampledFrom([]chat.Kind{1, 1, 1, 2, 3, 4}).Draw(rt, "kind"),
		Sender:  rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "sender"),
		Nonce:   rapid.SampledFrom([]string{"", "", "1", "2", "3"}).Draw(rt, "nonce"),
	}
	switch d.Kind {
	case chat.KindMessage, chat.KindEdit:
		d.Body = []byte(rapid.SampledFrom([]string{`"x"`, `"y"`}).Draw(rt, "body"))
	case chat.KindMember:
		d.Member = &chat.Member{
			User:   rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "member"),
			Role:   rapid.SampledFrom([]chat.Role{chat.NoRole, chat.Reader, chat.Owner}).Draw(rt, "role"),
			Banned: rapid.Bool().Draw(rt, "banned"),
		}
	}
	if d.Kind == chat.KindEdit || d.Kind == chat.KindDelete {
		d.ID = rapid.SampledFrom(ids).Draw(rt, "id")
	}
	return d
}

func (tr *trial) cursor(rt *rapid.T) {
	ch, m := tr.channel(rt)
	user := rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "user")
	to := chat.Cursor{
		Channel: ch, User: user,
		Delivered: rapid.Uint64Range(0, 30).Draw(rt, "delivered"),
		Read:      rapid.Uint64Range(0, 30).Draw(rt, "read"),
	}
	want := m.cursors[user]
	want.Channel, want.User = ch, user
	if !m.gone {
		want.Delivered = max(want.Delivered, min(to.Delivered, uint64(len(m.events))))
		want.Read = max(want.Read, min(to.Read, uint64(len(m.events))))
		m.cursors[user] = want
	}
	got, err := tr.MoveCursors(tr.ctx, []chat.Cursor{to})
	if err != nil || got[0] != want {
		rt.Fatalf("cursor moved to %v, %v; want %v", got, err, want)
	}
}

// delete deletes a channel.
func (tr *trial) delete(rt *rapid.T) {
	ch, m := tr.channel(rt)
	h, err := tr.DeleteChannel(tr.ctx, ch)
	switch {
	case m.gone:
		tr.wantCode(err, chat.CodeDeleted)
		return
	case len(m.events) == 0:
		tr.wantCode(err, chat.CodeNotFound)
		return
	case err != nil:
		rt.Fatal(err)
	}
	last := m.at(uint64(len(m.events))).At
	m.events = append(m.events, &chat.Event{At: last})
	gone := newModelled()
	gone.left, gone.gone, gone.events, gone.horizon, gone.next = true, true, m.events, uint64(len(m.events)), m.next
	*m = *gone
	tr.same("head of what was deleted", h, m.head())
}

// purge removes what is left of a channel, if it was deleted.
func (tr *trial) purge(rt *rapid.T) {
	ch, m := tr.channel(rt)
	if err := tr.Purge(tr.ctx, ch); err != nil {
		rt.Fatal(err)
	}
	m.left = false
}

// put makes a channel again that was deleted.
func (tr *trial) put(rt *rapid.T) {
	ch, m := tr.channel(rt)
	if !m.gone {
		return
	}
	err := tr.PutChannel(tr.ctx, &chat.Channel{ID: ch, Kind: chat.Open})
	if m.left {
		tr.wantCode(err, chat.CodeUnavailable)
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	m.gone = false
}

func (tr *trial) expire(rt *rapid.T) {
	_, m := tr.channel(rt)
	if len(m.events) == 0 {
		return
	}
	seq := rapid.IntRange(1, len(m.events)).Draw(rt, "until")
	now := m.events[seq-1].At.Add(chat.DefaultRetention)
	if _, err := tr.Expire(tr.ctx, now); err != nil {
		rt.Fatal(err)
	}
	for _, m := range tr.models {
		m.left = false
		for m.horizon < uint64(len(m.events)) && m.at(m.horizon+1).At.Before(now.Add(-chat.DefaultRetention)) {
			m.horizon++
		}
	}
}

func (tr *trial) pages(rt *rapid.T) {
	ch, m := tr.channel(rt)
	p := chat.Page{
		Before:     rapid.Uint64Range(0, 30).Draw(rt, "before"),
		After:      rapid.Uint64Range(0, 30).Draw(rt, "after"),
		Forward:    rapid.Bool().Draw(rt, "forward"),
		BySequence: rapid.Bool().Draw(rt, "by sequence"),
		Limit:      rapid.IntRange(1, 10).Draw(rt, "limit"),
	}
	tr.same(fmt.Sprintf("%+v", p), tr.messages(ch, p), pick(m.messages(), p))
}

// compare looks at everything the store says.
func (tr *trial) compare(rt *rapid.T) {
	for ch, m := range tr.models {
		tr.same("head", tr.head(ch), m.head())
		o, err := tr.Open(tr.ctx, ch)
		if err != nil || len(m.members) > 0 && !o.Members {
			rt.Fatalf("opened with %+v, %v, and %d members", o, err, len(m.members))
		}
		tr.same("opening's head", o.Head, m.head())
		tr.same("events", tr.events(ch, m.horizon, 1000), m.events[m.horizon:])
		all := m.messages()
		for _, e := range all[max(0, len(all)-3):] {
			got, err := tr.Message(tr.ctx, ch, e.ID)
			if err != nil {
				rt.Fatal(err)
			}
			tr.same("message", got, e)
		}
		for _, user := range []string{"ann", "bob"} {
			if m.left {
				continue // not to be shown
			}
			got, err := tr.Member(tr.ctx, ch, user)
			want, ok := m.members[user]
			if !ok && chat.CodeOf(err) == chat.CodeNotFound {
				continue
			}
			if err != nil || !ok {
				rt.Fatalf("member %s: %v, %v; want %v", user, got, err, want)
			}
			tr.same("member", *got, want)
		}
	}
}
