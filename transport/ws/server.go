package ws

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/gate"
)

// Options of a Server. Connect is needed; every other zero value works.
type Options struct {
	// Connect makes the session of a new connection, whose sink is given.
	Connect func(id chat.Identity, sink chat.Sink) (Session, error)

	// Authenticate says who asks; its error is answered instead of an upgrade
	// (401 for CodeUnauthorized). nil: everybody is nobody.
	Authenticate func(r *http.Request) (chat.Identity, error)

	// CheckOrigin refuses, with 403, requests of pages that may not come here.
	// nil: all may.
	CheckOrigin func(r *http.Request) error

	// StatusOf is the HTTP status that stands for the code of an error that
	// Authenticate or Connect gave. nil: 401 whatever it is.
	StatusOf func(chat.Code) int

	Logger *slog.Logger     // nil: discards
	Now    func() time.Time // nil: time.Now

	MaxMessage       int           // bytes, inflated; more closes with 1009; 0: 1 MiB
	PingEvery        time.Duration // who has not answered by the next one is dropped; 0: 30 s
	HandshakeTimeout time.Duration // for the answer to be written; 0: 10 s
	FirstFrame       time.Duration // within which an anonymous connection must speak; 0: 10 s
	CloseWithin      time.Duration // from Sink.Close to the end, whatever the peer does; 0: 3 s
	RetryAfter       time.Duration // told to those who come while the server stops; 0: 1 s

	Compression   bool // accept permessage-deflate where it is offered
	CompressAbove int  // bytes from which on a message is deflated; 0: 512
	WriteBuffer   int  // bytes of frames that go out with one write; 0: 64 KiB
}

// Server holds all connections.
type Server struct {
	options          Options
	checkOrigin      func(r *http.Request) error
	logger           *slog.Logger
	now              func() time.Time
	maxMessage       int
	handshakeTimeout time.Duration
	retryAfter       time.Duration
	compression      bool
	compressAbove    int
	writeBuffer      int

	tickEvery                                    time.Duration
	pingTicks, firstTicks, closeTicks, partTicks uint32

	ctx    context.Context // of the sessions' work; ends with the server
	cancel context.CancelFunc
	past   context.Context // has ended: for asking without waiting

	poller    *poller
	wheel     wheel
	readers   pool
	writers   pool
	blocking  pool // writers to sockets that cannot be polled
	followers sync.WaitGroup
	turning   sync.WaitGroup // of the wheel
	deflaters deflaters
	inflaters inflaters
	gate      gate.Gate // connections, and handshakes under way

	refused    atomic.Uint64
	unanswered atomic.Uint64

	mu       sync.Mutex
	conns    map[*conn]struct{}
	opened   uint64
	byName   map[string]int
	openedBy map[string]uint64
	names    []string // of dialects, by their places
	dialects map[variant]*dialect
	tallies  []*tally
	spare    []*tally
}

// dialect is what a connection speaks, and how it compresses.
type dialect struct {
	variant
	format *chat.Format // of its frames
	place  int          // of its name, in tallies
}

type variant struct {
	name string
	bits uint8 // of the deflate window towards the client; 0: nothing is deflated
}

