package pebble

import (
	"encoding/binary"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

func appendNotes(dst []byte, n *chat.Notes) []byte {
	dst = binary.AppendUvarint(append(dst, valueVersion, plainKey), n.Through)
	dst = binary.AppendUvarint(dst, uint64(len(n.Reactions)))
	for _, r := range n.Reactions {
		dst = binary.AppendUvarint(appendText(dst, r.Name), uint64(r.Count))
		dst = appendTexts(dst, r.Users)
	}
	dst = binary.AppendUvarint(dst, uint64(n.Thread.Replies))
	dst = binary.AppendUvarint(dst, uint64(millis(n.Thread.LastAt)))
	dst = appendTexts(dst, n.Thread.Users)
	dst = appendText(dst, n.PinnedBy)
	return binary.AppendUvarint(dst, uint64(millis(n.PinnedAt)))
}

func readNotes(b []byte) (*chat.Notes, error) {
	in := openValue(b)
	n := &chat.Notes{Through: in.number()}
	for left := in.number(); left > 0 && !in.bad; left-- {
		n.Reactions = append(n.Reactions, chat.Reaction{Name: in.text(), Count: int(in.number()), Users: in.texts()})
	}
	n.Thread = chat.Thread{Replies: int(in.number()), LastAt: in.instant(), Users: in.texts()}
	n.PinnedBy, n.PinnedAt = in.text(), in.instant()
	if in.bad {
		return nil, errRow
	}
	return n, nil
}

// notes are those of the message at seq with what is under way, or nil.
func (w *writer) notes(c *channel, seq uint64) (n *chat.Notes, err error) {
	at := rowKey{c, seq}
	for _, b := range []*batch{w.cur, w.prev} {
		if n := b.notes[at]; n != nil {
			return n, nil
		}
	}
	v := w.views.acquire()
	defer v.release()
	w.key = seqKey(w.key, spaceNotes, c.path, seq)
	_, err = v.get(w.key, func(b []byte) (err error) {
		n, err = readNotes(b)
		return err
	})
	return n, err
}

func (w *writer) putNotes(c *channel, seq uint64, n *chat.Notes) {
	w.cur.notes[rowKey{c, seq}] = n
	c.head.noted = max(c.head.noted, seq) // the head is written with the event that n takes in
	w.key = seqKey(w.key, spaceNotes, c.path, seq)
	w.buf = appendNotes(w.buf[:0], n)
	if planted.Is("notes_outside_commit") {
		w.cur.stray = append(w.cur.stray, slices.Clone(w.key), slices.Clone(w.buf))
		return
	}
	w.set(w.key, w.buf)
}

// note has the message take in e.
func (w *writer) note(c *channel, id messageID, e *chat.Event) error {
	n, err := w.notes(c, id.seq())
	if err != nil {
		return err
	}
	w.putNotes(c, id.seq(), n.With(id.String(), e))
	return nil
}

func appendNumber(dst []byte, n uint64) []byte {
	return binary.AppendUvarint(append(dst, valueVersion, plainKey), n)
}

func readNumber(b []byte) (uint64, error) {
	in := openValue(b)
	n := in.number()
	if in.bad {
		return 0, errRow
	}
	return n, nil
}

// number is the number under key with what is under way, 0 if there is none.
func (w *writer) number(key []byte) (n uint64, err error) {
	_, err = w.value(key, func(b []byte) (err error) {
		n, err = readNumber(b)
		return err
	})
	return n, err
}

// react adds a reaction or takes it away. Of one that is there already it
// gives the event that added it.
func (w *writer) react(c *channel, r *row, d *chat.Draft) (first *chat.Event, err error) {
	m, err := w.present(c, d.ID)
	if err != nil {
		return nil, err
	}
	key := reactionKey(c.path, m.event.Seq, d.Name, d.Sender)
	seq, err := w.number(key)
	switch {
	case err != nil:
		return nil, err
	case d.On && seq > 0:
		return w.first(c, chat.KindReaction, seq)
	case !d.On && seq == 0:
		return nil, chat.E(chat.CodeNotFound, "there is no such reaction of the sender")
	}
	notes, err := w.notes(c, m.event.Seq)
	if err != nil {
		return nil, err
	}
	if d.On && notes != nil && len(notes.Reactions) >= chat.MaxReactions &&
		!slices.ContainsFunc(notes.Reactions, func(r chat.Reaction) bool { return r.Name == d.Name }) {
		return nil, chat.E(chat.CodeTooMany, "a message has at most %d different reactions", chat.MaxReactions)
	}
	e := r.event
	r.names(m)
	e.Name, e.On = d.Name, d.On
	w.putNotes(c, m.event.Seq, notes.With(e.ID, e))
	w.mark(key, e)
	return nil, nil
}

// mark puts or removes the key of something that e adds or takes away.
func (w *writer) mark(key []byte, e *chat.Event) {
	if e.On {
		w.put(key, appendNumber(nil, e.Seq))
	} else {
		w.remove(key)
	}
}

// pin pins a message or takes the pin away. Of one that is pinned already it
// gives the event that pinned it.
func (w *writer) pin(c *channel, r *row, d *chat.Draft) (first *chat.Event, err error) {
	m, err := w.present(c, d.ID)
	if err != nil {
		return nil, err
	}
	key := seqKey(nil, spacePin, c.path, m.event.Seq)
	seq, err := w.number(key)
	if err != nil {
		return nil, err
	}
	pins, err := w.pins(c)
	switch {
	case err != nil:
		return nil, err
	case d.On && seq > 0:
		return w.first(c, chat.KindPin, seq)
	case !d.On && seq == 0:
		return nil, chat.E(chat.CodeNotFound, "the message is not pinned")
	case d.On && len(pins) >= chat.MaxPins:
		return nil, chat.E(chat.CodeTooMany, "a channel has at most %d pinned messages", chat.MaxPins)
	}
	r.names(m)
	e := r.event
	e.On = d.On
	if err := w.note(c, m.id, e); err != nil {
		return nil, err
	}
	w.mark(key, e)
	if e.On {
		pins[m.event.Seq] = struct{}{}
	} else {
		delete(pins, m.event.Seq)
	}
	return nil, nil
}

// pins are the seqs of the messages that are pinned with what is under way.
// They are read before the first change, so that nothing is under way then.
func (w *writer) pins(c *channel) (map[uint64]struct{}, error) {
	if c.pins != nil {
		return c.pins, nil
	}
	pins := make(map[uint64]struct{})
	v := w.views.acquire()
	defer v.release()
	low, high := seqKey(nil, spacePin, c.path, c.head.horizon+1), after(channelKey(nil, spacePin, c.id))
	err := v.scan(low, high, func(key, _ []byte) (bool, error) {
		pins[seqOf(key)] = struct{}{}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	c.pins = pins
	return pins, nil
}

// annotate gives messages their notes. The events are in the order of their
// seqs; iter, an iterator of the log, is moved elsewhere.
func (l *log) annotate(iter *pebble.Iterator, events []*chat.Event) error {
	if len(events) == 0 || events[0].Seq > l.head.noted {
		return nil
	}
	low := seqKey(nil, spaceNotes, l.path, events[0].Seq)
	l.key = seqKey(l.key, spaceNotes, l.path, events[len(events)-1].Seq+1)
	iter.SetBounds(low, l.key)
	// Where messages have no notes this is all that it costs.
	valid := iter.First()
	for _, e := range events {
		if !valid {
			break
		}
		if e.Kind != chat.KindMessage || seqOf(iter.Key()) > e.Seq {
			continue
		}
		if seqOf(iter.Key()) < e.Seq {
			l.key = seqKey(l.key, spaceNotes, l.path, e.Seq)
			if valid = iter.SeekGE(l.key); !valid || seqOf(iter.Key()) != e.Seq {
				continue
			}
		}
		value, err := iter.ValueAndErr()
		if err == nil {
			e.Notes, err = readNotes(value)
		}
		if err != nil {
			return readFailed(err)
		}
		valid = iter.Next()
	}
	if err := iter.Error(); err != nil {
		return readFailed(err)
	}
	return nil
}

// notesOf gives one message its notes.
func (l *log) notesOf(e *chat.Event) error {
	l.key = seqKey(l.key, spaceNotes, l.path, e.Seq)
	_, err := l.get(l.key, func(b []byte) (err error) {
		e.Notes, err = readNotes(b)
		return err
	})
	return err
}
