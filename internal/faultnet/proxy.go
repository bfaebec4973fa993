// Package faultnet is a TCP proxy on loopback that does to connections what
// networks do to them: latency, stalls, black holes, half-open connections,
// resets and cuts. Tests put it between a client and a server.
package faultnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes connections on to a target. Its methods may be called at any
// time, from any goroutine.
type Proxy struct {
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup
	latency  atomic.Int64 // of each way, in nanoseconds
	accepted atomic.Int64

	mu      sync.Mutex
	target  string
	pairs   map[*pair]struct{}
	refuse  bool
	hole    bool
	stalled chan struct{} // closed when it is over; nil: nothing is stalled
	limit   int64         // bytes after which the next connections are cut; 0: none
}

// Listen starts a proxy to the address target on a port of its own. Close ends
// it.
func Listen(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, pairs: make(map[*pair]struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.work.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens, host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close cuts everything and waits for its end.
func (p *Proxy) Close() {
	p.cancel()
	_ = p.listener.Close()
	p.Reset()
	p.work.Wait()
}

// Retarget has the connections to come go to another address.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Latency delays every byte by d, each way. It keeps the rate as it is.
func (p *Proxy) Latency(d time.Duration) { p.latency.Store(int64(d)) }

// Refuse has the connections to come be reset at once.
func (p *Proxy) Refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = on
}

// Stall holds back all bytes, as a network does that loses every packet for a
// while: when it is over they arrive.
func (p *Proxy) Stall(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.stalled == nil:
		p.stalled = make(chan struct{})
	case !on && p.stalled != nil:
		close(p.stalled)
		p.stalled = nil
	}
}

// Blackhole swallows all bytes of the connections that are open, for ever, and
// of those that come until it is off: neither end is told.
func (p *Proxy) Blackhole(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hole = on
	for c := range p.pairs {
		if on {
			c.hole.Store(true)
		}
	}
}

// HalfOpen ends every open connection towards one end, client or server, with
// a reset, and tells the other nothing: what that one sends is swallowed.
func (p *Proxy) HalfOpen(client bool) {
	for _, c := range p.open() {
		c.hole.Store(true)
		end := c.server
		if client {
			end = c.client
		}
		end.reset()
	}
}

// Reset ends all open connections with RST, towards both ends.
func (p *Proxy) Reset() {
	for _, c := range p.open() {
		c.reset()
	}
}

// Cut ends all open connections with FIN, wherever in a frame they are.
func (p *Proxy) Cut() {
	for _, c := range p.open() {
		c.close()
	}
}

// CutAfter has each connection to come cut when that many bytes have gone to
// the client; 0: not at all.
func (p *Proxy) CutAfter(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = bytes
}

// Accepted is how many connections came so far, refused ones too.
func (p *Proxy) Accepted() int { return int(p.accepted.Load()) }

// Open is how many connections there are.
func (p *Proxy) Open() int { return len(p.open()) }

func (p *Proxy) open() []*pair {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*pair, 0, len(p.pairs))
	for c := range p.pairs {
		list = append(list, c)
	}
	return list
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		p.work.Go(func() { p.carry(&end{TCPConn: conn.(*net.TCPConn)}) })
	}
}

// carry serves one connection.
func (p *Proxy) carry(client *end) {
	p.mu.Lock()
	target, refuse := p.target, p.refuse
	p.mu.Unlock()
	if refuse {
		client.reset()
		return
	}
	var d net.Dialer
	conn, err := d.DialContext(p.ctx, "tcp", target)
	if err != nil {
		client.reset()
		return
	}
	c := &pair{proxy: p, client: client, server: &end{TCPConn: conn.(*net.TCPConn)}}
	c.ctx, c.cancel = context.WithCancel(p.ctx)
	p.mu.Lock()
	c.hole.Store(p.hole)
	c.limit = p.limit
	p.pairs[c] = struct{}{}
	p.mu.Unlock()
	c.run()
	p.mu.Lock()
	delete(p.pairs, c)
	p.mu.Unlock()
}

// pass waits while everything is stalled.
func (p *Proxy) pass(ctx context.Context) {
	p.mu.Lock()
	stalled := p.stalled
	p.mu.Unlock()
	if stalled == nil {
		return
	}
	select {
	case <-stalled:
	case <-ctx.Done():
	}
}
