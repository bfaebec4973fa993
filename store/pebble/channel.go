package pebble

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// channel is the writer's knowledge of a channel's log: its head including
// what is under way. It is the writer's alone.
type channel struct {
	id   chat.ChannelID
	path []byte // appendPath of id
	head head
	made bool   // it has settings
	used uint64 // number of the last batch that asked for it
	late uint64 // number of the last batch that has its head in its list

	pins map[uint64]struct{} // messages that are pinned; nil: not read yet
	keys int                 // of shared state; -1: not counted yet
}

// channels remembers channels, at most about most: those of the current and
// the previous batch stay.
type channels struct {
	known     map[chat.ChannelID]*channel
	most      int
	forgotten uint64 // number of the last batch that asked for one that is forgotten
}

// channel finds ch among those known or in the store.
func (w *writer) channel(ch chat.ChannelID) (*channel, error) {
	c := w.channels.known[ch]
	if c == nil {
		if err := chat.CheckChannelName(ch.Name); err != nil {
			return nil, err
		}
		if ch.Project == "" || len(ch.Project) > maxProject {
			return nil, chat.E(chat.CodeInvalid, "the project is empty or too long")
		}
		var err error
		if c, err = w.loadChannel(ch); err != nil {
			return nil, err
		}
		w.channels.forget(w.cur.number)
		w.channels.known[ch] = c
	}
	c.used = w.cur.number
	return c, nil
}

func (w *writer) loadChannel(ch chat.ChannelID) (*channel, error) {
	c := &channel{id: ch, path: appendPath(nil, ch), keys: -1}
	// A batch that has changed the head asked for the channel, which was then
	// forgotten, or would be known.
	if h, there := w.openings.take(ch, w.channels.forgotten); there && !planted.Is("seq_from_memory") {
		c.head, c.made = h, h.fate == kept
		return c, nil
	}
	v := w.views.acquire()
	defer v.release()
	w.key = channelKey(w.key, spaceHead, ch)
	found, err := v.get(w.key, func(b []byte) (err error) {
		c.head, err = readHead(b)
		return err
	})
	if err != nil {
		return nil, err
	}
	if planted.Is("seq_from_memory") {
		c.head.seq, c.head.next = 0, 0
	}
	if c.made = found && c.head.fate == kept; !found {
		w.key = channelKey(w.key, spaceChannel, ch)
		c.made, err = v.get(w.key, func([]byte) error { return nil })
	}
	return c, err
}

// refuses is why nothing can be written to c, or nil.
func (c *channel) refuses() error {
	direct := chat.KindOf(c.id.Name) == chat.Direct
	switch {
	case c.head.fate == kept, c.head.fate == emptied && direct:
		return nil
	case direct:
		return chat.StillDeleted(c.id.Name)
	}
	return chat.ChannelDeleted(c.id.Name)
}

// forget makes room for one more, picking by chance: what is forgotten is
// read again when it is needed.
func (cs *channels) forget(number uint64) {
	if len(cs.known) < cs.most {
		return
	}
	n := 0
	for id, c := range cs.known {
		if c.used+1 < number {
			delete(cs.known, id)
			cs.forgotten = max(cs.forgotten, c.used)
			if n++; n == 2 {
				return
			}
		}
	}
}

// moved notes that the batch moves c's head.
func (w *writer) moved(c *channel) {
	if c.late != w.cur.number {
		c.late = w.cur.number
		w.cur.heads = append(w.cur.heads, c)
	}
}
