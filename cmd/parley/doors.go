package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/poll"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/web"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/conversations"
	"github.com/parley-chat/parley/wire/native"
	"github.com/parley-chat/parley/wire/rooms"
	"github.com/parley-chat/parley/wire/threads"
)

// nativeDoor is the one WebSocket door whose frames can carry a token.
const nativeDoor = "/v1/ws"

// readyWithin is how long the store may take to answer /readyz.
const readyWithin = 2 * time.Second

// door is a row of the table of what is served where.
type door struct {
	pattern string // http.ServeMux's
	handler http.Handler
}

// doors is the table of what is served where.
func (s *server) doors(c *Serve, keys *auth.Service) http.Handler {
	roomsDialect, threadsDialect := rooms.Dialect(rooms.Options{}), threads.Dialect()
	byFirstFrame := wire.ByFirstFrame("first-frame", map[string]wire.Dialect{
		"join":           roomsDialect,
		"user_connected": threadsDialect,
		"join_thread":    threadsDialect,
		"send_message":   threadsDialect,
		"call_initiated": threadsDialect,
	})
	socket := func(d wire.Dialect) http.Handler {
		return s.sockets.Handler(ws.Door{Dialects: []wire.Dialect{d}})
	}
	rest := api.New(api.Options{
		Hub: s.hub, Identify: keys.FromRequest, Tokens: mint(keys), Open: c.Dev,
		Keys: restKeys{keys}, Projects: restKeys{keys}, Guests: restKeys{keys}.guest,
		ICE: c.servers(), Page: web.Page, Files: s.uploads, Push: s.pushes, Previews: s.previews, Search: s.search,
		Server:  &node{s, c, keys},
		Refused: s.metrics.refused, Logger: s.log, Version: version,
	})
	pages := web.New(web.Options{Dev: c.Dev, Previews: c.LinkPreviews})
	s.table = []door{
		{"/{$}", upgradeOr(socket(byFirstFrame), pages)},
		{"/threads", socket(threadsDialect)},
		{"/rooms", socket(roomsDialect)},
		{"/chat", socket(conversations.Dialect())},
		{nativeDoor, socket(native.Dialect())},
		{"/v1/poll", s.polls.Handler(native.Dialect())},
		{eventsDoor, s.events()},
		{socketioDoor, s.engines},
		{"/api/upload", s.metrics.timed(http.HandlerFunc(s.uploads.Receive))},
		{upload.TusPath, s.metrics.timed(http.HandlerFunc(s.uploads.ServeTus))},
		{upload.TusPath + "/", s.metrics.timed(http.HandlerFunc(s.uploads.ServeTus))},
		{chat.FilePrefix, s.metrics.timed(s.uploads)},
		{"/", s.metrics.timed(rest)}, // /v1/…, /auth/…, /openapi.json, /docs, and what is nowhere
		{"GET /healthz", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})},
		{"GET /readyz", http.HandlerFunc(s.ready)},
		{"GET /metrics", s.metrics.handler()},
	}
	mux := http.NewServeMux()
	for _, d := range s.table {
		mux.Handle(d.pattern, d.handler)
	}
	for _, path := range pages.Paths() { // no doors: nobody is told anything there
		if path != "/" {
			mux.Handle("GET "+path, pages)
		}
	}
	return mux
}

// mint makes what POST /auth/token answers.
func mint(keys *auth.Service) func(api.Grant) (api.Tokens, error) {
	return func(g api.Grant) (tokens api.Tokens, err error) {
		grant := auth.Grant{Project: g.Project, User: g.User, Name: g.Name, Scopes: g.Scopes, Channels: g.Channels, Key: g.Key, TTL: auth.AppTokenTTL}
		if tokens.User, err = keys.Mint(grant); err != nil {
			return tokens, err
		}
		tokens.App, err = keys.MintApp(grant)
		return tokens, err
	}
}

// ready says whether the server takes requests: its store answers, and it is
// not about to stop.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	err := error(chat.E(chat.CodeGoingAway, "the server is stopping"))
	if !s.draining.Load() {
		_, err = s.store.Head(ctx, chat.ChannelID{Project: chat.DefaultProject, Name: chat.BroadcastChannel})
	}
	if err == nil && s.broken.Load() {
		err = chat.E(chat.CodeUnavailable, "the store has stopped")
	}
	if err != nil {
		api.Refuse(w, err)
	}
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

// polling makes the transport of /v1/poll. A page of a public channel may be
// read over REST without a token; a session needs one, at each request.
func (s *server) polling(keys *auth.Service) *poll.Server {
	return poll.New(poll.Options{
		Connect:      func(id chat.Identity, sink chat.Sink) (poll.Session, error) { return s.hub.Connect(id, sink) },
		Refuse:       api.Refuse,
		Authenticate: s.identified(credentialsOf(keys)),
		Logger:       s.log,
	})
}

// upgradeOr is a door that speaks WebSocket to those who ask for it.
func upgradeOr(socket, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			socket.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			api.Refuse(w, chat.E(chat.CodeMethodNotFound, "the page is got by GET"))
			return
		}
		page.ServeHTTP(w, r)
	})
}
