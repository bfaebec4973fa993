package faultnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// end is one side of a connection.
type end struct {
	*net.TCPConn
	once sync.Once
}

func (e *end) reset() {
	e.once.Do(func() {
		_ = e.SetLinger(0)
		_ = e.Close()
	})
}

func (e *end) close() { e.once.Do(func() { _ = e.Close() }) }

// pair is one connection through the proxy.
type pair struct {
	proxy          *Proxy
	client, server *end
	ctx            context.Context
	cancel         context.CancelFunc
	hole           atomic.Bool // swallows everything, and passes no end on
	broken         atomic.Bool // ends are told with RST
	limit          int64       // of bytes to the client; 0: none
}

// chunk is some bytes and when they arrive.
type chunk struct {
	bytes []byte
	due   time.Time
}

// inFlight bounds how many chunks a way holds back.
const inFlight = 256

func (c *pair) run() {
	var ways sync.WaitGroup
	ways.Go(func() { c.way(c.client, c.server, 0) })
	ways.Go(func() { c.way(c.server, c.client, c.limit) })
	ways.Wait()
	c.close()
	c.cancel()
}

func (c *pair) reset() {
	c.broken.Store(true)
	c.close()
}

func (c *pair) close() {
	for _, e := range []*end{c.client, c.server} {
		if c.broken.Load() {
			e.reset()
		} else {
			e.close()
		}
	}
}

// way carries bytes from one end to the other until one of them is gone; in a
// black hole the end of one is not told to the other.
func (c *pair) way(from, to *end, limit int64) {
	line := make(chan chunk, inFlight)
	var writing sync.WaitGroup
	writing.Go(func() { c.deliver(line, to, limit) })
	defer writing.Wait()
	defer close(line)
	for {
		buffer := make([]byte, 16<<10)
		n, err := from.Read(buffer)
		if n > 0 {
			select {
			case line <- chunk{buffer[:n], time.Now().Add(time.Duration(c.proxy.latency.Load()))}:
			case <-c.ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *pair) deliver(line <-chan chunk, to *end, limit int64) {
	sent := int64(0)
	for next := range line {
		c.wait(time.Until(next.due))
		c.proxy.pass(c.ctx)
		if c.hole.Load() {
			continue
		}
		if limit > 0 && sent+int64(len(next.bytes)) >= limit {
			_, _ = to.Write(next.bytes[:limit-sent])
			c.close()
			continue
		}
		n, err := to.Write(next.bytes)
		sent += int64(n)
		if err != nil {
			c.close()
		}
	}
	if !c.hole.Load() {
		c.close() // the other end's FIN, or what ended it
	}
}

func (c *pair) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}
