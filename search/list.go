package search

import (
	"bytes"
	"cmp"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// list is documents in their order, the newest first.
type list interface {
	// at is where the list stands; nil: at its end.
	at() *document
	// next goes on, seek goes on to d, or what comes first behind it. A list
	// never goes back.
	next()
	seek(d *document)
	// size is about how much of the index it takes, in bytes.
	size() uint64
	// places are the word's in the document; ok is false if they are not known.
	places(dst []int) (places []int, ok bool)
	// close says what went wrong, too.
	close() error
}

// span is a part of all documents: from first on, and before end.
type span struct {
	first document
	end   document
	ends  bool
}

func (s *span) has(d *document) bool {
	return d.compare(&s.first) >= 0 && (!s.ends || d.compare(&s.end) < 0)
}

// Bounds on how a list finds the block of what is sought. A step takes less than a
// seek, but Pebble joins what it gets to, which may be much.
const (
	mostSteps = 2
	mostRest  = 63
)

// postingList is what a term is found in: its blocks, one after the other.
type postingList struct {
	db     *pebble.DB
	iter   *pebble.Iterator
	bounds *pebble.IterOptions
	prefix []byte
	span   span
	err    error

	window []byte // at which iter is; nil: at the end
	block  block  // of that window
	number int    // of the document in it
	now    document

	rest  int // for so many seeks no steps are tried
	pause int // how many these are, next time that steps do not get there
}

func newPostingList(db *pebble.DB, from pebble.Reader, prefix []byte, s *span) (*postingList, error) {
	first := s.first.window()
	o := &pebble.IterOptions{LowerBound: append(bytes.Clone(prefix), first[:]...), UpperBound: behind(prefix)}
	if s.ends {
		end := s.end.window()
		o.UpperBound = append(append(bytes.Clone(prefix), end[:]...), 0)
	}
	iter, err := from.NewIter(o)
	if err != nil {
		return nil, err
	}
	l := &postingList{db: db, iter: iter, bounds: o, prefix: bytes.Clone(prefix), span: *s}
	l.stand(iter.First())
	l.land(&s.first)
	return l, nil
}

// stand notes at which window iter is.
func (l *postingList) stand(ok bool) {
	if l.window = nil; ok && len(l.iter.Key()) == len(l.prefix)+windowSize {
		l.window = l.iter.Key()[len(l.prefix):]
	}
}

// land goes on from the beginning of a block to d, or what comes first behind it.
func (l *postingList) land(d *document) {
	for window, rest := d.window(), d.rest(); l.window != nil; l.stand(l.iter.Next()) {
		value, err := l.iter.ValueAndErr()
		if err == nil {
			l.block, err = readBlock(value)
		}
		if err != nil {
			l.err, l.window = err, nil
			return
		}
		l.number = 0
		if bytes.Equal(l.window, window[:]) {
			l.number = l.block.search(0, rest[:])
		}
		if l.number < l.block.size() {
			l.read()
			return
		}
	}
}

// read notes the document, and that there is none from the span's end on.
func (l *postingList) read() {
	l.now = l.block.document(l.window, l.number)
	if l.span.ends && l.now.compare(&l.span.end) >= 0 {
		l.window = nil
	}
}

func (l *postingList) at() *document {
	if l.window == nil {
		return nil
	}
	return &l.now
}

func (l *postingList) next() {
	if l.number++; l.number < l.block.size() {
		l.read()
		return
	}
	l.stand(l.iter.Next())
	l.land(&l.now)
}

func (l *postingList) seek(d *document) {
	if l.window == nil || l.now.compare(d) >= 0 {
		return
	}
	window := d.window()
	if bytes.Equal(l.window, window[:]) {
		rest := d.rest()
		l.number = l.block.search(l.number, rest[:]) - 1
		l.next()
		return
	}
	if !l.step(window[:]) {
		l.prefix = append(l.prefix, window[:]...)
		ok := l.iter.SeekGE(l.prefix)
		l.prefix = l.prefix[:len(l.prefix)-windowSize]
		l.stand(ok)
	}
	l.land(d)
}

// step reports whether some steps, if it is worth trying them, got to the window
// or the end: where a list has few blocks between those that others have, they
// are all it takes.
func (l *postingList) step(window []byte) bool {
	if l.rest > 0 {
		l.rest--
		return false
	}
	for range mostSteps {
		l.stand(l.iter.Next())
		if l.window == nil || bytes.Compare(l.window, window) >= 0 {
			l.pause = 0
			return true
		}
	}
	l.pause = min(2*l.pause+1, mostRest)
	l.rest = l.pause
	return false
}

func (l *postingList) size() uint64 {
	bytes, err := l.db.EstimateDiskUsage(l.bounds.LowerBound, l.bounds.UpperBound)
	if err != nil {
		return 0 // reading the list will say so
	}
	return bytes
}

func (l *postingList) places(dst []int) ([]int, bool) { return l.block.readPlaces(dst, l.number) }

func (l *postingList) close() error { return errors.Join(l.err, l.iter.Close()) }

// either are documents of any of some lists, kept as a heap.
type either struct {
	budget *budget
	lists  []list // those that are not at their end, the smallest first
	ended  []list
}

func newEither(b *budget, lists []list) *either {
	e := &either{budget: b}
	for _, l := range lists {
		if l.at() == nil {
			e.ended = append(e.ended, l)
		} else {
			e.lists = append(e.lists, l)
		}
	}
	for i := len(e.lists)/2 - 1; i >= 0; i-- {
		e.sink(i)
	}
	return e
}

// sink restores the heap below i.
func (e *either) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(e.lists); child++ {
			if e.lists[child].at().compare(e.lists[least].at()) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		e.lists[i], e.lists[least] = e.lists[least], e.lists[i]
		i = least
	}
}

