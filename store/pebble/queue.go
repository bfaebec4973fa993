package pebble

import "sync"

// request is something for the writer to commit.
type request interface {
	// prepare adds the request to the writer's batch. It runs on the writer's
	// goroutine, in the order of the queue.
	prepare(w *writer)
	// refuse takes the place of prepare: finish is to answer with err.
	refuse(err error)
	// finish answers the request: with what prepare found, now that it is
	// durable, or with err because nothing was written. It must not block.
	finish(err error)
	// size is about what it adds to a batch, in bytes.
	size() int
	// frees reports whether the request may pass when the disk is full.
	frees() bool
}

// queue holds the requests that wait for the writer, bounded in number and
// bytes. There is one taker.
type queue struct {
	mu       sync.Mutex
	room     sync.Cond
	waiting  []request
	bytes    int
	mostLen  int
	mostSize int
	closed   bool
	ready    chan struct{} // holds one token while there is something to take
}

func newQueue(mostLen, mostSize int) *queue {
	q := &queue{mostLen: mostLen, mostSize: mostSize, ready: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// put adds r, after waiting for room if there is none; false if the queue is
// closed.
func (q *queue) put(r request) bool {
	q.mu.Lock()
	for !q.closed && len(q.waiting) > 0 && (len(q.waiting) >= q.mostLen || q.bytes >= q.mostSize) {
		q.room.Wait()
	}
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.waiting = append(q.waiting, r)
	q.bytes += r.size()
	first := len(q.waiting) == 1
	q.mu.Unlock()
	if first {
		q.signal()
	}
	return true
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take appends to dst what waits, at most n requests and about size bytes, but
// always one if there is one.
func (q *queue) take(dst []request, n, size int) []request {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, bytes := 0, 0
	for i < len(q.waiting) && i < n && (i == 0 || bytes < size) {
		bytes += q.waiting[i].size()
		i++
	}
	dst = append(dst, q.waiting[:i]...)
	q.bytes -= bytes
	rest := copy(q.waiting, q.waiting[i:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	q.room.Broadcast()
	if rest > 0 || q.closed {
		q.signal()
	}
	return dst
}

// close lets nothing more in. What waits can still be taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
	q.signal()
}

// drained reports whether the queue is closed and empty.
func (q *queue) drained() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && len(q.waiting) == 0
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
