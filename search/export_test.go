package search

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// Level reports whether all that the log has is indexed.
func (x *Index) Level(t testing.TB) bool {
	t.Helper()
	x.using.RLock()
	defer x.using.RUnlock()
	level := true
	err := x.options.Log.Heads(t.Context(), chat.ChannelID{}, func(ch chat.ChannelID, h chat.Head) bool {
		r := rowOf(ch)
		there, err := x.names.look(&r)
		level = err == nil && there && r.place.seq >= h.Seq
		return level
	})
	if err != nil {
		t.Fatal(err)
	}
	return level
}

// Terms are all that any message is found by, each with its field, in order.
func (x *Index) Terms(t testing.TB) (terms []string) {
	t.Helper()
	iter, err := x.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spacePosting}, UpperBound: []byte{spacePosting + 1}})
	if err != nil {
		t.Fatal(err)
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		key := iter.Key()
		term := string(key[5 : len(key)-windowSize-1])
		if len(terms) == 0 || terms[len(terms)-1] != term {
			terms = append(terms, term)
		}
	}
	if err := iter.Close(); err != nil {
		t.Fatal(err)
	}
	return terms
}

// Rows are what the index holds of messages and of how far logs were read.
func (x *Index) Rows() (map[string]string, error) {
	x.using.RLock()
	defer x.using.RUnlock()
	rows := map[string]string{}
	for _, space := range []byte{spaceForward, spacePosting, spaceName} {
		iter, err := x.db.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
		if err != nil {
			return nil, err
		}
		for ok := iter.First(); ok; ok = iter.Next() {
			rows[string(iter.Key())] = string(iter.Value())
		}
		if err := iter.Close(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Place is how far the channel's log was read, and up to where what has expired was
// removed.
func (x *Index) Place(t testing.TB, ch chat.ChannelID) (seq, swept uint64) {
	t.Helper()
	x.using.RLock()
	defer x.using.RUnlock()
	r := rowOf(ch)
	if _, err := x.names.look(&r); err != nil {
		t.Fatal(err)
	}
	return r.place.seq, r.place.swept
}

// Numbered is the number that a channel has, if no other has it.
func Numbered(ch chat.ChannelID) uint32 {
	r := rowOf(ch)
	return r.number
}

// KeepPlaces has the table of places be of so many slots at most, a power of two.
func (o *Options) KeepPlaces(slots int) { o.places = slots }

// RestOfNew and RestOfOld are for how many shifts the follower rests after one.
var (
	RestOfNew = restOfNew
	RestOfOld = restOfOld
)
