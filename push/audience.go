package push

import (
	"context"
	"slices"

	"github.com/parley-chat/parley/chat"
)

// crowd finds out who of a channel is to be told of which of its messages.
type crowd struct {
	*Service
	id       chat.ChannelID
	kind     chat.ChannelKind
	messages []*chat.Event
	threads  map[string][]string // who takes part, by the first message's id; of open channels
}

// audience are those whom the messages concern and who have neither got nor
// read them, each with the latest that concerns them.
func (s *Service) audience(ctx context.Context, ch chat.ChannelID, messages []*chat.Event) ([]*notice, error) {
	c := &crowd{Service: s, id: ch, kind: chat.KindOf(ch.Name), messages: messages, threads: make(map[string][]string)}
	settings, err := s.store.Channel(ctx, ch)
	switch {
	case err == nil:
		c.kind = settings.Kind
	case chat.CodeOf(err) != chat.CodeNotFound:
		return nil, err
	}
	users, err := c.candidates(ctx)
	if err != nil {
		return nil, err
	}
	var notices []*notice
	for _, user := range users {
		m, err := c.latest(ctx, user)
		if err != nil {
			return nil, err
		}
		if m != nil {
			notices = append(notices, &notice{
				user: user, channel: ch, kind: c.kind, id: m.ID, seq: m.Seq,
				mention: slices.Contains(m.Mentions, user), until: m.At.Add(s.o.TTL),
			})
		}
	}
	return notices, nil
}

// candidates are the users with a subscription whom the channel may concern,
// each once.
func (c *crowd) candidates(ctx context.Context) ([]string, error) {
	var users []string
	var err error
	switch c.kind {
	case chat.Direct:
		a, b, _ := chat.DirectUsers(c.id.Name)
		users = []string{a, b}
	case chat.Private:
		users, err = c.members(ctx)
	default:
		users = c.accounts.chose(c.id)
		for _, m := range c.messages {
			users = append(users, m.Mentions...)
			if m.ParentID != "" && c.threads[m.ParentID] == nil {
				if c.threads[m.ParentID], err = c.thread(ctx, m.ParentID); err != nil {
					return nil, err
				}
				users = append(users, c.threads[m.ParentID]...)
			}
		}
	}
	users = slices.DeleteFunc(users, func(user string) bool {
		return !c.accounts.reachable(userKey{c.id.Project, user})
	})
	slices.Sort(users)
	return slices.Compact(users), err
}

func (c *crowd) members(ctx context.Context) (users []string, err error) {
	for after := ""; ; {
		list, err := c.store.Members(ctx, c.id, after, lookBack)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if m.Role != chat.NoRole && c.accounts.reachable(userKey{c.id.Project, m.User}) {
				users = append(users, m.User)
			}
			after = m.User
		}
		if len(list) < lookBack {
			return users, nil
		}
	}
}

// thread is who wrote its first message, and the first who answered.
func (c *crowd) thread(ctx context.Context, id string) ([]string, error) {
	m, err := c.store.Message(ctx, c.id, id)
	switch {
	case chat.CodeOf(err) == chat.CodeNotFound:
		return []string{}, nil
	case err != nil:
		return nil, err
	}
	users := []string{m.Sender}
	if m.Notes != nil {
		users = append(users, m.Notes.Thread.Users...)
	}
	return users, nil
}

// latest is the last message that concerns the user, who has neither got nor
// read it; nil: there is none.
func (c *crowd) latest(ctx context.Context, user string) (*chat.Event, error) {
	cursor, err := c.store.Cursor(ctx, c.id, user)
	if err != nil {
		return nil, err
	}
	for _, m := range slices.Backward(c.messages) {
		if m.Seq <= max(cursor.Delivered, cursor.Read) {
			break
		}
		if !c.concerns(m, user) {
			continue
		}
		unwanted, err := c.store.Blocked(ctx, c.id.Project, user, m.Sender)
		if err != nil {
			return nil, err
		}
		if !unwanted {
			return m, nil
		}
	}
	return nil, nil
}

// concerns reports whether the user is to be told of the message, as the kind
// of channel and the user's own settings have it.
func (c *crowd) concerns(m *chat.Event, user string) bool {
	if m.Sender == user {
		return false
	}
	mode, chosen := c.accounts.settings(userKey{c.id.Project, user}).of(c.id.Name)
	mentioned := slices.Contains(m.Mentions, user)
	switch {
	case mode == None:
		return false
	case mode == Mentions, mentioned:
		return mentioned
	case chosen, c.kind != chat.Open:
		return true
	}
	return m.ParentID != "" && slices.Contains(c.threads[m.ParentID], user)
}
