package engineio

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/gate"
)

const (
	readWithin  = 10 * time.Second       // for the body of a POST
	writeWithin = 30 * time.Second       // for an answer to be taken
	lingerFor   = 3 * time.Second        // for a poll that its client's close overtook
	graceWithin = 500 * time.Millisecond // for a client that does not poll while the server stops
)

// Server holds all connections.
type Server struct {
	o         Options
	start     time.Time
	tickEvery time.Duration
	ctx       context.Context // of the sockets' work; ends with the server
	cancel    context.CancelFunc
	ticking   sync.WaitGroup
	alarms    alarms
	batches   sync.Pool // of *batch
	gate      gate.Gate // requests and connections
	count     tally

	mu      sync.Mutex
	conns   map[string]*Conn         // by id
	late    map[string]time.Duration // ids that linger, until when
	polling int                      // of conns
}

// New makes a server and starts its ticker, which ends with Shutdown.
func New(o Options) *Server {
	fill(&o)
	s := &Server{
		o:     o,
		start: o.Now(),
		conns: make(map[string]*Conn),
		late:  make(map[string]time.Duration),
	}
	s.batches.New = func() any { return new(batch) }
	// What a ping comes late is taken off the time for its answer.
	s.tickEvery = max(time.Millisecond, min(100*time.Millisecond, min(o.PingInterval, o.PingTimeout, o.UpgradeTimeout, o.CloseWithin)/40))
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.ticking.Go(s.tick)
	return s
}

func fill(o *Options) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Credential == nil {
		o.Credential = func(r *http.Request) string { return r.Header.Get("Authorization") }
	}
	if o.StatusOf == nil {
		o.StatusOf = func(chat.Code) int { return http.StatusForbidden }
	}
	o.PingInterval = cmp.Or(o.PingInterval, 25*time.Second)
	o.PingTimeout = cmp.Or(o.PingTimeout, 60*time.Second)
	o.UpgradeTimeout = cmp.Or(o.UpgradeTimeout, 10*time.Second)
	o.CloseWithin = cmp.Or(o.CloseWithin, 3*time.Second)
	o.MaxPayload = cmp.Or(o.MaxPayload, 1<<20)
	o.MaxPackets = cmp.Or(o.MaxPackets, 16)
	o.MaxAnswer = cmp.Or(o.MaxAnswer, o.MaxPayload)
	o.MaxPolling = cmp.Or(o.MaxPolling, 10_000)
}

// elapsed is the time since the server's start.
func (s *Server) elapsed() time.Duration { return s.o.Now().Sub(s.start) }

// full reports that an answer takes no further packet.
func (s *Server) full(a *payload) bool {
	return a.packets >= s.o.MaxPackets || len(a.body) >= s.o.MaxAnswer
}

// tick looks at the connections that are due, until the server ends.
func (s *Server) tick() {
	ticker := time.NewTicker(s.tickEvery)
	defer ticker.Stop()
	var due []*Conn
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		now := s.elapsed()
		due = s.alarms.take(due[:0], now)
		for _, c := range due {
			c.look(now)
		}
		clear(due)
		s.bury(now)
	}
}

// bury forgets the ids that have lingered long enough.
func (s *Server) bury(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, until := range s.late {
		if now >= until {
			delete(s.late, id)
		}
	}
}

// connect makes a connection, over a WebSocket if there is a link.
func (s *Server) connect(r *http.Request, link Link) (*Conn, error) {
	c := &Conn{server: s, id: rand.Text(), remote: r.RemoteAddr, beat: s.elapsed() + s.o.PingInterval}
	if link != nil {
		c.main.Store(&pipe{conn: c, link: link})
		c.owed.Store(oweOpen)
	}
	if shown := s.o.Credential(r); shown != "" {
		c.bound, c.shown = true, sha256.Sum256([]byte(shown))
	}
	if err := s.admit(link == nil); err != nil {
		return nil, err
	}
	socket, err := s.o.Open(r, c)
	if err != nil {
		return nil, err
	}
	c.socket = socket
	s.remember(c)
	return c, nil
}

// admit refuses who comes while the server stops, or is full of those who poll.
func (s *Server) admit(polls bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.gate.Open():
		return s.leaving()
	case polls && s.polling >= s.o.MaxPolling:
		return chat.E(chat.CodeUnavailable, "too many connections are polling")
	}
	return nil
}

func (s *Server) leaving() *chat.Error { return chat.E(chat.CodeGoingAway, "the server stops") }

// find is the connection of this id, if the request may speak for it.
func (s *Server) find(id string, r *http.Request) *Conn {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c == nil || c.bound && c.shown != sha256.Sum256([]byte(s.o.Credential(r))) {
		return nil
	}
	// The ticker may not have come by yet.
	c.look(s.elapsed())
	return c
}

// lingers reports, once, that the client of this connection has closed it.
func (s *Server) lingers(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, late := s.late[id]
	delete(s.late, id)
	return late
}

// owes reports, once, that a poll that found the connection before its client's
// close ended it is still to be told.
func (s *Server) owes(c *Conn) bool {
	c.mu.Lock()
	lingers := c.ended && c.lingers
	c.mu.Unlock()
	return lingers && (c.told.CompareAndSwap(false, true) || s.lingers(c.id))
}

// remember counts the connection in; forget undoes it.
func (s *Server) remember(c *Conn) {
	s.mu.Lock()
	s.conns[c.id] = c
	s.count.opened.Add(1)
	if c.Polling() {
		s.polling++
	}
	open := s.gate.Admit()
	s.mu.Unlock()
	c.mu.Lock()
	c.known = true
	c.schedule()
	c.mu.Unlock()
	if !open {
		c.Close(s.leaving())
	}
}

func (s *Server) forget(c *Conn, linger bool) {
	s.alarms.drop(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[c.id] == nil {
		return
	}
	delete(s.conns, c.id)
	if c.Polling() {
		s.polling--
	}
	if linger && c.told.CompareAndSwap(false, true) {
		s.late[c.id] = s.elapsed() + lingerFor
	}
	s.gate.Leave()
}

// upgraded counts a connection that does not poll any more.
func (s *Server) upgraded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polling--
	s.count.upgraded.Add(1)
}

// Shutdown refuses new connections, sends every other one what its socket has
// queued and the close, and waits for their ends; who is not polling, and does
// not within half a second, is not waited for. When ctx is done it ends what is
// left. The WebSockets are closed, and they may end later: their own server
// waits for them.
func (s *Server) Shutdown(ctx context.Context) error {
	gone := s.gate.Shut()
	for _, c := range s.all() {
		patience := s.o.CloseWithin
		if c.Polling() {
			patience = min(patience, graceWithin)
		}
		c.close(s.leaving(), patience)
	}
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = ctx.Err()
	}
	for _, c := range s.all() {
		c.end(kindClose, s.leaving(), false)
	}
	s.cancel()
	s.ticking.Wait()
	return err
}

func (s *Server) all() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Conn, 0, len(s.conns))
	for _, c := range s.conns {
		list = append(list, c)
	}
	return list
}
