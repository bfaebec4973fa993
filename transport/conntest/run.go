package conntest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Server is a transport under test, whose sessions Hub makes and whose
// dialect is Echo.
type Server struct {
	Dial     func(ctx context.Context) (Client, error)
	Shutdown func(ctx context.Context) error
	SeesCut  time.Duration // within which a cut is seen; 0: at once, as a close is
}

// Client is the other end of one connection.
type Client interface {
	Send(ctx context.Context, frame string) error
	Receive(ctx context.Context) (string, error)
	Close() error // as the protocol says one should
	Cut() error   // without a word
}

// Run tests the transport that open starts. Each test has a server of its own.
func Run(t *testing.T, open func(t *testing.T, hub *Hub) Server) {
	RunOneWay(t, open)
	run(t, open, map[string]func(*testing.T, *setup){
		"EchoesEveryFrameInOrder":           echoesInOrder,
		"AnswersABadFrameAndLivesOn":        answersBad,
		"ReadsOnOnlyWhenTheSessionIsReady":  waitsForReady,
		"SeesACutWhileTheSessionIsNotReady": seesCutWhileHeld,
	})
}

// RunOneWay is Run for a transport whose clients say nothing: their Send is
// not called.
func RunOneWay(t *testing.T, open func(t *testing.T, hub *Hub) Server) {
	run(t, open, map[string]func(*testing.T, *setup){
		"DeliversInOrderUnderConcurrentWakes": deliversInOrder,
		"SharesOneDeliveryAmongAll":           shares,
		"SeesAClose":                          func(t *testing.T, s *setup) { seesEnd(t, s, Client.Close, 0) },
		"SeesACut":                            func(t *testing.T, s *setup) { seesEnd(t, s, Client.Cut, s.server.SeesCut) },
		"SendsWhatIsQueuedBeforeItCloses":     sendsBeforeClose,
		"SendsWhatIsQueuedBeforeItShutsDown":  sendsBeforeShutdown,
		"RefusesWhoComesAfterShutdown":        refusesAfterShutdown,
	})
}

func run(t *testing.T, open func(t *testing.T, hub *Hub) Server, tests map[string]func(*testing.T, *setup)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := NewHub()
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			t.Cleanup(cancel)
			test(t, &setup{ctx: ctx, hub: hub, server: open(t, hub)})
		})
	}
}

type setup struct {
	ctx    context.Context
	hub    *Hub
	server Server
}

func (s *setup) dial(t *testing.T) (Client, *Session) {
	t.Helper()
	c, err := s.server.Dial(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Cut() })
	select {
	case session := <-s.hub.Made():
		return c, session
	case <-s.ctx.Done():
		t.Fatal("no session was made")
		return nil, nil
	}
}

func (s *setup) send(t *testing.T, c Client, frame string) {
	t.Helper()
	if err := c.Send(s.ctx, frame); err != nil {
		t.Fatal(err)
	}
}

func (s *setup) receive(t *testing.T, c Client, want string) {
	t.Helper()
	if got, err := c.Receive(s.ctx); err != nil || got != want {
		t.Fatalf("received %q, %v; want %q", got, err, want)
	}
}

// closed fails if the session does not end within the time it may take; 0: at
// once, which is as long as a busy machine may need.
func (s *setup) closed(t *testing.T, session *Session, within time.Duration) {
	t.Helper()
	if within == 0 {
		within = 20 * time.Second // the first ping is later
	}
	select {
	case <-session.Closed():
	case <-time.After(within):
		t.Fatalf("after %v the session was not closed", within)
	}
}

func echoesInOrder(t *testing.T, s *setup) {
	c, _ := s.dial(t)
	const n = 2000
	go func() {
		for i := range n {
			if c.Send(s.ctx, fmt.Sprint("frame ", i)) != nil {
				return // the receiver says so
			}
		}
	}()
	for i := range n {
		s.receive(t, c, fmt.Sprint("frame ", i))
	}
}

