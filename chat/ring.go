package chat

// Bounds of a channel's ring: a reader that is at most this far behind goes
// level by copying pointers, without a look into the store.
const (
	ringEvents = 256
	ringBytes  = 256 << 10
)

// ring holds the last deliveries of a channel, with consecutive seqs.
type ring struct {
	items []*Delivery // circular, grown on demand
	start int
	n     int
	bytes int
}

func (r *ring) at(i int) **Delivery { return &r.items[(r.start+i)%len(r.items)] }

func (r *ring) push(d *Delivery) {
	if r.n == len(r.items) && r.n < ringEvents {
		grown := make([]*Delivery, max(8, min(2*r.n, ringEvents)))
		for i := range r.n {
			grown[i] = *r.at(i)
		}
		r.items, r.start = grown, 0
	}
	for r.n > 0 && (r.n == ringEvents || r.bytes+d.size > ringBytes) {
		r.pop()
	}
	*r.at(r.n) = d
	r.n++
	r.bytes += d.size
}

func (r *ring) pop() {
	slot := r.at(0)
	r.bytes -= (*slot).size
	*slot = nil
	r.start = (r.start + 1) % len(r.items)
	r.n--
}

// after returns how many of the newest deliveries come after seq; false if the
// ring does not reach back that far. head is the seq of the newest.
func (r *ring) after(seq, head uint64) (int, bool) {
	behind := head - seq
	return int(behind), behind <= uint64(r.n)
}

// last is the i-th of the n newest.
func (r *ring) last(n, i int) *Delivery { return *r.at(r.n - n + i) }

// find is the slot that holds seq, or nil.
func (r *ring) find(seq, head uint64) **Delivery {
	if seq > head || head-seq >= uint64(r.n) {
		return nil
	}
	return r.at(r.n - 1 - int(head-seq))
}
