package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/preview"
	"github.com/parley-chat/parley/push"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/poll"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/transport/sse"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/upload/disk"
)

// The server's bounds on those who are slow, and on itself when it stops.
const (
	headerWithin   = 5 * time.Second
	bodyWithin     = 30 * time.Second
	answerWithin   = time.Minute
	idleFor        = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	stopWithin     = 5 * time.Second
	drainWithin    = 2 * time.Second // of it: for what was accepted, and for the news that we go
	comeBackWithin = 3 * time.Second // over which clients spread their return
)

// server is everything that runs, from the listeners down to the store.
type server struct {
	log       *slog.Logger
	since     time.Time
	keysPath  string // "": the keys were given
	store     *pebble.Store
	bus       *local.Bus // on which the hub tells what follows the log
	hub       *chat.Hub
	reviews   reviews
	sockets   *ws.Server
	polls     *poll.Server
	streams   *sse.Server
	addresses *addresses
	engines   *engineio.Server // Engine.IO, and over it
	clients   *socketio.Server // Socket.IO
	uploads   *upload.Service
	previews  *preview.Service // nil: there are none
	pushes    *push.Service    // nil: nobody is told
	search    *search.Index    // nil: there is none
	folder    *disk.Blobs      // of files; nil: they are in a bucket
	table     []door
	http      *http.Server
	listeners []net.Listener
	serving   sync.WaitGroup
	metrics   *metrics
	tracer    *tracer // nil: nothing is traced
	asides    asides
	draining  atomic.Bool
	broken    atomic.Bool // the store has stopped
	failed    chan error  // what the server cannot go on with
}

// start wires everything up, from the store to the listeners. What it started
// is ended again if it fails.
func (c *Serve) start(ctx context.Context, log *slog.Logger) (_ *server, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := openFolder(c.Data, c.Dev); err != nil {
		return nil, err
	}
	s := &server{log: log, since: time.Now(), failed: make(chan error, 1)}
	keys, err := s.credentials(c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = s.stop(err)
		}
	}()
	s.store, err = pebble.Open(ctx, filepath.Join(c.Data, logsName), pebble.Options{Logger: log, Fatal: s.storeFailed})
	if err != nil {
		return nil, err
	}
	if err := keys.Load(ctx, s.store); err != nil {
		return nil, err
	}
	if c.OTLP != "" {
		if s.tracer, err = newTracer(ctx, c.OTLP, c.OTLPSample, log); err != nil {
			return nil, err
		}
	}
	s.bus = local.New()
	s.hub = chat.NewHub(chat.Options{
		Store: s.store, Bus: s.bus.Join(), Authenticate: keys.Identify, Logger: log, Trace: s.tracer.hook(), Now: c.now,
		PostRate: c.limited(c.PostRate), PostBurst: c.PostBurst,
		ChannelRate: c.limited(c.ChannelRate), ChannelBurst: c.ChannelBurst,
	})
	if err := s.pushing(ctx, c, keys); err != nil {
		return nil, err
	}
	if err := s.searching(ctx, c); err != nil {
		return nil, err
	}
	s.reviews.start(keys, s.review)
	if err := s.transports(ctx, c, keys); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(s)
	s.http = s.listener(c, keys)
	if err := s.profiler(ctx, c.Pprof); err != nil {
		return nil, err
	}
	s.operate(ctx, c.Data)
	return s, s.listen(ctx, c.Addr)
}

