package chat

import "context"

// MaxBatch is how many messages one call posts, at most.
const MaxBatch = 100

// Batch is what the posts of one list share, so that they keep its order
// although each is answered for itself: once one is refused for now (see
// Error.Retryable), those after it are refused with the same error, whatever
// has become possible meanwhile. Its zero value is ready. Whoever submits the
// posts does so in their order, one at a time.
type Batch struct{ before, within Latch } // the store; each its owner's alone

// asked is the hub's, which refuses before the store is asked.
func (b *Batch) asked() *Latch {
	if b == nil {
		return nil
	}
	return &b.before
}

// stored is the store's: what the hub refuses must not befall what it let pass
// before.
func (b *Batch) stored() *Latch {
	if b == nil {
		return nil
	}
	return &b.within
}

// Latch keeps the first refusal that need not last. nil keeps none. Its calls
// must not overlap.
type Latch struct{ err error }

// Err is what was kept, or nil.
func (l *Latch) Err() error {
	if l == nil {
		return nil
	}
	return l.err
}

// Note keeps err, if it need not last and is the first such, and returns it.
func (l *Latch) Note(err error) error {
	if l != nil && l.err == nil && err != nil && AsError(err).Retryable() {
		l.err = err
	}
	return err
}

// Outcome is what became of one message of a batch.
type Outcome struct {
	Committed Committed
	Err       error
}

// PostAll commits messages to one channel, in the order given, as a Batch. It
// fails as a whole only where nothing may be posted.
func (h *Hub) PostAll(ctx context.Context, id *Identity, channel string, posts []Post) ([]Outcome, error) {
	if len(posts) > MaxBatch {
		return nil, E(CodeTooMany, "at most %d messages at a time", MaxBatch)
	}
	r, err := h.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	if err := r.permit(ctx, id, OpPost); err != nil {
		return nil, err
	}
	type answer struct {
		place   int
		outcome Outcome
	}
	answers := make(chan answer, len(posts)) // nobody waits to put one in
	outcomes := make([]Outcome, len(posts))
	waiting := 0
	var batch Batch
	for i, p := range posts {
		p.Batch = &batch
		d, err := r.draft(ctx, id, &p)
		if err != nil {
			outcomes[i].Err = err
			continue
		}
		waiting++
		h.append(r, d, h.receive(ctx), func(c Committed, err error) { answers <- answer{i, Outcome{c, err}} })
	}
	late := &Error{Code: CodeUnavailable, Message: "no answer in time; a retry with the same nonce is safe"}
	for i := range outcomes {
		if outcomes[i].Err == nil {
			outcomes[i].Err = late
		}
	}
	for ; waiting > 0; waiting-- {
		select {
		case a := <-answers:
			outcomes[a.place] = a.outcome
		case <-ctx.Done():
			return outcomes, nil
		}
	}
	return outcomes, nil
}
