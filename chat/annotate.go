package chat

import "context"

// React commits a reaction of one's own, or takes it away.
func (h *Hub) React(ctx context.Context, id *Identity, c React) (Committed, error) {
	return h.submit(ctx, id, c.Channel, func(r *room) (*Draft, error) { return r.reaction(ctx, id, &c) })
}

// Pin pins a message, or takes the pin away.
func (h *Hub) Pin(ctx context.Context, id *Identity, c Pin) (Committed, error) {
	return h.submit(ctx, id, c.Channel, func(r *room) (*Draft, error) { return r.pinning(ctx, id, &c) })
}

// Pins are the channel's pinned messages, in the order in which they were
// posted.
func (h *Hub) Pins(ctx context.Context, id *Identity, channel string) ([]*Event, error) {
	r, err := h.readable(ctx, id, channel)
	if err != nil {
		return nil, err
	}
	defer h.release(r)
	return h.store.Pins(ctx, r.id)
}

func (r *room) reaction(ctx context.Context, id *Identity, c *React) (*Draft, error) {
	if err := checkName("reaction", c.Name, MaxReaction); err != nil {
		return nil, err
	}
	if id.User == "" {
		return nil, E(CodeInvalid, "a reaction is a user's: name one")
	}
	d := &Draft{Kind: KindReaction, ID: c.ID, Name: c.Name, On: c.On, Nonce: c.Nonce}
	return d, r.admit(ctx, id, d, OpReact)
}

func (r *room) pinning(ctx context.Context, id *Identity, c *Pin) (*Draft, error) {
	d := &Draft{Kind: KindPin, ID: c.ID, On: c.On, Nonce: c.Nonce}
	return d, r.admit(ctx, id, d, OpPin)
}

// admit checks what every draft must pass, and says whose and where it is.
func (r *room) admit(ctx context.Context, id *Identity, d *Draft, op Operation) error {
	if err := checkNonce(d.Nonce); err != nil {
		return err
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
