// Package storetest is the contract of chat.Store as tests. Every
// implementation runs it:
//
//	func TestStore(t *testing.T) { storetest.Run(t, open) }
package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-chat/parley/chat"
)

// Opened is an empty store of one test's own.
type Opened struct {
	Store chat.Store
	// Reopen closes the store and opens the same data again.
	Reopen func() chat.Store
	// Advance moves the clock that the store, reopened or not, asks. The clock
	// stands still otherwise.
	Advance func(time.Duration)
}

// Run runs the whole contract. open makes an empty store, which it closes when
// the test ends; it may be called from several tests at once.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	for _, group := range [][]check{
		logChecks, readChecks, lifetimeChecks, pageChecks, nonceChecks, editChecks, directoryChecks, cursorChecks, expireChecks,
		reactionChecks, pinChecks, threadChecks, mentionChecks, stateChecks, peopleChecks, callChecks, fileChecks, recordChecks, deletionChecks,
		modelChecks, foldChecks,
	} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(setup(t, open(t)))
			})
		}
	}
}

type check struct {
	name string
	run  func(*bundle)
}

// bundle is a store under test and what tests do with it.
type bundle struct {
	chat.Store
	t      *testing.T
	ctx    context.Context
	opened Opened
}

func setup(t *testing.T, o Opened) *bundle {
	return &bundle{Store: o.Store, t: t, ctx: t.Context(), opened: o}
}

func (b *bundle) reopen() { b.Store = b.opened.Reopen() }

// general is the channel of tests that need but one.
var general = chat.ChannelID{Project: "acme", Name: "general"}

type result struct {
	chat.Committed
	err error
}

// queue appends without waiting.
func (b *bundle) queue(d *chat.Draft) <-chan result {
	done := make(chan result, 1)
	b.Append(d, func(c chat.Committed, err error) { done <- result{c, err} })
	return done
}

func (b *bundle) try(d *chat.Draft) (chat.Committed, error) {
	r := <-b.queue(d)
	return r.Committed, r.err
}

// must appends something new.
func (b *bundle) must(d *chat.Draft) *chat.Event {
	b.t.Helper()
	c, err := b.try(d)
	if err != nil {
		b.t.Fatalf("append: %v", err)
	}
	if c.Repeated {
		b.t.Fatalf("append: %+v is said to be a repetition", c.Event)
	}
	return c.Event
}

func message(ch chat.ChannelID, sender, text string) *chat.Draft {
	return &chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: sender, Body: []byte(fmt.Sprintf("%q", text))}
}

func edit(of *chat.Event, text string) *chat.Draft {
	d := message(of.Channel, of.Sender, text)
	d.Kind, d.ID = chat.KindEdit, of.ID
	return d
}

func deletion(of *chat.Event) *chat.Draft {
	return &chat.Draft{Channel: of.Channel, Kind: chat.KindDelete, Sender: of.Sender, ID: of.ID}
}

func member(ch chat.ChannelID, m chat.Member) *chat.Draft {
	return &chat.Draft{Channel: ch, Kind: chat.KindMember, Sender: "root", Member: &m}
}

func withNonce(d *chat.Draft, nonce string) *chat.Draft {
	d.Nonce = nonce
	return d
}

func (b *bundle) post(text string) *chat.Event {
	b.t.Helper()
	return b.must(message(general, "ann", text))
}

func (b *bundle) head(ch chat.ChannelID) chat.Head {
	b.t.Helper()
	h, err := b.Head(b.ctx, ch)
	b.noError(err)
	return h
}

func (b *bundle) events(ch chat.ChannelID, after uint64, limit int) []*chat.Event {
	b.t.Helper()
	es, err := b.Events(b.ctx, ch, after, limit)
	b.noError(err)
	return es
}

func (b *bundle) messages(ch chat.ChannelID, p chat.Page) []*chat.Event {
	b.t.Helper()
	es, err := b.Messages(b.ctx, ch, p)
	b.noError(err)
	return es
}

func (b *bundle) noError(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("unexpected error: %v", err)
	}
}

func (b *bundle) wantCode(err error, want chat.Code) {
	b.t.Helper()
	if got := chat.CodeOf(err); got != want {
		b.t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

// asStored leaves out what a store does not keep.
var asStored = cmp.Options{
	cmpopts.IgnoreFields(chat.Event{}, "Session"),
	cmpopts.EquateEmpty(),
}

func (b *bundle) same(what string, got, want any) {
	b.t.Helper()
	if reflect.DeepEqual(got, want) { // much cheaper than cmp, and almost always so
		return
	}
	if diff := cmp.Diff(want, got, asStored); diff != "" {
		b.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func seqs(es []*chat.Event) []uint64 {
	all := make([]uint64, 0, len(es))
	for _, e := range es {
		all = append(all, e.Seq)
	}
	return all
}

// run is from, from+1, …, to.
func run(from, to uint64) []uint64 {
	all := []uint64{}
	for ; from <= to; from++ {
		all = append(all, from)
	}
	return all
}
