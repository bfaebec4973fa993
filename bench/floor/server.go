// Package floor is the yardstick beside which the server is measured: the
// least that a correct forwarder of messages must do. It accepts, keeps a list
// of connections per room, numbers messages and forwards finished frames, in
// the subset of the native protocol that the bench speaks. It has no users, no
// rights, no limits and no store.
//
//   - Plain, a message is written to each member from the publisher's
//     goroutine, one system call a delivery.
//   - With Batch, frames are queued for each member and flushers write what is
//     queued with one system call.
//   - With Log, a message is appended to a file and synced, in groups, before
//     it is acknowledged and forwarded.
package floor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// Subprotocol is what the floor answers to a client that offers it.
const Subprotocol = "parley.v1.json"

// Options say which floor it is. The zero value is the plain one.
type Options struct {
	Batch bool             // queues and flushers in place of a write per delivery
	Log   string           // the file to append to and sync; "": none
	Now   func() time.Time // the messages' createdAt; nil: time.Now
}

type server struct {
	now      func() time.Time
	log      *log
	flushers []*flusher

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended bool

	rooms   rooms
	buffers sync.Pool // *[]byte of readSize, for those who are reading just now
	readers sync.WaitGroup
}

// Serve serves connections from l until ctx ends or the log cannot be synced,
// and closes l. It returns when all that it started has ended; nil if ctx
// ended it.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	s := &server{now: o.Now, conns: map[*conn]struct{}{}, rooms: rooms{byName: map[string]*room{}}}
	s.buffers.New = func() any {
		b := make([]byte, readSize)
		return &b
	}
	if s.now == nil {
		s.now = time.Now
	}
	var writers sync.WaitGroup
	work, stop := context.WithCancel(context.Background())
	defer writers.Wait()
	defer stop()
	if o.Batch {
		for range runtime.GOMAXPROCS(0) {
			f := newFlusher()
			s.flushers = append(s.flushers, f)
			writers.Go(func() { f.run(work) })
		}
	}
	if o.Log != "" {
		log, err := openLog(o.Log)
		if err != nil {
			_ = l.Close()
			return fmt.Errorf("open the log: %w", err)
		}
		s.log = log
		writers.Go(func() { fail(log.run(work)) })
	}
	release := context.AfterFunc(ctx, func() {
		_ = l.Close()
		s.end()
	})
	defer release()
	err := s.accept(l)
	fail(err)
	s.end()
	s.readers.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (s *server) accept(l net.Listener) error {
	for n := 0; ; n++ {
		accepted, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("accept: %w", err)
		}
		tcp, ok := accepted.(*net.TCPConn)
		if !ok {
			_ = accepted.Close()
			return fmt.Errorf("accept: the floor serves TCP, not %T", accepted)
		}
		raw, err := tcp.SyscallConn()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		c := &conn{server: s, tcp: tcp, raw: raw}
		if len(s.flushers) > 0 {
			c.flusher = s.flushers[n%len(s.flushers)]
		}
		if !s.enter(c) {
			_ = tcp.Close()
			return nil
		}
		s.readers.Go(c.upgrade)
	}
}

func (s *server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *server) leave(c *conn) {
	_ = c.tcp.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

func (s *server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for c := range s.conns {
		_ = c.tcp.Close()
	}
}

// upgrade shakes hands and leaves the reading to a goroutine whose stack has
// not grown by it.
func (c *conn) upgrade() {
	upgrader := ws.Upgrader{
		Protocol: func(name []byte) bool { return string(name) == Subprotocol },
		OnRequest: func(uri []byte) error {
			c.user = userOf(string(uri))
			return nil
		},
	}
	if _, err := upgrader.Upgrade(c.tcp); err != nil {
		c.server.leave(c)
		return
	}
	c.server.readers.Go(c.read)
}

func userOf(uri string) string {
	_, query, _ := strings.Cut(uri, "?")
	values, err := url.ParseQuery(query)
	if err != nil || values.Get("userId") == "" {
		return "guest"
	}
	return values.Get("userId")
}
