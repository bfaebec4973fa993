package chat

import "sync"

// queue holds what waits to be sent. An empty queue holds no memory: its
// chunks are shared by all sessions, so that a broadcast does not allocate for
// each recipient and an idle session costs little. What finds the queue empty
// needs no chunk.
type queue struct {
	head        *Delivery // before what is in the chunks
	first, last *chunk
	bytes       int
}

type chunk struct {
	items    [30]*Delivery
	from, to int
	next     *chunk
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func (q *queue) empty() bool { return q.head == nil && q.first == nil }

func (q *queue) push(d *Delivery) {
	q.bytes += d.size
	if q.empty() {
		q.head = d
		return
	}
	if q.last == nil || q.last.to == len(q.last.items) {
		c := chunks.Get().(*chunk)
		if q.last == nil {
			q.first = c
		} else {
			q.last.next = c
		}
		q.last = c
	}
	q.last.items[q.last.to] = d
	q.last.to++
}

// take appends what is first in line to dst: at most n deliveries, and no more
// once they have reached about the given bytes.
func (q *queue) take(dst []*Delivery, n, bytes int) []*Delivery {
	if d := q.head; d != nil {
		q.head = nil
		n--
		bytes -= d.size
		q.bytes -= d.size
		dst = append(dst, d)
	}
	for q.first != nil && n > 0 && bytes > 0 {
		c := q.first
		for c.from < c.to && n > 0 && bytes > 0 {
			d := c.items[c.from]
			c.items[c.from] = nil
			c.from++
			n--
			bytes -= d.size
			q.bytes -= d.size
			dst = append(dst, d)
		}
		if c.from < c.to {
			break
		}
		q.first = c.next
		if q.first == nil {
			q.last = nil
		}
		*c = chunk{}
		chunks.Put(c)
	}
	return dst
}
