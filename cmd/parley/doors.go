package main

import (
	"net/http"
	"strings"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/conversations"
	"github.com/parley-chat/parley/wire/native"
	"github.com/parley-chat/parley/wire/rooms"
)

// nativeDoor is the one WebSocket door whose frames can carry a token.
const nativeDoor = "/v1/ws"

// doors is the table of what is served where.
func (c *Serve) doors(s *server, keys *auth.Service) http.Handler {
	roomsDialect := rooms.Dialect(rooms.Options{})
	byFirstFrame := wire.ByFirstFrame("first-frame", map[string]wire.Dialect{"join": roomsDialect})
	socket := func(d wire.Dialect) http.Handler {
		return s.sockets.Handler(ws.Door{Dialects: []wire.Dialect{d}})
	}
	mux := http.NewServeMux()
	mux.Handle("/{$}", upgradeOr(socket(byFirstFrame), page()))
	mux.Handle("/rooms", socket(roomsDialect))
	mux.Handle("/chat", socket(conversations.Dialect()))
	mux.Handle(nativeDoor, socket(native.Dialect()))
	return mux
}

// credentialsOf has WebSocket handshakes answered with 401 where nobody is
// named and no frame could name anybody later.
func credentialsOf(keys *auth.Service) func(*http.Request) (chat.Identity, error) {
	return func(r *http.Request) (chat.Identity, error) {
		id, err := keys.FromRequest(r)
		if err == nil && id.Anonymous() && r.URL.Path != nativeDoor {
			err = chat.E(chat.CodeUnauthorized, "this door needs a token: Authorization, or ?token=")
		}
		return id, err
	}
}

// upgradeOr is a door that speaks WebSocket to those who ask for it.
func upgradeOr(socket, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			socket.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
}

func page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("Parley is running. Its native protocol is at /v1/ws.\n"))
	})
}
