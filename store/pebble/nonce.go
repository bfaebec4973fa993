package pebble

import (
	"bytes"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// nonce is a draft's nonce on its way through append. Its key stands in the
// writer's key2.
type nonce struct {
	hash    uint64
	content uint64
	taken   bool // an event below the horizon or too old has it
}

func (w *writer) nonce(c *channel, d *chat.Draft) nonce {
	w.key2 = nonceKey(w.key2, c.path, d.Sender, d.Nonce)
	return nonce{hash: w.filter.hash(w.key2), content: content(d)}
}

// repeated finds the event that has d's nonce already, in its present state;
// nil if d is new.
func (w *writer) repeated(c *channel, d *chat.Draft, n *nonce) (*chat.Event, error) {
	if !w.filter.known(n.hash) {
		return nil, nil
	}
	u, found, err := w.use(c, d, n.hash)
	if err != nil || !found {
		return nil, err
	}
	n.taken = true
	if u.seq <= c.head.horizon {
		return nil, nil
	}
	if d.NonceTTL > 0 && time.Duration(w.cur.now-u.at)*time.Millisecond >= d.NonceTTL {
		return nil, nil
	}
	if u.content != n.content || u.kind != d.Kind {
		return nil, chat.E(chat.CodeConflict, "the nonce was used for other content")
	}
	e, err := w.first(c, u.kind, u.seq)
	if err != nil || u.kind != chat.KindMessage {
		return e, err
	}
	notes, err := w.notes(c, u.seq)
	if err != nil || notes == nil {
		return e, err
	}
	noted := *e
	noted.Notes = notes
	return &noted, nil
}

// use finds what d's nonce was used for: in the batches that are not in the
// view yet, or in the view.
func (w *writer) use(c *channel, d *chat.Draft, hash uint64) (u use, found bool, err error) {
	for _, b := range []*batch{w.cur, w.prev} {
		p, ok := b.nonces[hash]
		// Two nonces of one hash in two consecutive batches: see filter.
		if ok && p.row.event.Nonce == d.Nonce && p.row.event.Sender == d.Sender && p.row.event.Channel == c.id {
			return p.use, true, nil
		}
	}
	v := w.views.acquire()
	defer v.release()
	found, err = v.get(w.key2, func(b []byte) (err error) {
		u, err = readUse(b)
		return err
	})
	return u, found, err
}

func (w *writer) putNonce(n *nonce, u use, r *row) {
	w.filter.add(n.hash)
	w.cur.nonces[n.hash] = pendingUse{use: u, row: r}
	w.buf = appendUse(w.buf[:0], u)
	if planted.Is("nonce_outside_batch") {
		w.cur.stray = append(w.cur.stray, bytes.Clone(w.key2), bytes.Clone(w.buf))
	} else {
		w.set(w.key2, w.buf)
	}
	if n.taken && w.repointed != nil {
		w.repointed[string(w.key2)] = struct{}{}
	}
}
