package search_test

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/wire"
)

// within is how long what is new may take to be found here: machines may be
// busy. Alone it takes a tenth of a second.
const within = 30 * time.Second

// world is a store, a hub and an index that follows them.
type world struct {
	t     testing.TB
	store *pebble.Store
	bus   *local.Bus
	hub   *chat.Hub
	index *search.Index
	dir   string
	now   func() time.Time // the index's, from openBusy
	ended sync.Once
}

func setup(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, bus: local.New(), dir: filepath.Join(t.TempDir(), "search")}
	var err error
	if w.store, err = pebble.Open(t.Context(), t.TempDir(), pebble.Options{}); err != nil {
		t.Fatal(err)
	}
	w.hub = chat.NewHub(chat.Options{Store: w.store, Bus: w.bus.Join()})
	t.Cleanup(w.end)
	w.open()
	return w
}

// end ends everything; a test that has many worlds need not wait for its own end.
func (w *world) end() {
	w.ended.Do(func() {
		w.close()
		w.hub.Close()
		if err := w.store.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

// open opens the index, in the folder that it had.
func (w *world) open() {
	w.t.Helper()
	w.index = w.opened(search.Options{Dir: w.dir, Bus: w.bus.Join()})
}

func (w *world) opened(o search.Options) *search.Index {
	w.t.Helper()
	return w.openedOn(w.store, o)
}

func (w *world) openedOn(log search.Log, o search.Options) *search.Index {
	w.t.Helper()
	o.Log, o.Permit, o.Text = log, w.hub.Permit, wire.Text
	if o.Gather == 0 {
		o.Gather = time.Millisecond
	}
	x, err := search.Open(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

func (w *world) close() {
	w.t.Helper()
	if err := w.index.Close(); err != nil {
		w.t.Error(err)
	}
}

// user may read and send wherever roles let it.
func user(name string) *chat.Identity {
	return &chat.Identity{Project: chat.DefaultProject, User: name, Scopes: []string{chat.ScopeRead, chat.ScopeSend}}
}

func (w *world) post(as *chat.Identity, channel, text string) *chat.Event {
	w.t.Helper()
	return w.postBody(as, channel, strconv.Quote(text))
}

func (w *world) postBody(as *chat.Identity, channel, body string) *chat.Event {
	w.t.Helper()
	c, err := w.hub.Post(w.ctx(), as, chat.Post{Channel: channel, Body: []byte(body)})
	if err != nil {
		w.t.Fatalf("post %s: %v", body, err)
	}
	return c.Event
}

func (w *world) ctx() context.Context { return w.t.Context() }

// level waits until what was posted before is indexed.
func (w *world) level() {
	w.t.Helper()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		if w.index.Level(w.t) && !w.index.Stats().Indexing {
			return
		}
		if time.Since(begun) > within {
			w.t.Fatalf("not level: %+v", w.index.Stats())
		}
	}
}

func (w *world) ask(as *chat.Identity, a search.Ask) *search.Found {
	w.t.Helper()
	found, err := w.index.Find(w.ctx(), as, a)
	if err != nil {
		w.t.Fatalf("%q: %v", a.Query, err)
	}
	return found
}

// texts are the texts that a query finds, the newest first.
func (w *world) texts(as *chat.Identity, query string) []string {
	w.t.Helper()
	texts := []string{}
	for _, hit := range w.ask(as, search.Ask{Query: query, Limit: search.MaxLimit}).Hits {
		texts = append(texts, wire.Text(hit.Message.Body))
	}
	return texts
}
