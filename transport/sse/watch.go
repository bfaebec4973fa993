package sse

import (
	"net"
	"time"
)

// progress is what a socket tells of its peer.
type progress struct {
	taken   uint64 // bytes, so far
	waiting bool   // there is more that it has not
}

// watch cuts off clients that take nothing of what waits for them: who is gone
// without a word, and who has stopped to read. A slow reader takes something.
func (s *Server) watch() {
	ticker := time.NewTicker(max(time.Millisecond, s.o.Patience/4))
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		now := s.o.Now()
		for _, c := range s.all() {
			if c.stalled(now) && c.kill() {
				s.count.stalled.Add(1)
			}
		}
	}
}

func (c *conn) stalled(now time.Time) bool {
	if c.socket == nil {
		return false // its writes have deadlines
	}
	p, known := outstanding(c.socket)
	if !known || !p.waiting || p.taken != c.taken {
		c.taken, c.since = p.taken, now
		return false
	}
	return now.Sub(c.since) >= c.server.o.Patience
}

// below is the connection that carries c: of TLS the one under it.
func below(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return c
}
