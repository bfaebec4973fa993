package search

import (
	"bytes"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parley-chat/parley/chat"
)

// Bounds on what the beginning of a word stands for.
const (
	maxEndings   = 64      // words whose lists are followed at once
	leastGathers = 30_000  // of more words, documents that are gathered, of all beginnings in a query together
	mostGathers  = 200_000 // in a large index
)

// plan makes the list of what may be an answer to a query: all that is, in the
// state that was indexed, and perhaps more.
type plan struct {
	index   *Index
	budget  *budget
	from    pebble.Reader
	project uint32
	span    span
	lists   []list

	gathered int // documents looked at for beginnings
}

// plan is nil if there can be no answer. It ends with the budget.
func (x *Index) plan(b *budget, from pebble.Reader, project string, q *query, channels []string, s span) (list, error) {
	number, known, err := x.names.find(chat.ChannelID{Project: project})
	if err != nil || !known {
		return nil, err
	}
	p := &plan{index: x, budget: b, from: from, project: number, span: s}
	some, err := p.channels(project, q.in, channels)
	if err == nil && some {
		some, err = p.restrictions(q)
	}
	if err == nil && some {
		err = p.phrases(q.phrases)
	}
	if err == nil && some && len(p.lists) == 0 {
		err = p.add(fieldAll, "")
	}
	if err != nil || !some {
		return nil, errors.Join(err, closeAll(p.lists))
	}
	if len(p.lists) == 1 {
		return p.lists[0], nil
	}
	return newBoth(b, p.lists, nil), nil
}

func (p *plan) list(field byte, term string) (*postingList, error) {
	return newPostingList(p.index.db, p.from, postings(nil, p.project, field, term), &p.span)
}

func (p *plan) add(field byte, term string) error {
	l, err := p.list(field, term)
	if err == nil {
		p.lists = append(p.lists, l)
	}
	return err
}

// either adds what is under any of some terms.
func (p *plan) either(field byte, terms []string) error {
	l, err := p.union(field, terms)
	if err == nil {
		p.lists = append(p.lists, l)
	}
	return err
}

func (p *plan) union(field byte, terms []string) (list, error) {
	var lists []list
	for _, term := range terms {
		l, err := p.list(field, term)
		if err != nil {
			return nil, errors.Join(err, closeAll(lists))
		}
		lists = append(lists, l)
	}
	if len(lists) == 1 {
		return lists[0], nil
	}
	return newEither(p.budget, lists), nil
}

// channels restricts the answer to channels that are in both lists, of which an
// empty one is all; false: to none.
func (p *plan) channels(project string, lists ...[]string) (some bool, err error) {
	var names []string
	restricted := false
	for _, list := range lists {
		switch {
		case len(list) == 0:
		case !restricted:
			names, restricted = slices.Clone(list), true
		default:
			names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(list, name) })
		}
	}
	if !restricted {
		return true, nil
	}
	var terms []string
	for _, name := range names {
		number, known, err := p.index.names.find(chat.ChannelID{Project: project, Name: name})
		if err != nil {
			return false, err
		}
		if known {
			terms = append(terms, numberTerm(number))
		}
	}
	if len(terms) == 0 {
		return false, nil
	}
	return true, p.either(fieldChannel, terms)
}

// restrictions are the query's operators but for channels; false: nothing fits.
func (p *plan) restrictions(q *query) (some bool, err error) {
	if q.file {
		err = p.add(fieldHas, "file")
	}
	if err == nil && q.link {
		err = p.add(fieldHas, "link")
	}
	if err == nil && len(q.senders) > 0 {
		err = p.either(fieldSender, q.senders)
	}
	return err == nil, err
}

func (p *plan) phrases(phrases []phrase) error {
	for _, words := range phrases {
		l, err := p.phrase(words)
		if err != nil {
			return err
		}
		if l != nil {
			p.lists = append(p.lists, l)
		}
	}
	return nil
}

