package pebble

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// Append is chat.Log's.
func (s *Store) Append(d *chat.Draft, done func(chat.Committed, error)) {
	a := &appending{draft: d, done: done, err: checkDraft(d)}
	if !s.queue.put(a) {
		// The store's goroutines have ended or are about to, and done must not
		// run on the caller's.
		go done(chat.Committed{}, s.gone())
	}
}

// appending is a draft on its way through the writer.
type appending struct {
	draft  *chat.Draft
	done   func(chat.Committed, error)
	result chat.Committed
	err    error
}

func (a *appending) size() int {
	n := 256 + len(a.draft.Body) + len(a.draft.Meta) + 64*len(a.draft.Mentions)
	if a.draft.Call != nil {
		n += len(a.draft.Call.Data)
	}
	return n
}

func (a *appending) frees() bool      { return false }
func (a *appending) refuse(err error) { a.err = a.draft.Latch.Note(err) }

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
	if a.err == nil {
		a.err = a.draft.Latch.Err()
	}
	if a.err != nil {
		return
	}
	c, err := w.channel(a.draft.Channel)
	if err == nil {
		a.result, err = w.append(c, a.draft)
	}
	a.err = a.draft.Latch.Note(err)
	if planted.Is("nonce_above_durable") && err == nil && a.result.Repeated {
		a.done(a.result, nil)
		a.done = func(chat.Committed, error) {}
	}
}

// append adds d to the batch. Whatever can fail comes before the first write.
func (w *writer) append(c *channel, d *chat.Draft) (chat.Committed, error) {
	if err := c.refuses(); err != nil {
		return chat.Committed{}, err
	}
	var n nonce
	if d.Nonce != "" {
		n = w.nonce(c, d)
		first, err := w.repeated(c, d, &n)
		if err != nil || first != nil {
			return chat.Committed{Event: first, Repeated: true}, err
		}
	}
	r := &row{event: w.event(c, d)}
	if first, err := w.carryOut(c, r, d); err != nil || first != nil {
		return chat.Committed{Event: first, Repeated: true}, err
	}
	e := r.event
	w.make(c, e.At)
	w.putRow(c, r)
	if c.head.seq == c.head.horizon {
		c.head.oldest = millis(e.At)
	}
	c.head.seq, c.head.last = e.Seq, e.At.UnixMilli()
	w.moved(c)
	if d.Nonce != "" {
		w.putNonce(&n, use{seq: e.Seq, kind: e.Kind, at: c.head.last, content: n.content}, r)
	}
	w.cur.events++
	return chat.Committed{Event: e}, nil
}

// carryOut completes r and adds what it changes to the batch. Where that was
// done before it gives the event that did it.
func (w *writer) carryOut(c *channel, r *row, d *chat.Draft) (first *chat.Event, err error) {
	switch d.Kind {
	case chat.KindMessage:
		return nil, w.message(c, r, d)
	case chat.KindEdit:
		return nil, w.edit(c, r, d)
	case chat.KindDelete:
		return w.delete(c, r, d)
	case chat.KindMember:
		return nil, w.member(c, r, d)
	case chat.KindReaction:
		return w.react(c, r, d)
	case chat.KindPin:
		return w.pin(c, r, d)
	case chat.KindState:
		return nil, w.state(c, r, d)
	case chat.KindCall:
		r.event.Call = asStored(d.Call)
	}
	return nil, nil // checkDraft lets no others in
}

// event is d at the end of c's log, without what is its kind's own.
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
	}
}
