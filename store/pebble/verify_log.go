package pebble

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/parley-chat/parley/chat"
)

// checkedLog is a channel's log while it is read from its oldest event on.
type checkedLog struct {
	*log
	c        *checking
	sequence uint64 // the next message's
	at       time.Time
	// What the events say. Notes and pins are complete: events about a message
	// come after it, and expire after it.
	notes     map[uint64]*chat.Notes
	reactions map[uint64]map[string]uint64 // message, key → seq
	pins      map[uint64]uint64
	states    map[string]*chat.Event
	members   map[string]*chat.Event
	bearers   bearers
}

func (c *checking) channel(ch chat.ChannelID, head []byte) error {
	h, err := readHead(head)
	if err != nil {
		c.report("%s: its head cannot be read", ch)
		return nil
	}
	c.emptying = c.emptying || h.fate == emptying
	l := &checkedLog{
		c: c, log: &log{view: c.view, id: ch, path: appendPath(nil, ch), head: h}, sequence: h.first,
		notes: map[uint64]*chat.Notes{}, reactions: map[uint64]map[string]uint64{}, pins: map[uint64]uint64{},
		states: map[string]*chat.Event{}, members: map[string]*chat.Event{},
		bearers: bearers{horizon: h.horizon},
	}
	if err := errors.Join(l.settings(), l.strangers(), l.events()); err != nil {
		return err
	}
	if l.sequence != h.next {
		c.report("%s: its messages end at sequence %d, its head says %d", ch, l.sequence, h.next)
	}
	return l.end()
}

// settings checks that there are some, and what the head says of them.
func (l *checkedLog) settings() error {
	var settings *chat.Channel
	made, err := l.get(channelKey(nil, spaceChannel, l.id), func(b []byte) (err error) {
		settings, err = readChannel(l.id, b)
		return err
	})
	switch {
	case errors.Is(err, errRow):
		l.c.report("%s: its settings cannot be read", l.id)
		return nil
	case err != nil:
		return err
	case made == (l.head.fate != kept):
		l.c.report("%s: it has no settings, or has some though it was deleted", l.id)
	case !made:
	case l.head.plain != 0 && *settings != *plainSettings(l.id, instant(l.head.plain)):
		l.c.report("%s: its settings are not those that its head says", l.id)
	}
	return nil
}

// strangers checks that nobody has a standing where the head says so.
func (l *checkedLog) strangers() error {
	if l.head.members {
		return nil
	}
	return l.list(channelKey(nil, spaceMember, l.id), "", 1, func(user string, _ []byte) (bool, error) {
		l.c.report("%s: %s has a standing, its head says that nobody has", l.id, user)
		return true, nil
	})
}

func (l *checkedLog) events() (err error) {
	messages := source{log: l.log, space: spaceMessage, last: l.head.seq}
	others := source{log: l.log, space: spaceEvent, last: l.head.seq}
	for seq := l.head.horizon + 1; seq <= l.head.seq && err == nil; seq++ {
		if err = l.c.ctx.Err(); err == nil {
			err = l.event(seq, &messages, &others)
		}
	}
	return errors.Join(err, messages.close(), others.close())
}

// event checks what stands at seq, and takes in what it says.
func (l *checkedLog) event(seq uint64, messages, others *source) error {
	space := byte(spaceMessage)
	r, err := messages.at(seq)
	if err == nil && r == nil {
		space = spaceEvent
		r, err = others.at(seq)
	}
	switch {
	case errors.Is(err, errRow):
		l.c.report("%s: event %d cannot be read", l.id, seq)
		return nil
	case err != nil:
		return err
	case r == nil:
		l.c.report("%s: there is no event %d", l.id, seq)
		return nil
	}
	l.c.found[space]++
	e := r.event
	if spaceOf(e.Kind) != space || space == spaceMessage && r.id.seq() != seq || e.At.Before(l.at) {
		l.c.report("%s: event %d is of another kind, place or time than it must be", l.id, seq)
	}
	if oldest := instant(l.head.oldest); e.At.Before(oldest) {
		l.c.report("%s: event %d is older than its head says any is", l.id, seq)
	}
	l.at = e.At
	if e.Kind == chat.KindCall {
		if err := checkCall(&chat.Draft{Channel: e.Channel, Call: e.Call}); err != nil {
			l.c.report("%s: event %d: %v", l.id, seq, err)
		}
	}
	if err := errors.Join(l.nonce(e), l.bearers.take(e, l.files)); err != nil {
		return err
	}
	if space == spaceMessage {
		return l.message(r)
	}
	l.fold(e)
	return l.about(r)
}

