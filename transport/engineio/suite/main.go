// Command suite serves /engine.io/ and /socket.io/ as the protocols' official
// test suites expect a server to be set up, for them to be run against it:
//
//	go run ./transport/engineio/suite --addr 127.0.0.1:3000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/transport/socketio/echo"
	"github.com/parley-chat/parley/transport/ws"
)

const maxPayload = 1_000_000 // bytes; the suites compare it

func main() {
	addr := flag.String("addr", "127.0.0.1:3000", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, addr string, log *slog.Logger) (err error) {
	sockets, err := ws.New(ws.Options{Logger: log, MaxMessage: maxPayload})
	if err != nil {
		return err
	}
	echoes := engineio.New(settings(sockets, "engineio", log, func(_ *http.Request, c *engineio.Conn) (engineio.Socket, error) {
		return &mirror{conn: c}, nil
	}))
	mux := http.NewServeMux()
	mux.Handle("/engine.io/", echoes)
	app := socketio.New(socketio.Options{
		Namespaces: map[string]socketio.Namespace{"/": echo.Namespace{}, "/custom": echo.Namespace{}},
		Logger:     log,
	})
	events := engineio.New(settings(sockets, "socketio", log, func(r *http.Request, c *engineio.Conn) (engineio.Socket, error) {
		return app.Open(r, c), nil
	}))
	mux.Handle("/socket.io/", events)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	log.Info("listening", "addr", listener.Addr())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, echoes.Shutdown(ending), events.Shutdown(ending), sockets.Shutdown(ending), server.Shutdown(ending))
}

// settings are what the suites compare.
func settings(sockets *ws.Server, name string, log *slog.Logger, open func(*http.Request, *engineio.Conn) (engineio.Socket, error)) engineio.Options {
	return engineio.Options{
		Open: open,
		Upgrade: func(w http.ResponseWriter, r *http.Request, peer func(engineio.Link) (engineio.Peer, error)) error {
			return sockets.Carry(w, r, name, func(l ws.Link) (ws.Peer, error) { return peer(l) })
		},
		Logger:       log,
		PingInterval: 300 * time.Millisecond,
		PingTimeout:  200 * time.Millisecond,
		MaxPayload:   maxPayload,
	}
}
