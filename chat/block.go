package chat

import "context"

// Block notes that the user wants, or no longer wants, nothing of another:
// no direct messages, typing or signals. In shared channels it is the client
// that hides what the other says.
func (h *Hub) Block(ctx context.Context, id *Identity, c Block) error {
	if err := CheckUserID(c.User); err != nil {
		return err
	}
	switch {
	case id.User == "" || id.Guest:
		return E(CodeForbidden, "a block is a user's")
	case !id.Has(ScopeSend):
		return E(CodeForbidden, "the token lacks the scope %s", ScopeSend)
	case c.User == id.User:
		return E(CodeInvalid, "nobody blocks oneself")
	}
	if err := h.limit(id, nil); err != nil {
		return err
	}
	return h.store.PutBlock(ctx, id.Project, id.User, c.User, c.On)
}

// Blocks are the users whom the user wants nothing of, in id order after the
// given one.
func (h *Hub) Blocks(ctx context.Context, id *Identity, after string, limit int) ([]string, error) {
	if id.User == "" {
		return nil, E(CodeInvalid, "blocks are a user's: name one")
	}
	return h.store.Blocks(ctx, id.Project, id.User, after, clamp(limit))
}

// unwanted is CodeBlocked if the other user wants nothing of id.
func (h *Hub) unwanted(ctx context.Context, id *Identity, other string) error {
	if id.Server || id.User == other {
		return nil
	}
	blocked, err := h.store.Blocked(ctx, id.Project, other, id.User)
	if err != nil {
		return err
	}
	if blocked {
		return E(CodeBlocked, "%q wants no messages of %q", other, id.User)
	}
	return nil
}

// partner is the other user of a direct channel, seen from user's side.
func (c ChannelID) partner(user string) string {
	a, b, _ := DirectUsers(c.Name)
	if a == user {
		return b
	}
	return a
}
