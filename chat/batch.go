package chat

import "context"

// MaxBatch is how many messages one call posts, at most.
const MaxBatch = 100

// Outcome is what became of one message of a batch.
type Outcome struct {
	Committed Committed
	Err       error
}

// PostAll commits messages to one channel, in the order given, and answers
// each for itself: one that is refused does not hold up the rest. It fails as
// a whole only where nothing may be posted.
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
	for i := range posts {
		d, err := r.draft(ctx, id, &posts[i])
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