// moved restores the heap after its first list went on.
func (e *either) moved() {
	if e.lists[0].at() == nil {
		e.ended = append(e.ended, e.lists[0])
		end := len(e.lists) - 1
		e.lists[0] = e.lists[end]
		e.lists = e.lists[:end]
	}
	e.sink(0)
}

func (e *either) at() *document {
	if len(e.lists) == 0 {
		return nil
	}
	return e.lists[0].at()
}

func (e *either) next() {
	for now := *e.at(); len(e.lists) > 0 && *e.at() == now; {
		e.lists[0].next()
		e.moved()
	}
}

func (e *either) seek(d *document) {
	for len(e.lists) > 0 && e.at().compare(d) < 0 {
		e.budget.spend() // what takes turns with this list ends
		e.lists[0].seek(d)
		e.moved()
	}
}

// size takes all for as long as one of them: to ask each takes longer than it is worth.
func (e *either) size() uint64 {
	if len(e.lists) == 0 {
		return 0
	}
	return uint64(len(e.lists)) * e.lists[0].size()
}

func (e *either) places(dst []int) ([]int, bool) { return dst, false }

func (e *either) close() error { return errors.Join(closeAll(e.lists), closeAll(e.ended)) }

// both are documents of all of some lists, at least one, for which fits holds. It
// ends, too, when the budget is spent.
type both struct {
	budget *budget
	lists  []list
	fits   func() bool // asked when all lists stand at one document; nil: yes
	now    *document   // where they stand
}

func newBoth(budget *budget, lists []list, fits func() bool) *both {
	if len(lists) > 2 {
		sortBySize(lists)
	}
	b := &both{budget: budget, lists: lists, fits: fits}
	b.meet()
	return b
}

// sortBySize puts the shortest first.
func sortBySize(lists []list) {
	sizes := make(map[list]uint64, len(lists))
	for _, l := range lists {
		sizes[l] = l.size()
	}
	slices.SortFunc(lists, func(a, b list) int { return cmp.Compare(sizes[a], sizes[b]) })
}

// meet goes on to where all lists stand at one document that fits. The lists
// take turns to go on to where the one before them stands, so that the shortest
// says how many turns there are: a leapfrog join (Veldhuizen, "Leapfrog Triejoin",
// 2012).
func (b *both) meet() {
	b.now = nil
	agreed := 0 // lists before the one whose turn it is that stand at target
	var target document
	for turn := 0; b.budget.spend(); turn = (turn + 1) % len(b.lists) {
		l := b.lists[turn]
		if agreed > 0 {
			l.seek(&target)
		}
		at := l.at()
		switch {
		case at == nil:
			return
		case agreed > 0 && *at == target:
			agreed++
		default:
			target, agreed = *at, 1
		}
		if agreed < len(b.lists) {
			continue
		}
		if b.fits == nil || b.fits() {
			b.now = &target
			return
		}
		l.next()
		if l.at() == nil {
			return
		}
		target, agreed = *l.at(), 1
	}
}

func (b *both) at() *document { return b.now }

func (b *both) next() {
	b.lists[0].next()
	b.meet()
}

func (b *both) seek(d *document) {
	if b.now == nil || b.now.compare(d) >= 0 {
		return
	}
	b.lists[0].seek(d)
	b.meet()
}

func (b *both) size() uint64 { return b.lists[0].size() }

func (b *both) places(dst []int) ([]int, bool) { return dst, false }

func (b *both) close() error { return closeAll(b.lists) }

// gathered are documents in memory.
type gathered struct{ documents []document }

func (g *gathered) at() *document {
	if len(g.documents) == 0 {
		return nil
	}
	return &g.documents[0]
}

func (g *gathered) next() { g.documents = g.documents[1:] }

func (g *gathered) seek(d *document) {
	n, _ := slices.BinarySearchFunc(g.documents, d, func(a document, b *document) int { return a.compare(b) })
	g.documents = g.documents[n:]
}

func (g *gathered) size() uint64 { return uint64(len(g.documents) * len(document{})) }

func (g *gathered) places(dst []int) ([]int, bool) { return dst, false }

func (g *gathered) close() error { return nil }

func closeAll(lists []list) error {
	var errs []error
	for _, l := range lists {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