// listener serves the doors, within the bounds on who is slow.
func (s *server) listener(c *Serve, keys *auth.Service) *http.Server {
	return &http.Server{
		Handler:           &requests{log: s.log, now: s.metrics.now, next: s.tracer.joining(s.guarded(c, keys))},
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       bodyWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// transports are what doors are made of.
func (s *server) transports(ctx context.Context, c *Serve, keys *auth.Service) (err error) {
	s.sockets, err = ws.New(ws.Options{
		Connect:      func(id chat.Identity, sink chat.Sink) (ws.Session, error) { return s.hub.Connect(id, sink) },
		Authenticate: s.identified(credentialsOf(keys)),
		StatusOf:     api.StatusOf,
		Logger:       s.log,
		Compression:  c.Compression,
	})
	if err != nil {
		return err
	}
	s.polls = s.polling(keys)
	s.addresses = c.addresses(time.Now)
	s.streams = s.streaming(keys)
	s.messaging(c, keys)
	if err := s.uploading(ctx, c, keys); err != nil {
		return err
	}
	s.previewing(c)
	return nil
}

// guarded are the doors, behind their guard.
func (s *server) guarded(c *Serve, keys *auth.Service) http.Handler {
	return &guard{origins: c.Origin, loopbackOnly: c.Dev && !c.DevAnywhere, openStreams: !c.Dev, next: s.addresses.before(s.doors(c, keys))}
}

// limited is a rate as it was set; --dev lifts it.
func (c *Serve) limited(rate float64) float64 {
	if c.Dev {
		return 0
	}
	return rate
}

// listen opens every address before it serves any.
func (s *server) listen(ctx context.Context, addrs []string) error {
	var config net.ListenConfig
	for _, addr := range addrs {
		l, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	for _, l := range s.listeners {
		s.serving.Go(func() {
			if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
			}
		})
	}
	return nil
}

// addrs are where the server listens.
func (s *server) addrs() []string {
	var list []string
	for _, l := range s.listeners {
		list = append(list, l.Addr().String())
	}
	return list
}

// storeFailed is told by the store that it has stopped: so must the server,
// since nothing can be accepted any more.
func (s *server) storeFailed(err error) {
	s.broken.Store(true)
	s.fail(fmt.Errorf("the store has stopped: %w", err))
}

// fail has the process end with err. It does not block.
func (s *server) fail(err error) {
	select {
	case s.failed <- err:
	default: // one reason is enough
	}
}

// stop ends what was started, in order: nobody new, then what was accepted is
// finished and every client told when to come back, then the connections, the
// hub and the store. It returns why, and what went wrong besides.
func (s *server) stop(why error) error {
	s.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var errs []error
	ended := make(chan error, 1)
	go func() { ended <- s.asides.end(ctx) }()
	closing := make(chan error, 1)
	if s.http != nil {
		// Closes the listeners at once, and waits for requests under way.
		go func() { closing <- s.http.Shutdown(ctx) }()
	}
	if s.uploads != nil {
		s.uploads.Drain()
	}
	if s.hub != nil {
		drain, done := context.WithTimeout(ctx, drainWithin)
		s.hub.Drain(drain, comeBackWithin)
		done()
	}
	s.disconnect(ctx)
	if s.http != nil {
		if err := <-closing; err != nil {
			errs = append(errs, s.http.Close())
		}
		for _, l := range s.listeners {
			_ = l.Close() // of those that never served
		}
		s.serving.Wait()
	}
	errs = append(errs, <-ended)
	s.reviews.end()
	if s.hub != nil {
		s.hub.Close()
	}
	if err := s.tracer.stop(ctx); err != nil {
		s.log.Warn("traces are lost", "err", err)
	}
	s.endPreviews()
	errs = append(errs, s.endPushes(), s.endSearch(), s.endUploads())
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	select {
	case late := <-s.failed: // while stopping: nobody else reads it any more
		errs = append(errs, late)
	default:
	}
	if why != nil {
		return fmt.Errorf("stopped: %w", errors.Join(append([]error{why}, errs...)...))
	}
	return errors.Join(errs...)
}

// disconnect ends the connections of every transport.
func (s *server) disconnect(ctx context.Context) {
	// Clients that do not answer our close frame in time are cut off.
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	var all sync.WaitGroup
	end := func(shutdown func(context.Context) error) {
		all.Go(func() {
			if err := shutdown(ctx); err != nil {
				s.log.Warn("some connections did not end by themselves", "err", err)
			}
		})
	}
	if s.sockets != nil {
		end(s.sockets.Shutdown)
	}
	if s.polls != nil {
		end(s.polls.Shutdown)
	}
	if s.streams != nil {
		end(s.streams.Shutdown)
	}
	if s.engines != nil {
		end(s.engines.Shutdown)
	}
	all.Wait()
}
