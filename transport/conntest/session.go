// Package conntest is what every transport has to do for its sessions, as a
// suite of tests, and the session and the dialect to test them with.
package conntest

import (
	"bytes"
	"context"
	"strconv"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Hub makes sessions and keeps them.
type Hub struct {
	mu       sync.Mutex
	sessions []*Session
	made     chan *Session
}

// NewHub is a Hub without sessions.
func NewHub() *Hub { return &Hub{made: make(chan *Session, 1<<16)} }

// Connect makes the session of a new connection.
func (h *Hub) Connect(id chat.Identity, sink chat.Sink) *Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Session{sink: sink, id: strconv.Itoa(len(h.sessions)), identity: id, ready: make(chan struct{}), closed: make(chan struct{})}
	close(s.ready)
	h.sessions = append(h.sessions, s)
	h.made <- s
	return s
}

// Made gives each session once, in the order in which they were made.
func (h *Hub) Made() <-chan *Session { return h.made }

// Broadcast offers d to every session.
func (h *Hub) Broadcast(d *chat.Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		s.Offer(d)
	}
}

// Session echoes what it is sent. It keeps the contract of *chat.Session.
type Session struct {
	sink     chat.Sink
	id       string
	identity chat.Identity

	mu     sync.Mutex
	queue  []*chat.Delivery
	idle   bool
	done   int // requests
	eager  int // requests while it was held
	held   bool
	ready  chan struct{}
	closed chan struct{}
	over   bool
}

// ID implements chat.Session's.
func (s *Session) ID() string { return s.id }

// Identity implements chat.Session's: it is the one that Connect was given.
func (s *Session) Identity() chat.Identity { return s.identity }

// Do answers a Send with its data.
func (s *Session) Do(_ context.Context, r chat.Request) {
	s.mu.Lock()
	s.done++
	if s.held {
		s.eager++
	}
	s.mu.Unlock()
	s.Offer(&chat.Delivery{Reply: &chat.Reply{Ref: r.Ref, Command: r.Command}})
}

// Fail queues the error.
func (s *Session) Fail(err error) {
	s.Offer(&chat.Delivery{Reply: &chat.Reply{Err: chat.AsError(err)}})
}

// Ready waits while the session is held.
func (s *Session) Ready(ctx context.Context) error {
	s.mu.Lock()
	ready := s.ready
	s.mu.Unlock()
	select {
	case <-ready:
		return nil
	default:
	}
	select {
	case <-ready:
		return nil
	case <-s.closed:
		return chat.E(chat.CodeGoingAway, "the session is closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hold makes the session not ready, until Release.
func (s *Session) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready, s.held = make(chan struct{}), true
}

// Release makes the session ready again.
func (s *Session) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.ready)
	s.held = false
}

// Eager is how many requests were made while the session was held.
func (s *Session) Eager() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.eager
}

// Done is how many requests were carried out.
func (s *Session) Done() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

// Offer queues d.
func (s *Session) Offer(d *chat.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.queue = append(s.queue, d)
	if s.idle {
		s.idle = false
		s.sink.Wake()
	}
}

// Pending is how many deliveries wait to be taken.
func (s *Session) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// Next implements chat.Session's. It gives at most 64 at a time.
func (s *Session) Next(_ context.Context, dst []*chat.Delivery) (batch []*chat.Delivery, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(64, len(s.queue))
	dst = append(dst, s.queue[:n]...)
	if s.queue = s.queue[n:]; len(s.queue) == 0 {
		s.queue, s.idle = nil, true
	}
	return dst, !s.idle
}

// End has the transport close the connection.
func (s *Session) End(why *chat.Error) { s.sink.Close(why) }

// Close implements chat.Session's.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over, s.queue = true, nil
		close(s.closed)
	}
}

// Closed is closed once the session is.
func (s *Session) Closed() <-chan struct{} { return s.closed }

// Echo is a dialect whose frames are what they carry: a frame asks for its
// echo, a signal becomes its data, an error its code. The frame "bad" cannot
// be read, and "panic" makes the codec panic.
func Echo() wire.Dialect {
	return wire.Dialect{Name: "echo", Subprotocol: "echo.test", New: func(string) wire.Codec { return echo{} }}
}

// Text is a shared delivery that becomes this frame.
func Text(s string) *chat.Delivery {
	return &chat.Delivery{Signal: &chat.Signal{Kind: chat.SignalCustom, Data: []byte(s)}}
}

type echo struct{}

func (echo) Decode(frame []byte, do func(chat.Request)) error {
	switch string(frame) {
	case "bad":
		return chat.E(chat.CodeMalformed, "a bad frame")
	case "panic":
		panic("asked for")
	}
	do(chat.Request{Command: chat.Send{Data: bytes.Clone(frame)}})
	return nil
}

func (echo) Encode(d *chat.Delivery, emit func([]byte)) {
	switch {
	case d.Signal != nil:
		emit(d.Signal.Data)
	case d.Reply != nil && d.Reply.Err != nil:
		emit([]byte(d.Reply.Err.Code))
	case d.Reply != nil && d.Reply.Connected != nil: // a transport that greets
	case d.Reply != nil:
		emit(d.Reply.Command.(chat.Send).Data)
	}
}

func (echo) Shared(d *chat.Delivery) bool { return d.Signal != nil }
