package poll

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/gate"
	"github.com/parley-chat/parley/wire"
)

// Session is what requests carry; *chat.Session, which says what the methods
// mean.
type Session interface {
	ID() string
	Identity() chat.Identity
	Do(ctx context.Context, r chat.Request)
	Fail(err error)
	Ready(ctx context.Context) error
	Next(ctx context.Context, dst []*chat.Delivery) (batch []*chat.Delivery, more bool)
	Close()
}

// Options of a Server. Connect and Refuse are needed; every other zero value
// works.
type Options struct {
	// Connect makes a session, whose sink is given.
	Connect func(id chat.Identity, sink chat.Sink) (Session, error)

	// Refuse answers a request with an error in place of frames.
	Refuse func(w http.ResponseWriter, err error)

	// Authenticate says who asks, at each request. nil: everybody is nobody.
	Authenticate func(r *http.Request) (chat.Identity, error)

	Logger *slog.Logger     // nil: discards
	Now    func() time.Time // nil: time.Now

	Hold        time.Duration // how long a request waits for something to say, at most; 0: 25 s
	Gather      time.Duration // how long something waits for company before it is said; 0: 3 ms
	Lease       time.Duration // how long a session waits for its client's next request; 0: 15 s
	Patience    time.Duration // how long a request's frames may take; 0: 5 s
	ReadWithin  time.Duration // for the body of a request; 0: 10 s
	WriteWithin time.Duration // for an answer to be taken; 0: 30 s
	RetryAfter  time.Duration // told to those who should not come back at once; 0: 1 s

	MaxRequest       int // bytes of a request's body; 0: 1 MiB
	MaxAnswer        int // bytes of frames after which an answer takes no more; 0: 1 MiB
	MaxFrames        int // in a request; 0: 256
	MaxSubscriptions int // in a request; 0: 1000
	MaxLeases        int // sessions that outlive their request; 0: 10,000
	MaxLeasesEach    int // of them those of one user; 0: 64
}

// Server holds all sessions of its doors.
type Server struct {
	o       Options
	longest time.Duration   // that a request may take, its answer included
	ctx     context.Context // of the sessions' work; ends with the server
	cancel  context.CancelFunc
	work    sync.WaitGroup // of the sweeper
	gate    gate.Gate      // requests and sessions
	count   tally

	mu      sync.Mutex
	conns   map[string]*conn // by the session's id
	leases  map[owner]int
	byName  map[string]int
	formats map[string]*chat.Format
}

// owner is whom leases are counted for.
type owner struct {
	project, user string
	server        bool
}

func ownerOf(id *chat.Identity) owner { return owner{id.Project, id.User, id.Server} }

// New makes a server and starts its sweeper, which ends with Shutdown.
func New(o Options) *Server {
	fill(&o)
	s := &Server{
		o:       o,
		longest: o.ReadWithin + max(o.Hold, o.Patience) + o.Gather + o.WriteWithin,
		conns:   make(map[string]*conn),
		leases:  make(map[owner]int),
		byName:  make(map[string]int),
		formats: make(map[string]*chat.Format),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Go(s.sweep)
	return s
}

func fill(o *Options) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Hold = cmp.Or(o.Hold, 25*time.Second)
	o.Gather = cmp.Or(o.Gather, 3*time.Millisecond)
	o.Lease = cmp.Or(o.Lease, 15*time.Second)
	o.Patience = cmp.Or(o.Patience, 5*time.Second)
	o.ReadWithin = cmp.Or(o.ReadWithin, 10*time.Second)
	o.WriteWithin = cmp.Or(o.WriteWithin, 30*time.Second)
	o.RetryAfter = cmp.Or(o.RetryAfter, time.Second)
	o.MaxRequest = cmp.Or(o.MaxRequest, 1<<20)
	o.MaxAnswer = cmp.Or(o.MaxAnswer, 1<<20)
	o.MaxFrames = cmp.Or(o.MaxFrames, 256)
	o.MaxSubscriptions = cmp.Or(o.MaxSubscriptions, 1000)
	o.MaxLeases = cmp.Or(o.MaxLeases, 10_000)
	o.MaxLeasesEach = cmp.Or(o.MaxLeasesEach, 64)
}

// format is one value for all sessions that speak a dialect here.
func (s *Server) format(dialect string) *chat.Format {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.formats[dialect] == nil {
		s.formats[dialect] = &chat.Format{Name: "poll:" + dialect}
	}
	return s.formats[dialect]
}

// sweep ends the sessions whose clients do not come back.
func (s *Server) sweep() {
	ticker := time.NewTicker(max(time.Millisecond, min(time.Second, s.o.Lease/4)))
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		now := s.o.Now()
		for _, c := range s.all() {
			if c.lapsed(now) {
				s.count.lapsed.Add(1)
				c.end()
			}
		}
	}
}

func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		list = append(list, c)
	}
	return list
}

func (s *Server) find(session string) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[session]
}

// open makes a session, and with it what its requests share.
func (s *Server) open(id chat.Identity, d *wire.Dialect) (*conn, error) {
	if !s.gate.Open() {
		return nil, s.leaving()
	}
	c := newConn(s, d)
	session, err := s.o.Connect(id, c)
	if err != nil {
		return nil, err
	}
	c.session, c.codec = session, d.New(session.ID())
	if own, ok := c.codec.(wire.Speaker); ok {
		c.spokenBy(own)
	}
	s.remember(c, ownerOf(&id))
	return c, nil
}

func (s *Server) leaving() *chat.Error {
	return &chat.Error{Code: chat.CodeGoingAway, Message: "the server stops", RetryAfter: s.o.RetryAfter}
}

// remember counts the session in; forget undoes it.
func (s *Server) remember(c *conn, o owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.opened.Add(1)
	c.owner = o
	c.leased = len(s.conns) < s.o.MaxLeases && s.leases[o] < s.o.MaxLeasesEach
	s.conns[c.session.ID()] = c
	s.leases[o]++
	s.byName[c.dialect.Name]++
	if !s.gate.Admit() {
		c.Close(s.leaving())
	}
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.session.ID())
	s.byName[c.dialect.Name]--
	if s.leases[c.owner]--; s.leases[c.owner] == 0 {
		delete(s.leases, c.owner)
	}
	s.gate.Leave()
}

// graceWithin is how long a session waits, while the server stops, for its
// client to ask for what is queued.
const graceWithin = 500 * time.Millisecond

// Shutdown makes no more sessions, answers every request that is held, and
// waits until the clients have what is queued for them; who does not ask for
// it within half a second is not waited for. When ctx is done it ends what is
// left. Then it returns; handlers may still be writing.
func (s *Server) Shutdown(ctx context.Context) error {
	gone := s.gate.Shut()
	for _, c := range s.all() {
		c.Close(s.leaving())
	}
	grace := time.NewTimer(graceWithin)
	defer grace.Stop()
	var err error
	for waiting := true; waiting; {
		select {
		case <-gone:
			waiting = false
		case <-grace.C:
			for _, c := range s.all() {
				if c.lapsed(s.o.Now().Add(s.o.Lease)) {
					c.end()
				}
			}
		case <-ctx.Done():
			err, waiting = ctx.Err(), false
		}
	}
	s.cancel()
	for _, c := range s.all() {
		c.end()
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
		st.Sessions[name] = n
	}
	return st
}