// files checks that what e's body names is noted.
func (l *checkedLog) files(e *chat.Event) error {
	if l.c.format < since[spaceFile] {
		return nil
	}
	for _, key := range fileKeys(e) {
		if err := l.c.expect(key, nil, "%s: event %d", l.id, e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// nonce checks that e's nonce is kept, by e or by a later event.
func (l *checkedLog) nonce(e *chat.Event) error {
	if e.Nonce == "" {
		return nil
	}
	var u use
	key := nonceKey(nil, l.path, e.Sender, e.Nonce)
	there, err := l.get(key, func(b []byte) (err error) {
		u, err = readUse(b)
		return err
	})
	switch {
	case err != nil:
		return err
	case !there || u.seq < e.Seq:
		l.c.report("%s: the nonce of event %d is missing", l.id, e.Seq)
	case u.seq == e.Seq:
		l.c.found[spaceNonce]++
	}
	return nil
}

// message checks a message with what it brings into the indexes.
func (l *checkedLog) message(r *row) error {
	e := r.event
	if e.Sequence != l.sequence {
		l.c.report("%s: message %d has sequence %d, not %d", l.id, e.Seq, e.Sequence, l.sequence)
	}
	l.sequence = e.Sequence + 1
	l.fold(e)
	if e.Deleted() {
		if e.Body != nil || e.Meta != nil || e.Mentions != nil {
			l.c.report("%s: message %d is deleted and not scrubbed", l.id, e.Seq)
		}
		if err := l.names(e, chat.KindDelete, r.deleteSeq); err != nil {
			return err
		}
	}
	if e.EditSeq != 0 {
		if err := l.names(e, chat.KindEdit, e.EditSeq); err != nil {
			return err
		}
	}
	if r.parent.seq() > l.head.horizon {
		key := seqKey(nil, spaceThread, threadPath(l.path, r.parent.seq()), e.Seq)
		if err := l.c.expect(key, nil, "%s: reply %d", l.id, e.Seq); err != nil {
			return err
		}
	}
	for i, user := range e.Mentions {
		if slices.Contains(e.Mentions[:i], user) {
			continue
		}
		key := seqKey(nil, spaceMention, mentionPath(l.path, user), e.Seq)
		if err := l.c.expect(key, nil, "%s: message %d for %s", l.id, e.Seq, user); err != nil {
			return err
		}
	}
	if e.ExpiresAt.IsZero() || e.Deleted() {
		return nil
	}
	return l.c.expect(dueMessage(l.path, e.ExpiresAt, e.Seq), nil, "%s: message %d", l.id, e.Seq)
}

// names reports it if the event at seq is not of that kind and about m.
func (l *checkedLog) names(m *chat.Event, kind chat.Kind, seq uint64) error {
	r, err := l.row(spaceEvent, seq)
	if err != nil {
		return err
	}
	if r == nil || r.event.Kind != kind || r.event.ID != m.ID || r.event.TargetSeq != m.Seq {
		l.c.report("%s: message %d names event %d, which is not about it", l.id, m.Seq, seq)
		return nil
	}
	if kind == chat.KindEdit && !bytes.Equal(r.event.Body, m.Body) {
		l.c.report("%s: message %d does not say what its last edit %d does", l.id, m.Seq, seq)
	}
	return nil
}

// about checks an event against the message that it names.
func (l *checkedLog) about(r *row) error {
	e := r.event
	if e.ID == "" || e.TargetSeq <= l.head.horizon {
		return nil
	}
	m, err := l.row(spaceMessage, e.TargetSeq)
	if err != nil {
		return err
	}
	ok := m != nil && m.id == r.id
	switch {
	case !ok:
	case e.Kind == chat.KindEdit:
		ok = m.event.EditSeq >= e.Seq && (!m.event.Deleted() || e.Body == nil)
	case e.Kind == chat.KindDelete:
		ok = m.deleteSeq == e.Seq && e.ParentID == m.event.ParentID
	}
	if !ok {
		l.c.report("%s: event %d does not fit the message that it names", l.id, e.Seq)
	}
	return nil
}

// fold takes in what e says about messages, keys and members.
func (l *checkedLog) fold(e *chat.Event) {
	note := func(id messageID) {
		if seq := id.seq(); seq > l.head.horizon {
			if n := l.notes[seq].With(id.String(), e); n != nil {
				l.notes[seq] = n
			}
		}
	}
	if id, ok := parseMessageID(e.ID); ok && e.Kind != chat.KindMessage {
		note(id)
	}
	if id, ok := parseMessageID(e.ParentID); ok {
		note(id)
	}
	switch e.Kind {
	case chat.KindReaction:
		key := string(reactionKey(l.path, e.TargetSeq, e.Name, e.Sender))
		if l.reactions[e.TargetSeq] == nil {
			l.reactions[e.TargetSeq] = map[string]uint64{}
		}
		if e.On {
			l.reactions[e.TargetSeq][key] = e.Seq
		} else {
			delete(l.reactions[e.TargetSeq], key)
		}
	case chat.KindPin:
		if e.On {
			l.pins[e.TargetSeq] = e.Seq
		} else {
			delete(l.pins, e.TargetSeq)
		}
	case chat.KindDelete:
		delete(l.reactions, e.TargetSeq)
		delete(l.pins, e.TargetSeq)
	case chat.KindState:
		l.states[e.Name] = e
	case chat.KindMember:
		l.members[e.Member.User] = e
	}
}

// end checks what the events say together.
func (l *checkedLog) end() error {
	for seq, n := range l.notes {
		if err := l.c.expect(seqKey(nil, spaceNotes, l.path, seq), appendNotes(nil, n), "%s: message %d", l.id, seq); err != nil {
			return err
		}
	}
	for seq, keys := range l.reactions {
		if seq <= l.head.horizon {
			continue
		}
		for key, by := range keys {
			if err := l.c.expect([]byte(key), appendNumber(nil, by), "%s: reaction %d to message %d", l.id, by, seq); err != nil {
				return err
			}
		}
	}
	for seq, by := range l.pins {
		if seq <= l.head.horizon {
			continue
		}
		if err := l.c.expect(seqKey(nil, spacePin, l.path, seq), appendNumber(nil, by), "%s: pinned message %d", l.id, seq); err != nil {
			return err
		}
	}
	return errors.Join(l.bearers.end(l.files), l.standings())
}

// standings checks that keys and members are what the last events of each say.
func (l *checkedLog) standings() error {
	for name, e := range l.states {
		var held uint64
		there, err := l.get(stateKey(l.path, name), func(b []byte) error {
			k, err := readState(name, b)
			if err == nil {
				held = k.Version
			}
			return err
		})
		if err != nil {
			return err
		}
		if there != (e.Body != nil) || there && held != e.Seq {
			l.c.report("%s: key %s is not as event %d left it", l.id, name, e.Seq)
		}
	}
	for user, e := range l.members {
		held := chat.Member{User: user}
		_, err := l.get(userKey(nil, spaceMember, l.id, user), func(b []byte) error {
			m, err := readMember(user, b)
			if err == nil {
				held = *m
			}
			return err
		})
		if err != nil {
			return err
		}
		want := *e.Member
		if want.Role == chat.NoRole && !want.Muted && !want.Banned {
			want.Since = held.Since
		}
		if held != want {
			l.c.report("%s: member %s is not as event %d left it", l.id, user, e.Seq)
		}
	}
	return nil
}
