package ws

import (
	"sync"
	"time"
)

const (
	stallAfter      = 5 * time.Millisecond // a queue that stands still for so long gets more workers
	writesPerWorker = 16                   // see pool.share
	lingerFor       = 5 * time.Second      // an idle worker beyond the few ends after so long
)

// pool works off connections. A few workers suffice while none of them waits,
// and no more are at work at once, however many there are: each would cost a
// switch of goroutines. When the queue stands still because they do wait (for
// the store, for a session that is not ready) half as many join in, again and
// again, until it moves.
type pool struct {
	few  int           // workers started at once; 0: as many as there is work
	work func() worker // makes one worker, with buffers of its own

	// share is how much must wait for each worker that is at work before
	// another is woken: to wake one costs as much as some writes do.
	share int

	pace pace // whether, and when, to rest

	mu       sync.Mutex
	queue    ring
	idle     []parked // last in, first out
	workers  int
	taken    uint64 // from the queue, ever
	watching bool
	closed   bool
	ended    sync.WaitGroup
}

// worker is what a goroutine of a pool does, and what it holds while it lives.
type worker interface {
	serve(c *conn)
	end()
}

type parked struct {
	wake  chan *conn
	since time.Time
}

// push has c worked on. It does not block.
func (p *pool) push(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.pace.came(&c.round)
	if p.few == 0 || (!p.pace.resting && p.worthWaking()) {
		p.engage(c)
		return
	}
	p.queue.push(c)
	if !p.watching {
		p.watching = true
		p.watch(p.taken)
	}
}

func (p *pool) worthWaking() bool {
	active := p.workers - len(p.idle)
	return active < p.few && p.queue.len() >= active*p.share
}

// engage gives c to a worker who is idle, or to a new one; mu is held.
func (p *pool) engage(c *conn) {
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		w.wake <- c // holds one: it does not block
		return
	}
	p.workers++
	p.ended.Go(func() { p.run(c) })
}

func (p *pool) run(c *conn) {
	w := p.work()
	defer w.end()
	wake := make(chan *conn, 1)
	for c != nil {
		w.serve(c)
		c = p.next(wake)
	}
}

func (p *pool) next(wake chan *conn) *conn {
	p.mu.Lock()
	if c := p.take(); c != nil {
		p.mu.Unlock()
		return c
	}
	if p.closed {
		p.workers--
		p.mu.Unlock()
		return nil
	}
	p.idle = append(p.idle, parked{wake, time.Time{}})
	p.mu.Unlock()
	return <-wake
}

// take is the next connection in the queue, or nil: there is none, or it is
// time to rest. mu is held.
func (p *pool) take() *conn {
	if p.pace.resting && !p.closed {
		return nil
	}
	if p.queue.len() == 0 {
		p.pace.over()
		return nil
	}
	if d := p.pace.next(p.queue.len()); d > 0 && !p.closed {
		p.rest(d)
		return nil
	}
	p.taken++
	return p.queue.pop()
}

// watch looks, a moment later, whether anything was taken since; mu is held.
func (p *pool) watch(taken uint64) {
	time.AfterFunc(stallAfter, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed || p.queue.len() == 0 {
			p.watching = false
			return
		}
		if p.taken == taken && !p.pace.resting {
			for range min(p.queue.len(), (p.workers-len(p.idle))/2+1) {
				p.taken++
				p.engage(p.queue.pop())
			}
		}
		p.watch(p.taken)
	})
}

// reap ends workers beyond the few that have had nothing to do for a while.
// It is called now and then.
func (p *pool) reap(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.idle {
		if p.idle[i].since.IsZero() {
			p.idle[i].since = now
		}
	}
	for len(p.idle) > 0 && p.workers > p.few && now.Sub(p.idle[0].since) > lingerFor {
		close(p.idle[0].wake)
		p.idle = append(p.idle[:0], p.idle[1:]...)
		p.workers--
	}
}

// close ends the workers after what they are at, and waits for them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, w := range p.idle {
		close(w.wake)
		p.workers--
	}
	p.idle = nil
	p.mu.Unlock()
	p.ended.Wait()
}

func (p *pool) stats() (queued, workers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.len(), p.workers
}

// ring is a queue that grows.
type ring struct {
	slots      []*conn
	head, tail uint // tail-head are in use
}

func (r *ring) len() int { return int(r.tail - r.head) }

func (r *ring) push(c *conn) {
	if n := uint(len(r.slots)); r.tail-r.head == n {
		grown := make([]*conn, max(64, 2*n))
		for i := range n {
			grown[i] = r.slots[(r.head+i)%n]
		}
		r.slots, r.head, r.tail = grown, 0, n
	}
	r.slots[r.tail%uint(len(r.slots))] = c
	r.tail++
}

func (r *ring) pop() *conn {
	if r.head == r.tail {
		return nil
	}
	at := &r.slots[r.head%uint(len(r.slots))]
	c := *at
	*at = nil
	r.head++
	return c
}
