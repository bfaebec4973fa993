package chat

import "sync"

// queue holds what waits to be sent. An empty queue holds no memory: its
// chunks are shared by all sessions, so that a broadcast does not allocate for
// each recipient and an idle session costs little.
type queue struct {
	first, last *chunk
	bytes       int
}

type chunk struct {
	items    [30]*Delivery
	from, to int
	next     *chunk
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func (q *queue) push(d *Delivery) {
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
	q.bytes += d.size
}

// take appends what is first in line to dst: at most n deliveries, and no more
// once they have reached about the given bytes.
func (q *queue) take(dst []*Delivery, n, bytes int) []*Delivery {
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
