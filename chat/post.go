package chat

import (
	"context"
	"slices"

	"github.com/parley-chat/parley/internal/planted"
)

// append commits d, then has it acknowledged by done, then delivers it. done
// is called from the store's goroutine and must not block. r must have been
// acquired by the caller; append keeps it until the commit.
func (h *Hub) append(r *room, d *Draft, from receipt, done func(Committed, error)) {
	h.posting.Add(1) // before the look at draining: Drain waits for it
	if h.isDraining() {
		h.posting.Add(-1)
		done(Committed{}, E(CodeGoingAway, "the server is shutting down"))
		return
	}
	r.refs.Add(1)
	if planted.Is("deliver_before_commit") && d.Kind == KindMessage {
		r.deliver(&Event{
			Channel: d.Channel, Seq: r.head + 1, Kind: d.Kind, At: h.now(), Sender: d.Sender, ID: "not yet", Body: d.Body, Nonce: d.Nonce,
		}, trail{})
	}
	from.queue(h)
	h.store.Append(d, func(c Committed, err error) {
		from.commit(h)
		fresh := err == nil && !c.Repeated
		if fresh {
			c.Event.Session = d.Session
			r.apply(c.Event)
			h.stats.posts.Add(1) // whoever is answered finds it counted
		}
		done(c, err)
		if fresh {
			h.acked(from)
			r.deliver(c.Event, h.trail(c.Event, from))
			h.tellNodes(r, c.Event)
		}
		h.posting.Add(-1)
		h.release(r)
	})
}

// draft checks p and makes it what the store takes, unless its batch has come
// to an end for now.
func (r *room) draft(ctx context.Context, id *Identity, p *Post) (*Draft, error) {
	batch := p.Batch.asked()
	if err := batch.Err(); err != nil {
		return nil, err
	}
	d, err := r.message(ctx, id, p)
	return d, batch.Note(err)
}

func (r *room) message(ctx context.Context, id *Identity, p *Post) (*Draft, error) {
	if err := checkBody(p.Body); err != nil {
		return nil, err
	}
	if len(p.Meta) > MaxMeta {
		return nil, E(CodeTooLarge, "meta is over %d bytes", MaxMeta)
	}
	mentions, err := distinct(p.Mentions)
	if err != nil {
		return nil, err
	}
	if err := checkTTL(p.TTL); err != nil {
		return nil, err
	}
	d := &Draft{
		Kind: KindMessage, Body: p.Body, Meta: p.Meta, Nonce: p.Nonce, NonceTTL: p.NonceTTL,
		ParentID: p.ParentID, Mentions: mentions, TTL: p.TTL, Latch: p.Batch.stored(),
	}
	return d, r.admit(ctx, id, d, OpPost)
}

// directed is p with the name of its channel, where it names a user instead.
func (p Post) directed(id *Identity) (Post, error) {
	switch {
	case p.To == "":
		return p, nil
	case p.Channel != "":
		return p, E(CodeInvalid, "a message goes to a channel or to a user, not to both")
	case id.User == "":
		return p, E(CodeUnauthorized, "a message to a user needs a user whom it is from")
	}
	p.Channel = DirectName(id.User, p.To)
	return p, CheckUserID(p.To)
}

// distinct are the users that a message mentions, each once.
func distinct(users []string) ([]string, error) {
	if len(users) > MaxMentions {
		return nil, E(CodeTooMany, "at most %d users are mentioned in a message", MaxMentions)
	}
	var once []string
	for _, u := range users {
		if err := CheckUserID(u); err != nil {
			return nil, err
		}
		if !slices.Contains(once, u) {
			once = append(once, u)
		}
	}
	return once, nil
}

// change checks an edit or delete: one's own message needs one right,
// somebody else's another.
func (r *room) change(ctx context.Context, id *Identity, d *Draft, own, any Operation) error {
	if err := checkNonce(d.Nonce); err != nil {
		return err
	}
	if err := r.permit(ctx, id, OpRead); err != nil {
		return err
	}
	m, err := r.hub.store.Message(ctx, r.id, d.ID)
	if err != nil {
		return err
	}
	op := any
	if m.Sender == id.User {
		op = own
	}
	if err := r.permit(ctx, id, op); err != nil {
		return err
	}
	if err := r.hub.limit(id, &r.posts); err != nil {
		return err
	}
	d.Channel, d.Sender, d.SenderName = r.id, id.User, id.Name
	return nil
}

func (r *room) edit(ctx context.Context, id *Identity, e *Edit) (*Draft, error) {
	if err := checkBody(e.Body); err != nil {
		return nil, err
	}
	d := &Draft{Kind: KindEdit, ID: e.ID, Body: e.Body, Nonce: e.Nonce}
	return d, r.change(ctx, id, d, OpPost, OpEditAny)
}

func (r *room) delete(ctx context.Context, id *Identity, del *Delete) (*Draft, error) {
	d := &Draft{Kind: KindDelete, ID: del.ID, Nonce: del.Nonce}
	return d, r.change(ctx, id, d, OpDelete, OpDeleteAny)
}

func checkBody(body []byte) error {
	switch {
	case len(body) > MaxBody:
		return E(CodeTooLarge, "the body is over %d bytes", MaxBody)
	case len(body) == 0 || string(body) == `""` || string(body) == "null":
		return E(CodeInvalid, "the body is empty")
	}
	return nil
}

func checkNonce(nonce string) error {
	if nonce == "" {
		return nil
	}
	return checkName("nonce", nonce, MaxNonce)
}

// commit is append for callers who wait.
func (h *Hub) commit(ctx context.Context, r *room, d *Draft) (Committed, error) {
	type result struct {
		c   Committed
		err error
	}
	done := make(chan result, 1)
	h.append(r, d, h.receive(ctx), func(c Committed, err error) { done <- result{c, err} })
	select {
	case res := <-done:
		return res.c, res.err
	case <-ctx.Done():
		return Committed{}, &Error{Code: CodeUnavailable, Message: "no answer in time; a retry with the same nonce is safe", Cause: ctx.Err()}
	}
}

// Post commits a message for a caller who waits.
func (h *Hub) Post(ctx context.Context, id *Identity, p Post) (Committed, error) {
	p, err := p.directed(id)
	if err != nil {
		return Committed{}, err
	}
	return h.submit(ctx, id, p.Channel, func(r *room) (*Draft, error) { return r.draft(ctx, id, &p) })
}

// Edit commits an edit for a caller who waits.
func (h *Hub) Edit(ctx context.Context, id *Identity, e Edit) (Committed, error) {
	return h.submit(ctx, id, e.Channel, func(r *room) (*Draft, error) { return r.edit(ctx, id, &e) })
}

// Delete commits a delete for a caller who waits.
func (h *Hub) Delete(ctx context.Context, id *Identity, d Delete) (Committed, error) {
	return h.submit(ctx, id, d.Channel, func(r *room) (*Draft, error) { return r.delete(ctx, id, &d) })
}

func (h *Hub) submit(ctx context.Context, id *Identity, channel string, draft func(*room) (*Draft, error)) (Committed, error) {
	r, err := h.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		return Committed{}, err
	}
	defer h.release(r)
	d, err := draft(r)
	if err != nil {
		return Committed{}, err
	}
	return h.commit(ctx, r, d)
}
