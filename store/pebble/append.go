package pebble

import (
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// maxProject bounds a project's name, in bytes.
const maxProject = 128

// Append is chat.Log's.
func (s *Store) Append(d *chat.Draft, done func(chat.Committed, error)) {
	a := &appending{draft: d, done: done, err: checkDraft(d)}
	if !s.queue.put(a) {
		// The store's goroutines have ended or are about to, and done must not
		// run on the caller's.
		go done(chat.Committed{}, s.gone())
	}
}

// checkDraft reports what is wrong with d whatever the log holds.
func checkDraft(d *chat.Draft) error {
	switch {
	case len(d.Sender) > chat.MaxUserID:
		return chat.E(chat.CodeInvalid, "the sender is longer than %d bytes", chat.MaxUserID)
	case len(d.SenderName) > chat.MaxUserName:
		return chat.E(chat.CodeInvalid, "the sender's name is longer than %d bytes", chat.MaxUserName)
	case len(d.Nonce) > chat.MaxNonce:
		return chat.E(chat.CodeInvalid, "the nonce is longer than %d bytes", chat.MaxNonce)
	case len(d.Body) > chat.MaxBody:
		return chat.E(chat.CodeTooLarge, "the body is larger than %d bytes", chat.MaxBody)
	case len(d.Meta) > chat.MaxMeta:
		return chat.E(chat.CodeTooLarge, "the meta object is larger than %d bytes", chat.MaxMeta)
	}
	switch d.Kind {
	case chat.KindMessage, chat.KindEdit:
		if len(d.Body) == 0 {
			return chat.E(chat.CodeInvalid, "there is no body")
		}
	case chat.KindDelete:
	case chat.KindMember:
		if d.Member == nil {
			return chat.E(chat.CodeInvalid, "a member event names no member")
		}
		return chat.CheckUserID(d.Member.User)
	default:
		return chat.E(chat.CodeInvalid, "there are no events of kind %d", d.Kind)
	}
	return nil
}

// appending is a draft on its way through the writer.
type appending struct {
	draft  *chat.Draft
	done   func(chat.Committed, error)
	result chat.Committed
	err    error
}

func (a *appending) size() int        { return 256 + len(a.draft.Body) + len(a.draft.Meta) }
func (a *appending) frees() bool      { return false }
func (a *appending) refuse(err error) { a.err = err }

func (a *appending) finish(err error) {
	if err == nil {
		err = a.err
	}
	if err != nil {
		a.done(chat.Committed{}, err)
		return
	}
	a.done(a.result, nil)
}

func (a *appending) prepare(w *writer) {
	if a.err != nil {
		return
	}
	c, err := w.channel(a.draft.Channel)
	if err == nil {
		a.result, err = w.append(c, a.draft)
	}
	a.err = err
	if planted.Is("nonce_above_durable") && err == nil && a.result.Repeated {
		a.done(a.result, nil)
		a.done = func(chat.Committed, error) {}
	}
}

// append adds d to the batch. Whatever can fail comes before the first write.
func (w *writer) append(c *channel, d *chat.Draft) (chat.Committed, error) {
	var n nonce
	if d.Nonce != "" {
		n = w.nonce(c, d)
		first, err := w.repeated(c, d, &n)
		if err != nil || first != nil {
			return chat.Committed{Event: first, Repeated: true}, err
		}
	}
	r := &row{event: w.event(c, d)}
	var err error
	switch d.Kind {
	case chat.KindMessage:
		w.message(c, r)
	case chat.KindEdit:
		err = w.edit(c, r)
	case chat.KindDelete:
		var first *chat.Event
		if first, err = w.delete(c, r); first != nil {
			return chat.Committed{Event: first, Repeated: true}, nil
		}
	case chat.KindMember:
		err = w.member(c, r)
	}
	if err != nil {
		return chat.Committed{}, err
	}
	e := r.event
	w.make(c, e.At)
	w.putRow(c, r)
	c.head.seq, c.head.last = e.Seq, e.At.UnixMilli()
	w.moved(c)
	if d.Nonce != "" {
		w.putNonce(&n, use{seq: e.Seq, kind: e.Kind, at: c.head.last, content: n.content}, r)
	}
	w.cur.events++
	return chat.Committed{Event: e}, nil
}

// event is d at the end of c's log.
func (w *writer) event(c *channel, d *chat.Draft) *chat.Event {
	return &chat.Event{
		Channel:    c.id,
		Seq:        c.head.seq + 1,
		Kind:       d.Kind,
		At:         instant(max(w.cur.now, c.head.last)),
		Sender:     d.Sender,
		SenderName: d.SenderName,
		Session:    d.Session,
		Nonce:      d.Nonce,
		ID:         d.ID,
		Body:       d.Body,
		Meta:       d.Meta,
		Member:     d.Member,
	}
}

func (w *writer) message(c *channel, r *row) {
	e := r.event
	r.id = newMessageID(e.At.UnixMilli(), e.Seq, w.random.Uint64())
	e.ID, e.Sequence, e.Member = r.id.String(), c.head.next, nil
	c.head.next++
}

// target is the message that id names, or CodeNotFound.
func (w *writer) target(c *channel, text string) (*row, error) {
	id, ok := parseMessageID(text)
	seq := id.seq()
	if ok && seq > c.head.horizon && seq <= c.head.seq {
		r, err := w.row(c, chat.KindMessage, seq)
		if err != nil {
			return nil, err
		}
		if r != nil && r.id == id {
			return r, nil
		}
	}
	return nil, noMessage()
}

func noMessage() error { return chat.E(chat.CodeNotFound, "there is no such message") }

func (w *writer) edit(c *channel, r *row) error {
	old, err := w.target(c, r.event.ID)
	if err != nil {
		return err
	}
	if old.event.Deleted() {
		return chat.E(chat.CodeDeleted, "the message was deleted")
	}
	e, now := r.event, *old.event
	now.Body, now.EditSeq, now.EditedAt = e.Body, e.Seq, e.At
	w.putRow(c, &row{event: &now, id: old.id})
	// An edit outlives its message when that expires, and carries it then.
	r.id, r.prevEdit = old.id, old.event.EditSeq
	e.TargetSeq, e.Sequence, e.Meta, e.Member = now.Seq, now.Sequence, now.Meta, nil
	return nil
}

// delete scrubs the message and its edits. Of a message that is deleted
// already it gives the event that did it.
func (w *writer) delete(c *channel, r *row) (first *chat.Event, err error) {
	old, err := w.target(c, r.event.ID)
	if err != nil {
		return nil, err
	}
	if old.event.Deleted() {
		done, err := w.row(c, chat.KindDelete, old.deleteSeq)
		if err != nil || done == nil {
			return nil, lost(err)
		}
		return done.event, nil
	}
	edits, err := w.edits(c, old)
	if err != nil {
		return nil, err
	}
	e, now := r.event, *old.event
	now.DeletedAt = e.At
	if !planted.Is("deleted_body_kept") {
		now.Body, now.Meta = nil, nil
		for _, edit := range edits {
			w.putRow(c, edit)
		}
	}
	w.putRow(c, &row{event: &now, id: old.id, deleteSeq: e.Seq})
	r.id = old.id
	e.TargetSeq, e.Sequence, e.Body, e.Meta, e.Member = now.Seq, now.Sequence, nil, nil, nil
	return nil, nil
}

// edits are the edits of a message, without what they said.
func (w *writer) edits(c *channel, message *row) ([]*row, error) {
	var scrubbed []*row
	for seq := message.event.EditSeq; seq != 0; {
		r, err := w.row(c, chat.KindEdit, seq)
		if err != nil || r == nil {
			return nil, lost(err)
		}
		e := *r.event
		e.Body, e.Meta = nil, nil
		scrubbed = append(scrubbed, &row{event: &e, id: r.id, prevEdit: r.prevEdit})
		seq = r.prevEdit
	}
	return scrubbed, nil
}

// lost is err, or that something is missing which another row names.
func lost(err error) error {
	if err != nil {
		return err
	}
	return readFailed(errRow)
}

// member makes the draft's standing the member's row.
func (w *writer) member(c *channel, r *row) error {
	e, m := r.event, *r.event.Member
	old, err := w.standing(c, m.User)
	if err != nil {
		return err
	}
	switch {
	case !m.Since.IsZero():
		m.Since = instant(millis(m.Since))
	case old != nil && old.Role != chat.NoRole:
		m.Since = old.Since
	default:
		m.Since = e.At
	}
	e.Member, e.ID, e.Body, e.Meta = &m, "", nil, nil
	w.putMember(c, &m)
	return nil
}

// standing is the member's row with what is under way, or nil.
func (w *writer) standing(c *channel, user string) (*chat.Member, error) {
	w.key = userKey(w.key, spaceMember, c.id, user)
	for _, b := range []*batch{w.cur, w.prev} {
		if m, ok := b.members[string(w.key)]; ok {
			return m, nil
		}
	}
	v := w.views.acquire()
	defer v.release()
	var m *chat.Member
	_, err := v.get(w.key, func(b []byte) (err error) {
		m, err = readMember(user, b)
		return err
	})
	return m, err
}

// putMember writes m, or removes the row of a user without any standing.
func (w *writer) putMember(c *channel, m *chat.Member) {
	w.key = userKey(w.key, spaceMember, c.id, m.User)
	if m.Role == chat.NoRole && !m.Muted && !m.Banned {
		w.cur.members[string(w.key)] = nil
		_ = w.cur.db.Delete(w.key, nil)
		return
	}
	w.cur.members[string(w.key)] = m
	w.value = appendMember(w.value[:0], m)
	w.set(w.key, w.value)
}

// make gives c settings on its first use.
func (w *writer) make(c *channel, at time.Time) {
	if c.made {
		return
	}
	c.made = true
	settings := &chat.Channel{ID: c.id, Kind: chat.Open, CreatedAt: at}
	if a, b, ok := chat.DirectUsers(c.id.Name); ok {
		settings.Kind = chat.Direct
		for _, user := range []string{a, b} {
			w.putMember(c, &chat.Member{User: user, Role: chat.Ordinary, Since: at})
		}
	}
	w.putChannel(c, settings)
}

func (w *writer) putChannel(c *channel, settings *chat.Channel) {
	w.cur.settings[c] = settings
	w.key = append(append(w.key[:0], spaceChannel), c.path...)
	w.value = appendChannel(w.value[:0], settings)
	w.set(w.key, w.value)
}

// content is a hash of what a nonce stands for.
func content(d *chat.Draft) uint64 {
	var x xxhash.Digest
	x.Reset()
	part := func(b []byte) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(b)))
		_, _ = x.Write(n[:])
		_, _ = x.Write(b)
	}
	part([]byte{byte(d.Kind)})
	part([]byte(d.ID))
	part(d.Body)
	part(d.Meta)
	if d.Member != nil {
		m := *d.Member
		m.Since = time.Time{}
		part(appendMember([]byte(m.User), &m))
	}
	return x.Sum64()
}
