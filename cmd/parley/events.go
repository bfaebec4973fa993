package main

import (
	"context"
	"net"
	"net/http"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/sse"
	"github.com/parley-chat/parley/wire/native"
	dialect "github.com/parley-chat/parley/wire/sse"
)

// eventsDoor is where streams are.
const eventsDoor = "/events"

// streaming makes the transport of event streams. One without a token may have
// public channels, which anybody may read.
func (s *server) streaming(keys *auth.Service) *sse.Server {
	return sse.New(sse.Options{
		Connect: func(id chat.Identity, sink chat.Sink) (sse.Session, error) { return s.hub.Connect(id, sink) },
		Refuse:  api.Refuse,
		Authenticate: s.identified(func(r *http.Request) (chat.Identity, error) {
			if err := s.addresses.admit(r); err != nil {
				return chat.Identity{}, err
			}
			id, err := keys.FromRequest(r)
			if err == nil && id.Anonymous() && !r.URL.Query().Has("channel") {
				err = chat.E(chat.CodeUnauthorized, "a stream without a token is of public channels: Authorization, or ?token=")
			}
			return id, err
		}),
		Conn:   connOf,
		Logger: s.log,
	})
}

// events is the door: what the native protocol says, as events.
func (s *server) events() http.Handler {
	return s.streams.Handler(dialect.Dialect(native.Dialect(), dialect.Options{}))
}

type connKey struct{}

// withConn has a request know its connection; it is http.Server's ConnContext.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(r *http.Request) net.Conn {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	return c
}

// openStream reports whether r asks for a stream without saying who asks. What
// such a stream has, anybody can get: pages of all origins may.
func openStream(r *http.Request) bool {
	return r.URL.Path == eventsDoor && r.Header.Get("Authorization") == "" && !r.URL.Query().Has("token")
}

// allowAnyOrigin answers for such a stream; true: the request was no more than
// the question whether it may come.
func allowAnyOrigin(w http.ResponseWriter, r *http.Request) bool {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	header.Set("Access-Control-Allow-Methods", http.MethodGet)
	header.Set("Access-Control-Allow-Headers", "Last-Event-ID, Cache-Control, X-Request-Id")
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
