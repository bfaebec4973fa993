package echo

import (
	"context"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

const (
	maxQueued = 4 << 20  // bytes that wait for a client before nothing more is taken from it
	maxBatch  = 64 << 10 // bytes after which no further message goes out with others
)

// Queue is what waits for a client. Its zero value is ready, and safe for
// concurrent use.
type Queue struct {
	mu     sync.Mutex
	list   []wire.Message
	bytes  int
	closed bool
	room   chan struct{} // not nil: Ready waits; closed when there is room, or at the end
}

// Put appends messages, whose bytes are the queue's from then on.
func (q *Queue) Put(messages ...wire.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range messages {
		q.list = append(q.list, m)
		q.bytes += len(m.Data)
	}
}

// Ready waits while the queue is full. It is an error where the queue is closed.
func (q *Queue) Ready(ctx context.Context) error {
	for {
		room, err := q.admits()
		if room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// admits is nil where there is nothing to wait for.
func (q *Queue) admits() (room chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return nil, chat.E(chat.CodeGoingAway, "the client is gone")
	case q.bytes < maxQueued:
		return nil, nil
	case q.room == nil:
		q.room = make(chan struct{})
	}
	return q.room, nil
}

// Next moves to dst what goes out together. It reports whether there is more.
func (q *Queue) Next(_ context.Context, dst []wire.Message) (batch []wire.Message, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for ; n < len(q.list) && size < maxBatch; n++ {
		size += len(q.list[n].Data)
	}
	dst = append(dst, q.list[:n]...)
	q.list, q.bytes = q.list[n:], q.bytes-size
	q.wake()
	return dst, len(q.list) > 0
}

// Close lets go whoever waits.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}

// wake has Ready look again; mu is held.
func (q *Queue) wake() {
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}