func deliversInOrder(t *testing.T, s *setup) {
	c, session := s.dial(t)
	const writers, each = 8, 500
	var all sync.WaitGroup
	var order sync.Mutex
	next := 0
	for range writers {
		all.Go(func() {
			for range each {
				order.Lock()
				session.Offer(Text(fmt.Sprint(next)))
				next++
				order.Unlock()
			}
		})
	}
	for i := range writers * each {
		s.receive(t, c, fmt.Sprint(i))
	}
	all.Wait()
}

func shares(t *testing.T, s *setup) {
	var clients []Client
	for range 20 {
		c, _ := s.dial(t)
		clients = append(clients, c)
	}
	for i := range 50 {
		s.hub.Broadcast(Text(fmt.Sprint("to all ", i)))
	}
	for _, c := range clients {
		for i := range 50 {
			s.receive(t, c, fmt.Sprint("to all ", i))
		}
	}
}

func answersBad(t *testing.T, s *setup) {
	c, _ := s.dial(t)
	s.send(t, c, "bad")
	s.receive(t, c, string(chat.CodeMalformed))
	s.send(t, c, "good")
	s.receive(t, c, "good")
}

func waitsForReady(t *testing.T, s *setup) {
	c, session := s.dial(t)
	session.Hold()
	for i := range 100 {
		s.send(t, c, fmt.Sprint(i))
	}
	// What is delivered meanwhile still goes out, and others are served.
	session.Offer(Text("meanwhile"))
	s.receive(t, c, "meanwhile")
	other, _ := s.dial(t)
	for range 50 {
		s.send(t, other, "hello")
		s.receive(t, other, "hello")
	}
	if n := session.Eager(); n > 0 {
		t.Errorf("%d requests were made of a session that was not ready", n)
	}
	session.Release()
	for i := range 100 {
		s.receive(t, c, fmt.Sprint(i))
	}
}

// seesEnd fails if no end is seen within the time it may take; 0: at once, of
// which a second is not much on a busy machine, but not each time too little.
func seesEnd(t *testing.T, s *setup, end func(Client) error, within time.Duration) {
	tries := 1
	if within == 0 {
		tries, within = 5, time.Second
	}
	for range tries {
		c, session := s.dial(t)
		session.Offer(Text("here"))
		s.receive(t, c, "here")
		go func() { _ = end(c) }()
		select {
		case <-session.Closed():
			return
		case <-time.After(within):
		}
	}
	t.Errorf("%d ends were not seen within %v", tries, within)
}

func seesCutWhileHeld(t *testing.T, s *setup) {
	c, session := s.dial(t)
	session.Hold()
	s.send(t, c, "never read")
	_ = c.Cut()
	s.closed(t, session, s.server.SeesCut)
}

func sendsBeforeClose(t *testing.T, s *setup) {
	c, session := s.dial(t)
	for i := range 1000 {
		session.Offer(Text(fmt.Sprint(i)))
	}
	session.End(chat.E(chat.CodeTokenExpired, "the token is no longer good"))
	s.drained(t, c, 1000)
	s.closed(t, session, 0)
}

// drained fails unless these frames come, and then the end.
func (s *setup) drained(t *testing.T, c Client, n int) {
	t.Helper()
	for i := range n {
		s.receive(t, c, fmt.Sprint(i))
	}
	if got, err := c.Receive(s.ctx); err == nil || s.ctx.Err() != nil {
		t.Fatalf("in place of the end: %q, %v", got, err)
	}
}

func sendsBeforeShutdown(t *testing.T, s *setup) {
	c, session := s.dial(t)
	for i := range 1000 {
		session.Offer(Text(fmt.Sprint(i)))
	}
	ended := make(chan error, 1)
	go func() { ended <- s.server.Shutdown(s.ctx) }()
	s.drained(t, c, 1000)
	_ = c.Cut()
	s.closed(t, session, 0)
	if err := <-ended; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func refusesAfterShutdown(t *testing.T, s *setup) {
	if err := s.server.Shutdown(s.ctx); err != nil {
		t.Fatal(err)
	}
	if c, err := s.server.Dial(s.ctx); err == nil {
		_ = c.Cut()
		t.Error("a connection was made after the shutdown")
	}
}