// New makes a server and starts its workers, which end with Shutdown.
func New(o Options) (*Server, error) {
	s := &Server{
		options:          o,
		checkOrigin:      o.CheckOrigin,
		logger:           o.Logger,
		now:              o.Now,
		maxMessage:       cmp.Or(o.MaxMessage, 1<<20),
		handshakeTimeout: cmp.Or(o.HandshakeTimeout, 10*time.Second),
		retryAfter:       cmp.Or(o.RetryAfter, time.Second),
		compression:      o.Compression,
		compressAbove:    cmp.Or(o.CompressAbove, 512),
		writeBuffer:      cmp.Or(o.WriteBuffer, 64<<10),
		conns:            map[*conn]struct{}{},
		byName:           map[string]int{},
		openedBy:         map[string]uint64{},
		dialects:         map[variant]*dialect{},
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.options.StatusOf == nil {
		s.options.StatusOf = func(chat.Code) int { return http.StatusUnauthorized }
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	past, cancel := context.WithCancel(s.ctx)
	cancel()
	s.past = past
	s.schedule(cmp.Or(o.PingEvery, 30*time.Second), cmp.Or(o.FirstFrame, 10*time.Second), cmp.Or(o.CloseWithin, 3*time.Second))
	procs := runtime.GOMAXPROCS(0)
	s.readers = pool{few: 4 * procs, work: s.newReader}
	s.writers = pool{few: procs, work: s.newWriter, share: writesPerWorker, pace: pace{now: s.now}}
	s.blocking = pool{work: s.newWriter}
	s.deflaters.free = make(chan *deflater, procs)
	s.inflaters.free = make(chan *inflater, 4*procs)
	var err error
	if s.poller, err = newPoller(s.ctx.Done(), (*conn).ready, &s.readers, s.newReaderFor); err != nil {
		return nil, err
	}
	s.turning.Go(s.turn)
	return s, nil
}

// schedule chooses the wheel's pace: fine enough for the shortest of the times.
func (s *Server) schedule(ping, first, end time.Duration) {
	s.tickEvery = max(time.Millisecond, min(250*time.Millisecond, min(ping, first, end)/4))
	ticks := func(d time.Duration) uint32 { return uint32(max(1, (d+s.tickEvery-1)/s.tickEvery)) }
	s.pingTicks, s.firstTicks, s.closeTicks = ticks(ping), ticks(first), ticks(end)
	s.partTicks = ticks(500 * time.Millisecond)
}

// turn turns the wheel until the server ends.
func (s *Server) turn() {
	ticker := time.NewTicker(s.tickEvery)
	defer ticker.Stop()
	var due []*conn
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		due = s.wheel.tick(due[:0])
		for _, c := range due {
			s.wheel.set(c, c.look())
			if c.has(flagDead) {
				s.wheel.drop(c)
			}
		}
		clear(due)
		now := s.now()
		s.readers.reap(now)
		s.writers.reap(now)
		s.blocking.reap(now)
	}
}

func (s *Server) authenticate(r *http.Request) (chat.Identity, error) {
	if s.options.Authenticate == nil {
		return chat.Identity{Project: chat.DefaultProject}, nil
	}
	return s.options.Authenticate(r)
}

// dialect is one value for all connections that are encoded for alike.
func (s *Server) dialect(name string, bits uint8) *dialect {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := variant{name, bits}
	if s.dialects[v] == nil {
		format := "ws:" + name
		if bits != 0 {
			format += ":deflate"
		}
		s.dialects[v] = &dialect{variant: v, format: &chat.Format{Name: format}, place: s.place(name)}
	}
	return s.dialects[v]
}

// place is where the dialects of this name are counted. mu is held.
func (s *Server) place(name string) int {
	i := slices.Index(s.names, name)
	if i < 0 && len(s.names) < maxDialects {
		s.names = append(s.names, name)
	}
	if i < 0 {
		i = len(s.names) - 1
	}
	return i
}

// remember counts the connection in; forget undoes it.
func (s *Server) remember(c *conn) {
	first := s.pingTicks
	if c.has(flagStarving) {
		first = s.firstTicks
	}
	s.mu.Lock()
	s.opened++
	// Those who came at once are not pinged at once.
	first -= uint32(s.opened*7919) % (first/2 + 1)
	s.conns[c] = struct{}{}
	s.byName[c.dialect.name]++
	s.openedBy[c.dialect.name]++
	open := s.gate.Admit()
	s.mu.Unlock()
	s.wheel.set(c, first)
	if !open {
		c.Close(chat.E(chat.CodeGoingAway, "the server stops"))
	}
	if s.ctx.Err() != nil {
		c.kill() // nobody is left to work on it
	}
}

func (s *Server) forget(c *conn) {
	s.poller.forget(c)
	s.wheel.drop(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.byName[c.dialect.name]--
	s.gate.Leave()
}

// Shutdown refuses new connections, sends every other one what its session has
// queued and a close frame (1001), and waits for their ends; when ctx is done
// it ends what is left. Then the workers end, and it returns.
func (s *Server) Shutdown(ctx context.Context) error {
	gone := s.gate.Shut()
	for _, c := range s.all() {
		c.Close(chat.E(chat.CodeGoingAway, "the server stops"))
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
	s.turning.Wait()
	s.poller.close()
	s.followers.Wait()
	s.readers.close()
	s.writers.close()
	s.blocking.close()
	return err
}

func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

// Stats are the server's counters.
func (s *Server) Stats() Stats {
	st := Stats{
		Connections: map[string]int{}, Traffic: map[string]Traffic{},
		Refused: s.refused.Load(), Unanswered: s.unanswered.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Opened = maps.Clone(s.openedBy)
	for name, n := range s.byName {
		st.Connections[name] = n
	}
	for _, t := range s.tallies {
		t.addTo(&st, s.names)
	}
	st.ReadQueue, st.ReadWorkers = s.readers.stats()
	st.WriteQueue, st.WriteWorkers = s.writers.stats()
	return st
}

// takeTally is one that no worker has; it goes on counting where it stopped.
func (s *Server) takeTally() *tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.spare); n > 0 {
		t := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return t
	}
	t := &tally{}
	s.tallies = append(s.tallies, t)
	return t
}

func (s *Server) giveTally(t *tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, t)
}

// survive keeps a fault in one connection's session or codec from ending all.
func (s *Server) survive(c *conn) {
	if v := recover(); v != nil {
		s.logger.Error("a connection's work panicked", "dialect", c.dialect.name, "panic", v, "stack", string(debug.Stack()))
		c.kill()
	}
}
