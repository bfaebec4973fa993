package sse

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/gate"
	"github.com/parley-chat/parley/wire"
)

// Session is what a stream carries; *chat.Session, which says what the methods
// mean.
type Session interface {
	ID() string
	Identity() chat.Identity
	Do(ctx context.Context, r chat.Request)
	Next(ctx context.Context, dst []*chat.Delivery) (batch []*chat.Delivery, more bool)
	Close()
}

// Options say what a Server works with. Connect and Refuse are required.
type Options struct {
	// Connect makes a session, whose sink is given.
	Connect func(id chat.Identity, sink chat.Sink) (Session, error)

	// Refuse answers a request with an error in place of a stream.
	Refuse func(w http.ResponseWriter, err error)

	// Authenticate says who asks. nil: everybody is nobody.
	Authenticate func(r *http.Request) (chat.Identity, error)

	// Conn is the connection that a request came by, or nil. Where it is a TCP
	// connection, on Linux, it tells what the client has taken. nil: no
	// connection is known.
	Conn func(r *http.Request) net.Conn

	Logger *slog.Logger     // nil: discards
	Now    func() time.Time // nil: time.Now

	Heartbeat  time.Duration // after so long without an event there is a comment; 0: 15 s
	Patience   time.Duration // a client that takes nothing of what was written for so long is gone; 0: 30 s
	RetryAfter time.Duration // told to those who come while the server stops; 0: 1 s

	MaxChannels int // of a stream; 0: 32
	WriteBuffer int // bytes of events that are written together; 0: 16 KiB
}

// Server carries the streams of all its doors. Make it with New, end it with
// Shutdown.
type Server struct {
	o      Options
	ctx    context.Context // of the sessions' work; ends with the server
	cancel context.CancelFunc
	work   sync.WaitGroup // of the watch
	gate   gate.Gate      // streams, and requests that have none yet
	count  tally

	buffers sync.Pool // of *buffers

	mu      sync.Mutex
	conns   map[*conn]struct{}
	byName  map[string]int
	formats map[string]*chat.Format
}

// New starts a server. Shutdown ends it.
func New(o Options) *Server {
	fill(&o)
	s := &Server{
		o:       o,
		conns:   make(map[*conn]struct{}),
		byName:  make(map[string]int),
		formats: make(map[string]*chat.Format),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if o.Conn != nil {
		s.work.Go(s.watch)
	}
	return s
}

func fill(o *Options) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	o.Patience = cmp.Or(o.Patience, 30*time.Second)
	o.RetryAfter = cmp.Or(o.RetryAfter, time.Second)
	o.MaxChannels = cmp.Or(o.MaxChannels, 32)
	o.WriteBuffer = cmp.Or(o.WriteBuffer, 16<<10)
}

// format is one value for all streams of a dialect here.
func (s *Server) format(d *wire.Dialect) *chat.Format {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.formats[d.Name] == nil {
		s.formats[d.Name] = &chat.Format{Name: "sse:" + d.Name}
	}
	return s.formats[d.Name]
}

func (s *Server) leaving() *chat.Error {
	return &chat.Error{Code: chat.CodeGoingAway, Message: "the server stops", RetryAfter: s.o.RetryAfter}
}

// remember counts the stream in; forget undoes it.
func (s *Server) remember(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	s.byName[c.speech.Dialect]++
	if !s.gate.Admit() {
		c.Close(s.leaving())
	}
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.byName[c.speech.Dialect]--
	s.gate.Leave()
}

func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// Shutdown takes no more streams, and ends each once what is queued for it was
// written. When ctx is done it cuts off what is left. Then it returns.
func (s *Server) Shutdown(ctx context.Context) error {
	gone := s.gate.Shut()
	for _, c := range s.all() {
		c.Close(s.leaving())
	}
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.cancel()
	for _, c := range s.all() {
		c.kill()
	}
	s.work.Wait()
	return err
}

// Stats are the server's counters.
func (s *Server) Stats() Stats {
	st := s.count.stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, n := range s.byName {
		st.Streams[name] = n
	}
	return st
}
