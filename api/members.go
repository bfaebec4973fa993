package api

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) listMembers(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	members, err := a.hub.Members(c.ctx, &c.id, c.PathValue("channel"), c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	list(c, "members", members, limit, func(m *chat.Member) { appendMember(c.out, m) }, func(m *chat.Member) string { return m.User })
	return nil
}

func appendMember(w *frame.Writer, m *chat.Member) {
	w.Open()
	w.String("userId", m.User)
	w.String("role", string(m.Role))
	w.Bool("muted", m.Muted)
	w.Bool("banned", m.Banned)
	w.Time("since", m.Since)
	w.Close()
}

func (a *API) getMember(c *call) error {
	m, err := a.hub.Member(c.ctx, &c.id, c.PathValue("channel"), c.PathValue("user"))
	if err != nil {
		return err
	}
	appendMember(c.out, m)
	return nil
}

func (a *API) putMember(c *call) error {
	c.in.need("role")
	m := chat.Member{
		User:   c.PathValue("user"),
		Role:   chat.Role(c.in.text("role")),
		Muted:  c.in.flag("muted"),
		Banned: c.in.flag("banned"),
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	committed, err := a.hub.PutMember(c.ctx, &c.id, c.PathValue("channel"), m)
	return a.stood(c, committed, err)
}

// removeMember keeps a mute, which else would end by leaving and coming back.
func (a *API) removeMember(c *call) error {
	committed, err := a.hub.RemoveMember(c.ctx, &c.id, c.PathValue("channel"), c.PathValue("user"))
	return a.stood(c, committed, err)
}

func (a *API) stood(c *call, committed chat.Committed, err error) error {
	if err != nil {
		return err
	}
	a.event(c, committed.Event)
	return nil
}
