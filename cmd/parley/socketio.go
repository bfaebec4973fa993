package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire/native"
	dialects "github.com/parley-chat/parley/wire/socketio"
)

// socketioDoor is where Socket.IO's clients go.
const socketioDoor = "/socket.io/"

// nativeNamespace is where Socket.IO's clients have every native operation.
const nativeNamespace = "/parley"

// SocketIO are the settings of the door /socket.io/.
type SocketIO struct {
	Recovery     bool          `name:"socketio-recovery" help:"Offer recovery to every Socket.IO client, not only to those that ask by auth.recovery: events get an offset as their last argument."`
	PingInterval time.Duration `name:"socketio-ping-interval" default:"25s" placeholder:"DURATION" help:"From an answer to the next ping. Default: 25s."`
	PingTimeout  time.Duration `name:"socketio-ping-timeout" default:"60s" placeholder:"DURATION" help:"For how long a ping's answer is waited for. Default: 60s."`
}

func (c *SocketIO) checkSocketIO() error {
	switch {
	case c.PingInterval < 0 || c.PingInterval > time.Hour:
		return fmt.Errorf("--socketio-ping-interval is at most an hour")
	case c.PingTimeout < 0 || c.PingTimeout > time.Hour:
		return fmt.Errorf("--socketio-ping-timeout is at most an hour")
	}
	return nil
}

// messaging makes the transports of /socket.io/: Engine.IO, and what speaks
// over it.
func (s *server) messaging(c *Serve, keys *auth.Service) {
	application := func(d *dialects.Dialect) socketio.Namespace {
		return &socketio.Chat{
			Dialect:  d,
			Open:     func(id chat.Identity, sink chat.Sink) (socketio.Session, error) { return s.hub.Connect(id, sink) },
			Identify: clientsOf(keys),
			Recovery: c.SocketIO.Recovery,
		}
	}
	s.clients = socketio.New(socketio.Options{
		Namespaces: map[string]socketio.Namespace{
			dialects.Main:   application(dialects.Events()),
			nativeNamespace: application(dialects.Frames(nativeNamespace, native.Dialect())),
		},
		Origin: s.origin,
		Logger: s.log,
	})
	s.engines = engineio.New(engineio.Options{
		Open: func(r *http.Request, conn *engineio.Conn) (engineio.Socket, error) {
			return s.clients.Open(r, conn), nil
		},
		Upgrade: func(w http.ResponseWriter, r *http.Request, peer func(engineio.Link) (engineio.Peer, error)) error {
			return s.sockets.Carry(w, r, socketioSockets, func(l ws.Link) (ws.Peer, error) { return peer(l) })
		},
		CheckOrigin:  (&guard{origins: c.Origin, loopbackOnly: c.Dev && !c.DevAnywhere}).check,
		StatusOf:     api.StatusOf,
		Logger:       s.log,
		PingInterval: c.SocketIO.PingInterval,
		PingTimeout:  c.SocketIO.PingTimeout,
	})
}

// clientsOf says who a client is that gives its credentials when it connects to
// a namespace, as if they had come with a request.
func clientsOf(keys *auth.Service) func(context.Context, socketio.Credentials) (chat.Identity, error) {
	return func(ctx context.Context, c socketio.Credentials) (chat.Identity, error) {
		query := url.Values{}
		for name, value := range map[string]string{"userId": c.User, "userName": c.Name, "token": c.Token} {
			if value != "" {
				query.Set(name, value)
			}
		}
		r := (&http.Request{URL: &url.URL{RawQuery: query.Encode()}}).WithContext(ctx)
		id, err := keys.FromRequest(r)
		if err == nil && id.Anonymous() {
			err = chat.E(chat.CodeUnauthorized, "auth.token is missing")
		}
		id.From = c.From
		return id, err
	}
}
