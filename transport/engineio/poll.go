package engineio

import (
	"context"
	"net/http"
	"time"
)

// How long a poll is held in mid-upgrade, before a noop ends it: one that was
// there when the probe came until the client has surely seen its answer, or it
// would poll once more; one that came later until the 5 that may be on its way.
const (
	yieldAfter = 20 * time.Millisecond
	holdFor    = 100 * time.Millisecond
)

// poll is a GET that waits for something to send.
type poll struct {
	woken  chan struct{} // of size one
	probed bool          // it came in mid-upgrade
}

// wake has the poll look again; there may be none.
func (p *poll) wake() {
	if p == nil {
		return
	}
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// get answers a poll.
func (s *Server) get(w http.ResponseWriter, r *http.Request, c *Conn) {
	p := &poll{woken: make(chan struct{}, 1)}
	if e := c.begin(p); e != nil {
		if e == errUnknown && s.owes(c) {
			s.goodbye(w)
			return
		}
		s.refuse(w, e)
		return
	}
	control := http.NewResponseController(w)
	// The server's own deadlines for all its handlers may be too short.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(s.o.Now().Add(s.o.PingInterval + s.o.PingTimeout + writeWithin))
	a := &payload{}
	over, e := c.await(r.Context(), p, a)
	c.leave(p)
	defer c.answered()
	switch {
	case e != nil:
		s.refuse(w, e)
		return
	case r.Context().Err() != nil:
		// Who cancels a poll has lost what was in it.
		c.end(kindClose, nil, false)
		return
	}
	_ = control.SetWriteDeadline(s.o.Now().Add(writeWithin))
	if err := s.answer(w, control, a); err != nil || over {
		c.end(kindClose, nil, false)
	}
}

// begin makes p the poll of the connection. There is one at a time: a second
// one ends both, and the connection.
func (c *Conn) begin(p *poll) *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return errUnknown
	case c.main.Load() != nil:
		return errMismatch
	case c.poll != nil:
		c.mu.Unlock()
		c.end(kindClose, nil, false)
		c.mu.Lock()
		return errOverlap
	}
	c.poll = p
	c.server.count.polls.Add(1)
	if c.closing {
		c.until = min(c.server.elapsed()+c.patience, c.longest)
		c.schedule()
	}
	p.probed = c.candidate != nil && c.candidate.probed
	return nil
}

// leave is the end of p's waiting: the client may send the next one as soon as
// it has the answer, which answered is the end of.
func (c *Conn) leave(p *poll) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.poll = nil
	c.answering++
	c.server.count.polls.Add(-1)
}

func (c *Conn) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answering--
}

// await waits until there is something to answer p with, or its client is
// gone. The connection is over with it if it says so.
func (c *Conn) await(ctx context.Context, p *poll, a *payload) (over bool, _ *failure) {
	var timer *time.Timer
	var yield <-chan time.Time
	for ctx.Err() == nil {
		c.mu.Lock()
		ended, closing, last := c.ended, c.closing, c.last
		probed := c.candidate != nil && c.candidate.probed
		c.mu.Unlock()
		if ended {
			a.add(last, "")
			return false, nil
		}
		if c.main.Load() != nil {
			return false, errMismatch
		}
		empty := c.fill(ctx, a)
		if closing && empty && !c.server.full(a) {
			a.add(kindClose, "")
			return true, nil
		}
		if a.packets > 0 {
			return false, nil
		}
		if probed && timer == nil {
			hold := yieldAfter
			if p.probed {
				hold = holdFor
			}
			timer = time.NewTimer(hold)
			defer timer.Stop()
			yield = timer.C
		}
		select {
		case <-p.woken:
		case <-yield:
			a.add(kindNoop, "")
			return false, nil
		case <-ctx.Done():
		}
	}
	return false, nil
}