// phrase is where the words stand side by side; nil: it says too little, and is
// left to who reads the messages.
func (p *plan) phrase(words phrase) (list, error) {
	var lists []list
	var placed []list // those of whole words, with where they stand in the phrase
	var at []int
	for _, w := range words {
		var l list
		var err error
		if w.prefix {
			l, err = p.beginning(w.term)
		} else if l, err = p.union(fieldWord, []string{w.term}); err == nil {
			placed, at = append(placed, l), append(at, w.at)
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(lists))
		}
		if l != nil {
			lists = append(lists, l)
		}
	}
	switch {
	case len(lists) == 0:
		return nil, nil
	case len(lists) == 1:
		return lists[0], nil
	case len(placed) < 2:
		return newBoth(p.budget, lists, nil), nil
	}
	return newBoth(p.budget, lists, sideBySide(placed, at)), nil
}

// sideBySide reports whether the words of the lists stand in the document at
// which all are as far from one another as at says.
func sideBySide(lists []list, at []int) func() bool {
	starts, places := []int(nil), []int(nil)
	return func() bool {
		begun := false
		for i, l := range lists {
			var known bool
			if places, known = l.places(places[:0]); !known {
				continue
			}
			for k := range places {
				places[k] -= at[i]
			}
			if !begun {
				starts, begun = append(starts[:0], places...), true
				continue
			}
			starts = slices.DeleteFunc(starts, func(start int) bool {
				_, found := slices.BinarySearch(places, start)
				return !found
			})
		}
		return !begun || len(starts) > 0
	}
}

// beginning is where any word stands that begins so; nil: in so many documents
// that reading them finds enough.
func (p *plan) beginning(start string) (list, error) {
	prefix := postings(nil, p.project, fieldWord, start)
	prefix = prefix[:len(prefix)-1]
	iter, err := p.from.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefixEnd(prefix)})
	if err != nil {
		return nil, err
	}
	terms, whole := endings(iter, len(prefix)-len(start))
	var documents []document
	if !whole {
		documents, whole, err = p.gather(iter)
		terms = nil
	}
	switch err := errors.Join(err, iter.Close()); {
	case err != nil:
		return nil, err
	case len(terms) > 0:
		return p.union(fieldWord, terms)
	case whole:
		return &gathered{documents}, nil
	}
	return nil, nil
}

// endings are the words that iter has, each at offset in its keys; false: there
// are more than maxEndings.
func endings(iter *pebble.Iterator, offset int) (terms []string, whole bool) {
	var next []byte
	for ok := iter.First(); ok; ok = iter.SeekGE(next) {
		key := iter.Key()
		end := len(key) - windowSize - 1
		if len(terms) == maxEndings {
			return terms, false
		}
		terms = append(terms, string(key[offset:end]))
		next = append(append(next[:0], key[:end]...), 1) // a term's keys go on with NUL
	}
	return terms, true
}

// gather are the documents that iter has, in their order; false: there are too
// many.
func (p *plan) gather(iter *pebble.Iterator) (documents []document, whole bool, err error) {
	most := min(max(leastGathers, int(p.index.documents.Load()/50)), mostGathers)
	for ok := iter.First(); ok; ok = iter.Next() {
		if !p.budget.spend() {
			return nil, false, p.budget.err
		}
		value, err := iter.ValueAndErr()
		if err != nil {
			return nil, false, err
		}
		b, err := readBlock(value)
		if err != nil {
			return nil, false, err
		}
		if p.gathered += b.size(); p.gathered > most {
			return nil, false, nil
		}
		for i := range b.size() {
			if d := b.document(iter.Key(), i); p.span.has(&d) {
				documents = append(documents, d)
			}
		}
	}
	slices.SortFunc(documents, func(a, b document) int { return a.compare(&b) })
	return slices.Compact(documents), true, nil
}

// prefixEnd is behind every key that begins with prefix, whatever it ends in.
func prefixEnd(prefix []byte) []byte {
	return append(bytes.Clone(prefix), 0xff) // no term goes on with that: it is in no UTF-8
}
