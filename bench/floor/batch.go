package floor

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A flusher writes what is queued for the connections of its share, all that
// is queued for one with one system call. It never waits for a connection.
// After a long turn it rests as long as that took: what gathers meanwhile goes
// out together, and the machine has time for the readers. Without it, it keeps
// up with 60 messages a second to 1000 members in place of 800.
type flusher struct {
	wake chan struct{}

	mu  sync.Mutex
	due []*conn

	out     []byte // what is being written
	written int
	err     error
	put     func(fd uintptr) bool
	slow    sync.WaitGroup
}

func newFlusher() *flusher {
	f := &flusher{wake: make(chan struct{}, 1)}
	f.put = func(fd uintptr) bool {
		for {
			f.written, f.err = unix.Write(int(fd), f.out)
			if f.err != unix.EINTR {
				return true
			}
		}
	}
	return f
}

func (f *flusher) add(c *conn) {
	f.mu.Lock()
	f.due = append(f.due, c)
	first := len(f.due) == 1
	f.mu.Unlock()
	if first {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

func (f *flusher) run(ctx context.Context) {
	defer f.slow.Wait()
	var turn []*conn
	rest := time.NewTimer(0)
	<-rest.C
	for {
		select {
		case <-f.wake:
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
		turn, f.due = f.due, turn[:0]
		f.mu.Unlock()
		start := time.Now()
		for _, c := range turn {
			f.flush(c)
		}
		clear(turn)
		if took := time.Since(start); took > time.Millisecond {
			rest.Reset(took)
			select {
			case <-rest.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (f *flusher) flush(c *conn) {
	c.mu.Lock()
	f.out = f.out[:0]
	for _, frames := range c.queue {
		f.out = append(f.out, frames...)
	}
	clear(c.queue)
	c.queue, c.queued = c.queue[:0], false
	c.mu.Unlock()

	f.written, f.err = 0, nil
	if err := c.raw.Write(f.put); err != nil {
		return
	}
	if f.err != nil && f.err != syscall.EAGAIN {
		return
	}
	rest := f.out[max(f.written, 0):]
	if len(rest) == 0 {
		return
	}
	c.mu.Lock()
	c.queue, c.queued = slices.Insert(c.queue, 0, slices.Clone(rest)), true
	c.mu.Unlock()
	f.slow.Go(c.drain)
}

// drain writes in the flusher's place, and waits, until nothing is queued.
func (c *conn) drain() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.queued = false
			c.mu.Unlock()
			return
		}
		frames := slices.Concat(c.queue...)
		c.queue = c.queue[:0]
		c.mu.Unlock()
		if _, err := c.tcp.Write(frames); err != nil {
			return
		}
	}
}
