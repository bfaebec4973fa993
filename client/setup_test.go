package client_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/native"
)

// server is the real thing in process: Pebble, the hub, WebSocket, the native
// dialect. Tokens are user names.
type server struct {
	url string
	hub *chat.Hub
	ws  *ws.Server
}

func identify(_ context.Context, token string) (chat.Identity, error) {
	switch token {
	case "":
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "a token is needed")
	case "expired":
		return chat.Identity{}, chat.E(chat.CodeTokenExpired, "the token has expired")
	}
	scopes := []string{chat.ScopeRead, chat.ScopeSend}
	if token == "pk_anybody" {
		user := "guest-" + rand.Text()
		return chat.Identity{Project: chat.DefaultProject, User: user, Guest: true, Scopes: scopes, Pass: "pass " + user}, nil
	}
	if user, ok := strings.CutPrefix(token, "pass "); ok {
		return chat.Identity{Project: chat.DefaultProject, User: user, Guest: true, Scopes: scopes}, nil
	}
	if token == "manager" {
		scopes = append(scopes, chat.ScopeManage)
	}
	return chat.Identity{Project: chat.DefaultProject, User: token, Name: token, Scopes: scopes}, nil
}

func serve(t *testing.T, o chat.Options) *server {
	t.Helper()
	store, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Store = store
	if o.Authenticate == nil {
		o.Authenticate = identify
	}
	s := &server{hub: chat.NewHub(o)}
	s.ws, err = ws.New(ws.Options{
		Connect: func(id chat.Identity, sink chat.Sink) (ws.Session, error) { return s.hub.Connect(id, sink) },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/ws", s.ws.Handler(ws.Door{Dialects: []wire.Dialect{native.Dialect()}}))
	web := httptest.NewServer(mux)
	s.url = web.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.ws.Shutdown(ctx)
		web.Close()
		s.hub.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial is a client of that user, ended with the test.
func dial(t *testing.T, url, user string, change func(*client.Options)) *client.Client {
	t.Helper()
	o := client.Options{URL: url, Token: user, Base: 5 * time.Millisecond, Cap: 50 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// patience bounds what must happen at all: the machine may be busy.
const patience = 2 * time.Minute

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// watcher keeps what a handler got, and lets tests wait for it.
type watcher struct {
	t *testing.T

	mu     sync.Mutex
	events []client.Event
	more   chan struct{}
}

func newWatcher(t *testing.T) *watcher { return &watcher{t: t, more: make(chan struct{})} }

func (w *watcher) handle(e client.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	close(w.more)
	w.more = make(chan struct{})
}

// until waits until ok says so of what came so far, and returns that.
func (w *watcher) until(what string, ok func([]client.Event) bool) []client.Event {
	w.t.Helper()
	deadline := time.After(patience)
	for {
		w.mu.Lock()
		events, more := w.events[:len(w.events):len(w.events)], w.more
		w.mu.Unlock()
		if ok(events) {
			return events
		}
		select {
		case <-more:
		case <-deadline:
			w.t.Fatalf("waiting for %s; came: %s", what, show(events))
		}
	}
}

func show(events []client.Event) string {
	text := ""
	for _, e := range events {
		text += fmt.Sprintf("\n%T %+v", e, e)
	}
	return text
}

// of is what came of one type.
func of[T client.Event](events []client.Event) []T {
	var list []T
	for _, e := range events {
		if v, ok := e.(T); ok {
			list = append(list, v)
		}
	}
	return list
}

// some reports that at least n of a type came.
func some[T client.Event](n int) func([]client.Event) bool {
	return func(events []client.Event) bool { return len(of[T](events)) >= n }
}

// contextAfter ends after d.
func contextAfter(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
