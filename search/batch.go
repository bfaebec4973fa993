package search

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

const (
	batchBytes = 1 << 20 // written at a time, about
	maxKept    = 1 << 14 // of channels, kept in memory
)

// batch is what the follower writes next. Only the follower uses it.
type batch struct {
	index *Index
	db    *pebble.Batch
	// forwards are those that the batch writes, or removes (nil): what follows
	// in it may change them again.
	forwards  map[string][]byte
	documents int64 // more than before the batch
	// channels are those that were looked up lately, as the batch leaves them.
	channels map[chat.ChannelID]*channel

	key, value []byte
	entries    []entry
	places     []int
}

// channel is one whose log is being read.
type channel struct {
	id      chat.ChannelID
	project uint32
	number  uint32
	place   place
}

// entry is a word at a place.
type entry struct {
	term string
	at   int
}

// channel is the channel and how far its log was read. It must not be used
// after the next call.
func (b *batch) channel(ch chat.ChannelID) (*channel, error) {
	if c := b.channels[ch]; c != nil {
		return c, nil
	}
	c, err := b.readChannel(ch)
	if err != nil {
		return nil, err
	}
	if len(b.channels) >= maxKept {
		if err := b.commit(); err != nil {
			return nil, err
		}
		clear(b.channels)
	}
	if b.channels == nil {
		b.channels = make(map[chat.ChannelID]*channel)
	}
	b.channels[ch] = c
	return c, nil
}

func (b *batch) readChannel(ch chat.ChannelID) (c *channel, err error) {
	x := b.index
	c = &channel{id: ch}
	if c.project, err = x.names.give(chat.ChannelID{Project: ch.Project}); err != nil {
		return nil, err
	}
	if c.number, err = x.names.give(ch); err != nil {
		return nil, err
	}
	b.key = placeKey(b.key, c.number)
	value, closer, err := x.db.Get(b.key)
	if errors.Is(err, pebble.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	c.place = readPlace(value)
	return c, closer.Close()
}

// put notes how far the channel's log is read with what the batch holds, and
// commits it if it is full.
func (b *batch) put(c *channel) error {
	b.key = placeKey(b.key, c.number)
	b.value = c.place.append(b.value[:0])
	if err := b.db.Set(b.key, b.value, nil); err != nil {
		return err
	}
	if !b.full() {
		return nil
	}
	return b.commit()
}

func (b *batch) full() bool { return b.db.Len() >= batchBytes }

func (b *batch) remember(key, value []byte) {
	if b.forwards == nil {
		b.forwards = make(map[string][]byte)
	}
	b.forwards[string(key)] = slices.Clone(value)
}

// message adds a message that is not in the index.
func (b *batch) message(c *channel, m *chat.Event) error {
	if m.Deleted() || m.Body == nil {
		return nil
	}
	d := newDocument(m.At, c.number, m.Seq)
	f := forward{at: m.At}
	add := func(term string, places []int) error {
		f.terms = append(f.terms, term)
		b.key = append(postings(b.key, c.project, term[0], term[1:]), d[:]...)
		b.value = appendPlaces(b.value[:0], places)
		return b.db.Set(b.key, b.value, nil)
	}
	found := contentOf(m.Body, b.index.options.Text(m.Body))
	fields := []string{string(fieldAll), string(fieldChannel) + numberTerm(c.number)}
	if m.Sender != "" {
		fields = append(fields, string(fieldSender)+m.Sender)
	}
	if found.file {
		fields = append(fields, string(fieldHas)+"file")
	}
	if found.link {
		fields = append(fields, string(fieldHas)+"link")
	}
	for _, term := range fields {
		if err := add(term, nil); err != nil {
			return err
		}
	}
	if err := b.eachWord(found, func(term string, places []int) error { return add(string(fieldWord)+term, places) }); err != nil {
		return err
	}
	b.key = forwardKey(b.key, c.number, m.Seq)
	b.value = f.append(b.value[:0])
	b.remember(b.key, b.value)
	b.documents++
	return b.db.Set(b.key, b.value, nil)
}

// eachWord visits the different words of a message with their places. Names of
// files stand behind the text, with a gap between them.
func (b *batch) eachWord(c *content, visit func(term string, places []int) error) error {
	b.entries = b.entries[:0]
	at := 0
	for _, words := range append([][]word{c.text}, c.names...) {
		for i := range words {
			b.entries = append(b.entries, entry{words[i].term, at + i})
		}
		at += len(words) + maxParts
	}
	slices.SortFunc(b.entries, func(x, y entry) int { return cmp.Or(cmp.Compare(x.term, y.term), cmp.Compare(x.at, y.at)) })
	for i := 0; i < len(b.entries); {
		term := b.entries[i].term
		b.places = b.places[:0]
		for ; i < len(b.entries) && b.entries[i].term == term; i++ {
			b.places = append(b.places, b.entries[i].at)
		}
		if err := visit(term, b.places); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a message out, if it is in.
func (b *batch) remove(c *channel, seq uint64) error {
	key := forwardKey(nil, c.number, seq)
	value, known := b.forwards[string(key)]
	if !known {
		stored, closer, err := b.index.db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		value = slices.Clone(stored)
		if err := closer.Close(); err != nil {
			return err
		}
	}
	if value == nil {
		return nil
	}
	f, ok := readForward(value)
	if !ok {
		err := errors.New("a row of the search index cannot be read")
		b.index.hurt(err)
		return err
	}
	d := newDocument(f.at, c.number, seq)
	for _, term := range f.terms {
		b.key = append(postings(b.key, c.project, term[0], term[1:]), d[:]...)
		if err := b.db.Delete(b.key, nil); err != nil {
			return err
		}
	}
	b.remember(key, nil)
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
	total := x.documents.Load() + b.documents
	if err := b.db.Set(keyDocuments, binary.AppendUvarint(nil, uint64(max(total, 0))), nil); err != nil {
		return err
	}
	if err := b.db.Commit(pebble.NoSync); err != nil {
		return err
	}
	x.documents.Store(total)
	b.begin()
	return nil
}

// drop forgets what is not written.
func (b *batch) drop() {
	b.begin()
	b.channels = nil
}

// begin begins an empty batch.
func (b *batch) begin() {
	_ = b.db.Close() // it holds memory alone
	b.db = b.index.db.NewBatch()
	clear(b.forwards)
	b.documents = 0
}
