package ws

import "time"

// A round of at least restSize connections that took restFrom or longer is
// followed by a rest as long as it took, restMost at most, if half of them had
// more to send before it was over. Below some 150 broadcasts a second to a
// thousand connections there is no rest at all; above, frames gather meanwhile
// and go out together, which is what the greatest rate depends on: one write of
// many frames costs little more than one of a single frame. Where every
// connection gets little, as in many small rooms, nothing would gather.
const (
	restSize = 500 // a shorter one that took long was held up, and need not wait more
	restFrom = 4 * time.Millisecond
	restMost = 20 * time.Millisecond
)

// pace cuts the work of a pool into rounds – everything that was queued when
// the round began – and rests between long ones. The pool's mu guards it.
type pace struct {
	now     func() time.Time // nil: no rounds, no rests
	round   uint32           // its number
	size    int              // of the round
	left    int              // of its connections, not taken yet
	again   int              // connections that came meanwhile, and had come shortly before
	began   time.Time        // zero: the queue was empty meanwhile
	resting bool
}

// came takes into account that a connection has something to send; last is
// the connection's note of when it last had.
func (p *pace) came(last *uint32) {
	if p.now == nil {
		return
	}
	if p.round-*last <= 2 {
		p.again++
	}
	*last = p.round
}

// next takes one connection into account that is to be served; what it returns
// is how long to rest before that one, if at all.
func (p *pace) next(queued int) time.Duration {
	if p.now == nil {
		return 0
	}
	if p.left == 0 {
		now := p.now()
		took := now.Sub(p.began)
		if !p.began.IsZero() && took >= restFrom && p.size >= restSize && 2*p.again >= p.size {
			return min(took, restMost)
		}
		p.round++
		p.size, p.left, p.again, p.began = queued, queued, 0, now
	}
	p.left--
	return 0
}

// over is the end of a rest, or an empty queue.
func (p *pace) over() { p.left, p.again, p.began, p.resting = 0, 0, time.Time{}, false }

// rest puts work off; mu is held.
func (p *pool) rest(d time.Duration) {
	p.pace.resting = true
	time.AfterFunc(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pace.over()
		for !p.closed && p.workers-len(p.idle) < p.few && p.queue.len() > 0 {
			p.taken++
			p.engage(p.queue.pop())
		}
	})
}
