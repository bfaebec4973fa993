package chat

import "time"

// redelivery sends again what a device did not acknowledge 10, 20 and 40 s
// after it was sent. It is catching up once more, from the last
// acknowledgement: the subscription falls back and its events come marked.
type redelivery struct {
	acked uint64    // everything up to here was acknowledged
	upTo  uint64    // events up to here were sent before
	tries int       // since the last acknowledgement
	due   time.Time // zero: nothing is waited for
}

var redeliverAfter = [...]time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second}

// mark is d, or a copy that says so if it was sent before.
func (r *redelivery) mark(d *Delivery) *Delivery {
	if d.Event.Seq > r.upTo {
		return d
	}
	return &Delivery{Event: d.Event, Redelivered: true, size: d.size}
}

// sent notes that everything up to seq was queued. room.mu is held.
func (sub *subscription) sent(seq uint64, h *Hub) {
	if !sub.acks {
		return
	}
	r := &sub.redelivery
	if r.due.IsZero() && r.tries < len(redeliverAfter) && seq > r.acked {
		r.due = h.now().Add(redeliverAfter[r.tries])
		h.awaitAck(sub)
	}
}

// acknowledge notes that the device has everything up to seq. room.mu is held.
func (sub *subscription) acknowledge(seq uint64, h *Hub) {
	r := &sub.redelivery
	if !sub.acks || seq <= r.acked {
		return
	}
	r.acked, r.tries, r.due = seq, 0, time.Time{}
	if seq < sub.place() {
		sub.sent(sub.place(), h)
	}
}

// place is up to where the subscription has been sent everything.
func (sub *subscription) place() uint64 {
	if sub.level {
		return sub.room.head
	}
	return max(sub.at, sub.redelivery.upTo)
}

// redeliver falls back to the last acknowledgement if it is overdue; it
// reports whether the subscription still waits for one.
func (sub *subscription) redeliver(now time.Time) bool {
	sub.room.mu.Lock()
	defer sub.room.mu.Unlock()
	r := &sub.redelivery
	if sub.ended || r.due.IsZero() {
		return false
	}
	if now.Before(r.due) || !sub.level {
		return true
	}
	r.tries++
	r.due = time.Time{}
	r.upTo = sub.room.head
	sub.at = r.acked
	sub.room.fallBack(sub)
	sub.room.hub.stats.redeliveries.Add(1)
	return false
}
