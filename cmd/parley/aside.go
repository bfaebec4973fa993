package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

// asides are the listeners that are not doors: for who runs the server. Their
// requests take as long as they need, and end when the server stops.
type asides struct {
	ctx     context.Context
	cancel  context.CancelFunc
	servers []*http.Server
	addrs   []string
}

// aside serves h on l until the server stops.
func (s *server) aside(l net.Listener, h http.Handler) {
	if s.asides.ctx == nil {
		s.asides.ctx, s.asides.cancel = context.WithCancel(context.Background())
	}
	a := &http.Server{
		Handler:           &requests{log: s.log, now: s.metrics.now, next: h},
		ReadHeaderTimeout: headerWithin,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return s.asides.ctx },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.asides.servers = append(s.asides.servers, a)
	s.asides.addrs = append(s.asides.addrs, l.Addr().String())
	s.serving.Go(func() {
		if err := a.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	})
}

// end has every request end, and waits for them as long as ctx allows.
func (a *asides) end(ctx context.Context) error {
	if a.ctx == nil {
		return nil
	}
	a.cancel()
	var errs []error
	for _, s := range a.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// fromLoopback passes on what comes from this machine's programs: not what a page in a
// browser sends, nor what names another host (DNS rebinding).
func fromLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopbackHost(r.Host) || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			api.Refuse(w, chat.E(chat.CodeForbidden, "this is for programs on this machine"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
