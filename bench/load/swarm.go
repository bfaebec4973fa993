// Package load holds many WebSocket connections as cheaply as it can, so that
// on a shared machine the server is what is measured: one goroutine waits for
// all of them in one epoll set, reads into one buffer and scans each frame for
// the few fields it needs. Messages are sent on a fixed schedule, and their
// latencies are counted from the time at which they were due, whatever the
// server was doing then.
package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Options say how to reach the server.
type Options struct {
	URL string // ws://HOST:PORT/PATH

	// Query is the raw query that names a user, or carries its token; nil:
	// userId=USER, which servers believe that were started with --dev.
	Query func(user string) (string, error)

	Concurrency int // handshakes under way at once; 0: 256

	Protocol Protocol
}

// Protocol is what the connections speak.
type Protocol uint8

const (
	Native   Protocol = iota // Parley's own
	SocketIO                 // Engine.IO 4 over WebSocket, with the events join-room and message
)

func (p Protocol) String() string {
	if p == SocketIO {
		return "socketio"
	}
	return "native"
}

// language is a Protocol's frames.
type language interface {
	// upgrade is the query of the handshake, after who asks, and a header or "".
	upgrade() (query, header string)
	// upgraded begins the way to being level with the channel.
	upgraded(s *Swarm, c *Conn) error
	// told takes one frame.
	told(s *Swarm, c *Conn, payload []byte, now int64) error
	// publish writes the frame that sends a message.
	publish(w *writer, ref uint64, channel string, due int64) []byte
}

// Swarm is many connections to one server.
type Swarm struct {
	options Options
	speaks  language
	path    string
	host    string
	address unix.Sockaddr
	family  int
	base    time.Time
	epoll   int
	wake    int
	ended   chan struct{}

	mu       sync.Mutex
	commands []func()
	closed   bool

	// The loop's own.
	conns    []*Conn
	buffer   []byte
	dialing  []*Conn // not begun yet
	shaking  int     // handshakes under way
	opening  *opening
	waiting  []*waiting
	tally    Tally
	window   window
	schedule schedule
}

// opening is a call of Open under way.
type opening struct {
	started int64
	left    int
	done    chan struct{}
	err     error
}

type waiting struct {
	until func(*Tally) bool
	done  chan struct{}
}

// window is when a message must have been due for its latency to be counted,
// in nanoseconds since the swarm's base.
type window struct{ from, to int64 }

var errEnded = errors.New("load: the swarm has ended")

// New makes a swarm without connections. Close ends it.
func New(o Options) (*Swarm, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 256
	}
	if o.Query == nil {
		o.Query = func(user string) (string, error) { return "userId=" + url.QueryEscape(user), nil }
	}
	target, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("server's address: %w", err)
	}
	if target.Scheme != "ws" {
		return nil, fmt.Errorf("server's address %q: the bench speaks ws://HOST:PORT/PATH", o.URL)
	}
	address, err := net.ResolveTCPAddr("tcp", target.Host)
	if err != nil {
		return nil, fmt.Errorf("server's address: %w", err)
	}
	s := &Swarm{
		options: o, path: target.EscapedPath(), host: target.Host, base: time.Now(),
		ended: make(chan struct{}), buffer: make([]byte, bufferSize), tally: newTally(),
	}
	s.speaks = native{}
	if o.Protocol == SocketIO {
		s.speaks = &socketIO{numbers: map[string]uint64{}}
	}
	s.family, s.address = socketAddress(address)
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if s.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		_ = unix.Close(s.epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	err = unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, s.wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1})
	if err != nil {
		_ = unix.Close(s.wake)
		_ = unix.Close(s.epoll)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	go s.loop()
	return s, nil
}

func socketAddress(a *net.TCPAddr) (family int, _ unix.Sockaddr) {
	if ip := a.IP.To4(); ip != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(ip)}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: a.Port, Addr: [16]byte(a.IP.To16())}
}

// now is the time since the swarm's base, in nanoseconds, by the monotonic clock.
func (s *Swarm) now() int64 { return int64(time.Since(s.base)) }

// do runs f on the loop and waits for it.
func (s *Swarm) do(f func()) error {
	done := make(chan struct{})
	if !s.post(func() { f(); close(done) }) {
		return errEnded
	}
	select {
	case <-done:
		return nil
	case <-s.ended:
		return errEnded
	}
}

func (s *Swarm) post(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.commands = append(s.commands, f)
	one := [8]byte{1}
	_, _ = unix.Write(s.wake, one[:])
	return true
}

// Close cuts every connection and ends the swarm.
func (s *Swarm) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		one := [8]byte{1}
		_, _ = unix.Write(s.wake, one[:])
	}
	s.mu.Unlock()
	<-s.ended
}

func (s *Swarm) loop() {
	defer close(s.ended)
	defer s.release()
	events := make([]unix.EpollEvent, 512)
	for {
		n, err := unix.EpollWait(s.epoll, events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		for i := range events[:n] {
			if events[i].Fd == -1 {
				if !s.run() {
					return
				}
				continue
			}
			s.ready(&events[i])
		}
		s.settle()
	}
}

// run runs what was posted. It reports false when the swarm is to end.
func (s *Swarm) run() bool {
	var count [8]byte
	_, _ = unix.Read(s.wake, count[:])
	s.mu.Lock()
	commands, closed := s.commands, s.closed
	s.commands = nil
	s.mu.Unlock()
	if closed {
		return false
	}
	for _, f := range commands {
		f()
	}
	return true
}

func (s *Swarm) ready(e *unix.EpollEvent) {
	c := s.conns[e.Fd]
	if c.turn != e.Pad {
		return // of a connection that this one has replaced
	}
	var err error
	if e.Events&unix.EPOLLOUT != 0 {
		err = s.writable(c)
	}
	if err == nil && e.Events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR|unix.EPOLLRDHUP) != 0 {
		err = s.read(c)
	}
	if err != nil {
		s.drop(c, err)
	}
}

// settle ends the waits whose time has come.
func (s *Swarm) settle() {
	s.dial()
	for i := 0; i < len(s.waiting); {
		if w := s.waiting[i]; w.until(&s.tally) {
			close(w.done)
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			continue
		}
		i++
	}
}

func (s *Swarm) release() {
	for _, c := range s.conns {
		s.hangUp(c)
	}
	_ = unix.Close(s.wake)
	_ = unix.Close(s.epoll)
}

// Tally is what has been counted so far.
func (s *Swarm) Tally() (Tally, error) {
	var t Tally
	err := s.do(func() { t = s.tally.clone() })
	return t, err
}

// Until returns when the tally is as until asks, which is called on the swarm's
// loop and must be quick. It ends early with ctx's error.
func (s *Swarm) Until(ctx context.Context, until func(*Tally) bool) error {
	w := &waiting{until: until, done: make(chan struct{})}
	if err := s.do(func() { s.waiting = append(s.waiting, w) }); err != nil {
		return err
	}
	select {
	case <-w.done:
		return nil
	case <-s.ended:
		return errEnded
	case <-ctx.Done():
	}
	_ = s.do(func() {
		for i := range s.waiting {
			if s.waiting[i] == w {
				s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
				return
			}
		}
	})
	return ctx.Err()
}
