package search

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

const (
	// batchBytes are written at a time, about: some 300 messages, which takes 2 ms.
	batchBytes  = 256 << 10
	maxProjects = 1 << 10 // whose numbers are kept in memory
)

// batch is what the follower writes next. Only the follower uses it.
type batch struct {
	index     *Index
	db        *pebble.Batch
	changes   pending
	messages  map[message]bool            // that the batch adds, or removes: false
	documents int64                       // more than before the batch
	channels  map[chat.ChannelID]*channel // of which the batch has rows
	places    places                      // as they are written
	loaded    bool
	projects  map[string]uint32 // their numbers

	key, value []byte
	content    content // of one message
	entries    []entry
	at         []int
}

func newBatch(x *Index) batch {
	b := batch{
		index: x, db: x.db.NewBatch(), changes: newPending(), messages: make(map[message]bool),
		channels: make(map[chat.ChannelID]*channel), places: newPlaces(x.options.places), projects: make(map[string]uint32),
	}
	b.changes.pause = x.pause
	return b
}

// message names one by its channel's number.
type message struct {
	channel uint32
	seq     uint64
}

// channel is one whose log is being read.
type channel struct {
	row
	id      chat.ChannelID
	project uint32
	noted   place // as the batch has it
}

// entry is a word at a place.
type entry struct {
	term string
	at   int
}

// channel is the channel and how far its log was read. It must not be used
// after the next call.
func (b *batch) channel(ch chat.ChannelID) (c *channel, err error) {
	if c = b.channels[ch]; c != nil {
		return c, nil
	}
	c = &channel{row: rowOf(ch), id: ch}
	if c.project, err = b.project(ch.Project); err == nil {
		err = b.give(&c.row)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (b *batch) project(name string) (uint32, error) {
	if number, ok := b.projects[name]; ok {
		return number, nil
	}
	r := rowOf(chat.ChannelID{Project: name})
	if err := b.give(&r); err != nil {
		return 0, err
	}
	if len(b.projects) >= maxProjects {
		clear(b.projects)
	}
	b.projects[name] = r.number
	return r.number, nil
}

// give completes a row from rowOf, and writes a new one if there is none: before
// whatever is written under its number.
func (b *batch) give(r *row) error {
	p, known, free := b.places.get(&r.sum)
	if known {
		r.place = p
		return nil
	}
	if !free {
		there, err := b.index.names.look(r)
		if free = !there; err != nil {
			return err
		}
	}
	if free {
		if err := b.index.names.add(r); err != nil {
			return err
		}
	}
	b.places.put(&r.sum, r.number, r.place)
	return nil
}

// load reads all rows into places, once. If there was room for them, what is not
// there need not be looked for.
func (b *batch) load(ctx context.Context) error {
	if b.loaded {
		return nil
	}
	b.places.whole = true
	err := b.index.names.each(func(number uint32, value []byte) error {
		p, full := cutPlace(value)
		sum := sumOf(full)
		b.places.put(&sum, number, p)
		b.index.shifts.Rest(ctx.Done(), restAtLeast) // all that is new waits for it
		return ctx.Err()
	})
	b.places.whole = b.places.whole && err == nil
	b.loaded = err == nil
	return err
}

// put notes how far the channel's log is read with what the batch holds, and
// commits it if it is full.
func (b *batch) put(c *channel) error {
	if err := b.note(c); err != nil || !b.full() {
		return err
	}
	return b.commit()
}

func (b *batch) note(c *channel) error {
	b.key = nameKey(b.key, c.number)
	b.value = c.append(b.value[:0])
	c.noted = c.place
	b.channels[c.id] = c
	return b.db.Set(b.key, b.value, nil)
}

func (b *batch) full() bool { return b.db.Len()+b.changes.size*postingBytes >= batchBytes }

// message adds a message that is not in the index.
func (b *batch) message(c *channel, m *chat.Event) error {
	if m.Deleted() || m.Body == nil {
		return nil
	}
	d := newDocument(m.At, c.number, m.Seq)
	b.value = appendForward(b.value[:0], m.At)
	add := func(field byte, term string, places []int) {
		b.value = appendTerm(b.value, field, term)
		b.key = blockKey(b.key, c.project, field, term, &d)
		b.changes.add(b.key, &d, places)
	}
	found := &b.content
	found.read(m.Body, b.index.options.Text(m.Body))
	add(fieldAll, "", nil)
	add(fieldChannel, numberTerm(c.number), nil)
	if m.Sender != "" {
		add(fieldSender, m.Sender, nil)
	}
	if found.file {
		add(fieldHas, "file", nil)
	}
	if found.link {
		add(fieldHas, "link", nil)
	}
	b.eachWord(found, func(term string, places []int) { add(fieldWord, term, places) })
	b.key = forwardKey(b.key, c.number, m.Seq)
	b.messages[message{c.number, m.Seq}] = true
	b.documents++
	return b.db.Set(b.key, b.value, nil)
}

// eachWord visits the different words of a message with their places. Names of
// files stand behind the text, with a gap between them.
func (b *batch) eachWord(c *content, visit func(term string, places []int)) {
	b.entries = b.entries[:0]
	at := 0
	add := func(words []word) {
		for i := range words {
			b.entries = append(b.entries, entry{words[i].term, at + i})
		}
		at += len(words) + maxParts
	}
	add(c.text)
	for _, name := range c.names {
		add(name)
	}
	slices.SortFunc(b.entries, func(x, y entry) int { return cmp.Or(cmp.Compare(x.term, y.term), cmp.Compare(x.at, y.at)) })
	for i := 0; i < len(b.entries); {
		term := b.entries[i].term
		b.at = b.at[:0]
		for ; i < len(b.entries) && b.entries[i].term == term; i++ {
			b.at = append(b.at, b.entries[i].at)
		}
		visit(term, b.at)
	}
}

// remove takes a message out, if it is in.
func (b *batch) remove(c *channel, seq uint64) error {
	if added, changed := b.messages[message{c.number, seq}]; added {
		if err := b.note(c); err != nil {
			return err
		}
		if err := b.commit(); err != nil {
			return err
		}
	} else if changed {
		return nil
	}
	key := forwardKey(nil, c.number, seq)
	value, closer, err := b.index.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	err = readForward(value, func(at time.Time, field byte, term string) {
		d := newDocument(at, c.number, seq)
		b.key = blockKey(b.key, c.project, field, term, &d)
		b.changes.remove(b.key, &d)
	})
	if err = cmp.Or(err, closer.Close()); err != nil {
		return err
	}
	b.messages[message{c.number, seq}] = false
	b.documents--
	return b.db.Delete(key, nil)
}

// commit writes the batch, unless the disk is full.
func (b *batch) commit() error {
	x := b.index
	if b.db.Empty() {
		return nil
	}
	if err := x.room.Check(); err != nil {
		return err
	}
	if err := b.changes.write(b.db, x.db); err != nil {
		return err
	}
	total := x.documents.Load() + b.documents
	if err := b.db.Set(keyDocuments, binary.AppendUvarint(nil, uint64(max(total, 0))), nil); err != nil {
		return err
	}
	if err := b.db.Commit(pebble.NoSync); err != nil {
		return err
	}
	x.documents.Store(total)
	for _, c := range b.channels {
		b.places.put(&c.sum, c.number, c.noted)
	}
	b.begin()
	return nil
}

// begin begins an empty batch: what is not written is forgotten.
func (b *batch) begin() {
	_ = b.db.Close() // it holds memory alone
	b.db = b.index.db.NewBatch()
	b.changes.clear()
	clear(b.messages)
	clear(b.channels)
	b.documents = 0
}
