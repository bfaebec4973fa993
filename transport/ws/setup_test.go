package ws_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// bundle is a server on a socket of its own.
type bundle struct {
	hub    *conntest.Hub
	server *ws.Server
	addr   string
}

// setup starts a server that ends with the test. It speaks echo, if it is told
// of no other dialect.
func setup(t testing.TB, o ws.Options, dialects ...wire.Dialect) *bundle {
	t.Helper()
	b := &bundle{hub: conntest.NewHub()}
	if o.Connect == nil {
		o.Connect = func(id chat.Identity, sink chat.Sink) (ws.Session, error) { return b.hub.Connect(id, sink), nil }
	}
	if o.Authenticate == nil {
		o.Authenticate = authenticate(func() chat.Identity { return chat.Identity{User: "u"} })
	}
	if dialects == nil {
		dialects = []wire.Dialect{conntest.Echo()}
	}
	var err error
	if b.server, err = ws.New(o); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	h := &http.Server{Handler: b.server.Handler(ws.Door{Dialects: dialects})}
	served := make(chan struct{})
	go func() { defer close(served); _ = h.Serve(l) }()
	t.Cleanup(func() {
		_ = h.Close()
		<-served
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = b.server.Shutdown(ctx)
	})
	return b
}

func authenticate(who func() chat.Identity) func(*http.Request) (chat.Identity, error) {
	return func(*http.Request) (chat.Identity, error) { return who(), nil }
}

// within is a context for what must not take long.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
