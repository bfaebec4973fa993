package pebble

import (
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

func (w *writer) message(c *channel, r *row, d *chat.Draft) error {
	e := r.event
	if d.ParentID != "" {
		first, err := w.thread(c, d.ParentID)
		if err != nil {
			return err
		}
		r.parent, e.ParentID = first, first.String()
		if err := w.note(c, first, e); err != nil {
			return err
		}
		w.set(seqKey(nil, spaceThread, threadPath(c.path, first.seq()), e.Seq), nothing)
	}
	r.id = newMessageID(e.At.UnixMilli(), e.Seq, w.random.Uint64())
	e.ID, e.Sequence = r.id.String(), c.head.next
	e.Body, e.Meta, e.Mentions, e.ExpiresAt = d.Body, d.Meta, d.Mentions, expiry(e.At, d.TTL)
	for _, user := range e.Mentions {
		w.set(seqKey(nil, spaceMention, mentionPath(c.path, user), e.Seq), nothing)
	}
	w.refer(e)
	if !e.ExpiresAt.IsZero() {
		w.set(dueMessage(c.path, e.ExpiresAt, e.Seq), append([]byte{valueVersion, plainKey}, r.id[:]...))
	}
	if a, b, ok := chat.DirectUsers(c.id.Name); ok && c.head.next == 0 {
		w.set(joinedKey(c.id, a), nothing)
		w.set(joinedKey(c.id, b), nothing)
	}
	c.head.next++
	return nil
}

// expiry is when something that was committed at at has lived its time.
func expiry(at time.Time, ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return at.Add(ttl + time.Millisecond - 1).Truncate(time.Millisecond)
}

// thread is the first message of the thread that an answer to the message
// belongs to.
func (w *writer) thread(c *channel, parent string) (first messageID, err error) {
	m, err := w.target(c, parent)
	if err != nil {
		return first, err
	}
	if m.event.ParentID == "" {
		return m.id, nil
	}
	if m.parent.seq() <= c.head.horizon {
		return first, noMessage()
	}
	return m.parent, nil
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

// present is the message that id names, or CodeNotFound or CodeDeleted.
func (w *writer) present(c *channel, id string) (*row, error) {
	m, err := w.target(c, id)
	if err == nil && m.event.Deleted() {
		return nil, chat.E(chat.CodeDeleted, "the message was deleted")
	}
	return m, err
}

// names makes r an event about the message.
func (r *row) names(message *row) {
	r.id = message.id
	r.event.ID, r.event.TargetSeq, r.event.Sequence = message.event.ID, message.event.Seq, message.event.Sequence
}

func (w *writer) edit(c *channel, r *row, d *chat.Draft) error {
	old, err := w.present(c, d.ID)
	if err != nil {
		return err
	}
	if old.edits >= chat.MaxEdits {
		return chat.E(chat.CodeTooMany, "a message is edited at most %d times", chat.MaxEdits)
	}
	r.names(old)
	e, now := r.event, *old.event
	now.Body, now.EditSeq, now.EditedAt = d.Body, e.Seq, e.At
	w.putRow(c, &row{event: &now, id: old.id, parent: old.parent, edits: old.edits + 1})
	w.unrefer(old.event)
	w.refer(&now)
	// An edit outlives its message when that expires, and carries it then.
	r.parent, r.prevEdit = old.parent, old.event.EditSeq
	e.Body, e.Meta, e.ParentID, e.Mentions, e.ExpiresAt = d.Body, now.Meta, now.ParentID, now.Mentions, now.ExpiresAt
	return nil
}

// delete scrubs the message and its edits, and removes what hangs on it. Of a
// message that is deleted already it gives the event that did it.
func (w *writer) delete(c *channel, r *row, d *chat.Draft) (first *chat.Event, err error) {
	old, err := w.target(c, d.ID)
	if err != nil {
		return nil, err
	}
	if old.event.Deleted() {
		return w.first(c, chat.KindDelete, old.deleteSeq)
	}
	edits, err := w.edits(c, old)
	if err != nil {
		return nil, err
	}
	r.names(old)
	r.parent, r.event.ParentID = old.parent, old.event.ParentID
	if err := w.takeDown(c, old, r.event); err != nil {
		return nil, err
	}
	now := *old.event
	now.DeletedAt = r.event.At
	if !planted.Is("deleted_body_kept") {
		now.Body, now.Meta, now.Mentions = nil, nil, nil
		for _, edit := range edits {
			w.putRow(c, edit)
		}
	}
	w.putRow(c, &row{event: &now, id: old.id, parent: old.parent, deleteSeq: r.event.Seq})
	return nil, nil
}

// takeDown removes what hangs on a message that e deletes.
func (w *writer) takeDown(c *channel, old *row, e *chat.Event) error {
	m := old.event
	notes, err := w.notes(c, m.Seq)
	if err != nil {
		return err
	}
	pinned := notes != nil && !notes.PinnedAt.IsZero()
	if pinned {
		if _, err := w.pins(c); err != nil {
			return err
		}
	}
	if old.parent.seq() > c.head.horizon {
		if err := w.note(c, old.parent, e); err != nil {
			return err
		}
	}
	if pinned {
		delete(c.pins, m.Seq)
		w.remove(seqKey(nil, spacePin, c.path, m.Seq))
	}
	if notes != nil {
		if len(notes.Reactions) > 0 {
			w.removeRange(seqKey(nil, spaceReaction, c.path, m.Seq), seqKey(nil, spaceReaction, c.path, m.Seq+1))
		}
		w.putNotes(c, m.Seq, notes.With(m.ID, e))
	}
	for _, user := range m.Mentions {
		w.remove(seqKey(nil, spaceMention, mentionPath(c.path, user), m.Seq))
	}
	if !m.ExpiresAt.IsZero() {
		w.remove(dueMessage(c.path, m.ExpiresAt, m.Seq))
	}
	w.unrefer(m)
	return nil
}

// first is the event that has done already what is asked for.
func (w *writer) first(c *channel, kind chat.Kind, seq uint64) (*chat.Event, error) {
	r, err := w.row(c, kind, seq)
	if err != nil || r == nil {
		return nil, lost(err)
	}
	return r.event, nil
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
		e.Body, e.Meta, e.Mentions = nil, nil, nil
		scrubbed = append(scrubbed, &row{event: &e, id: r.id, parent: r.parent, prevEdit: r.prevEdit})
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
