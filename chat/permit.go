package chat

import "context"

// Permit decides whether id may do op in the channel, as the hub itself does at
// every operation: it is for services that keep something of a channel's
// elsewhere.
func (h *Hub) Permit(ctx context.Context, id *Identity, channel string, op Operation) error {
	r, err := h.acquire(ctx, ChannelID{id.Project, channel})
	if err != nil {
		return err
	}
	defer h.release(r)
	return r.permit(ctx, id, op)
}
