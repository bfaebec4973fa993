package api

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) listMembers(c *call) error {
	limit := c.limit()
	if c.fields.Err != nil {
		return c.fields.Err
	}
	members, err := a.hub.Members(c.ctx, &c.id, c.PathValue("channel"), c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("members")
	next := ""
	for _, m := range members {
		appendMember(c.out, m)
		next = m.User
	}
	c.end(len(members), limit, next)
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
	c.fields.Need("role", c.body.role)
	m := chat.Member{
		User:   c.PathValue("user"),
		Role:   chat.Role(c.fields.String("role", c.body.role)),
		Muted:  c.fields.Bool("muted", c.body.muted),
		Banned: c.fields.Bool("banned", c.body.banned),
	}
	if c.fields.Err != nil {
		return c.fields.Err
	}
	return a.stand(c, m)
}

// removeMember keeps a mute, which else would end by leaving and coming back.
func (a *API) removeMember(c *call) error {
	old, err := a.hub.Member(c.ctx, &c.id, c.PathValue("channel"), c.PathValue("user"))
	if err != nil {
		return err
	}
	return a.stand(c, chat.Member{User: old.User, Muted: old.Muted, Banned: old.Banned})
}

func (a *API) stand(c *call, m chat.Member) error {
	committed, err := a.hub.PutMember(c.ctx, &c.id, c.PathValue("channel"), m)
	if err != nil {
		return err
	}
	a.event(c, committed.Event)
	return nil
}

func (a *API) listCursors(c *call) error {
	limit := c.limit()
	if c.fields.Err != nil {
		return c.fields.Err
	}
	cursors, err := a.hub.Cursors(c.ctx, &c.id, c.PathValue("channel"), c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("cursors")
	next := ""
	for i := range cursors {
		appendCursor(c.out, &cursors[i])
		next = cursors[i].User
	}
	c.end(len(cursors), limit, next)
	return nil
}

// putCursor moves the caller's own cursor; a secret key moves anybody's.
func (a *API) putCursor(c *call) error {
	user := c.PathValue("user")
	switch {
	case c.id.Server:
		c.id.User = user
	case c.id.User != user:
		return chat.E(chat.CodeForbidden, "a cursor is moved by its own user")
	}
	move := chat.Read{Channel: c.PathValue("channel")}
	c.fields.Need("read", c.body.read)
	if c.body.read.Is('"') {
		move.ID = c.fields.String("read", c.body.read)
	} else {
		move.Seq = c.fields.Uint("read", c.body.read)
	}
	if c.fields.Err != nil {
		return c.fields.Err
	}
	cursor, err := a.hub.MarkRead(c.ctx, &c.id, move)
	if err != nil {
		return err
	}
	appendCursor(c.out, cursor)
	return nil
}

func appendCursor(w *frame.Writer, cursor *chat.Cursor) {
	w.Open()
	w.String("userId", cursor.User)
	w.Uint("delivered", cursor.Delivered)
	w.Uint("read", cursor.Read)
	w.MaybeTime("readAt", cursor.ReadAt)
	w.Close()
}
