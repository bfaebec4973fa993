package api

import (
	"net/http"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) listUsers(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	users, err := a.hub.Users(c.ctx, &c.id, c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	list(c, "users", users, limit, func(u *chat.User) {
		c.out.Open()
		appendProfile(c.out, u)
		c.out.MaybeTime("lastSeen", u.LastSeen)
		c.out.Close()
	}, func(u *chat.User) string { return u.ID })
	return nil
}

func (a *API) getUser(c *call) error {
	u, p, err := a.hub.Profile(c.ctx, &c.id, c.PathValue("user"))
	if err != nil {
		return err
	}
	c.out.Open()
	appendProfile(c.out, u)
	c.out.String("status", string(p.Status))
	c.out.Maybe("custom", p.Custom)
	c.out.MaybeTime("lastSeen", p.LastSeen)
	c.out.Close()
	return nil
}

// appendProfile writes the members of an open object.
func appendProfile(w *frame.Writer, u *chat.User) {
	w.String("userId", u.ID)
	w.Maybe("userName", u.Name)
	w.Maybe("avatar", u.Avatar)
	if u.Meta != nil {
		w.Raw("meta", u.Meta)
	}
}

// putUser sets the whole profile.
func (a *API) putUser(c *call) error {
	name, avatar, meta := c.in.text("userName"), c.in.text("avatar"), c.in.object("meta")
	if meta == nil {
		meta = []byte("null")
	}
	return a.profile(c, chat.Profile{Name: &name, Avatar: &avatar, Meta: meta})
}

// changeUser sets what is given: null takes a thing away.
func (a *API) changeUser(c *call) error {
	var p chat.Profile
	for name, field := range map[string]**string{"userName": &p.Name, "avatar": &p.Avatar} {
		if c.in.get(name) != nil {
			text := c.in.text(name)
			*field = &text
		}
	}
	if meta := c.in.get("meta"); meta != nil {
		if p.Meta = c.in.object("meta"); p.Meta == nil {
			p.Meta = []byte("null")
		}
	}
	return a.profile(c, p)
}

func (a *API) profile(c *call, p chat.Profile) error {
	if c.in.Err != nil {
		return c.in.Err
	}
	if _, err := a.hub.PutProfile(c.ctx, &c.id, c.PathValue("user"), p); err != nil {
		return err
	}
	return a.getUser(c)
}

func (a *API) listBlocks(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	if err := c.own(); err != nil {
		return err
	}
	blocked, err := a.hub.Blocks(c.ctx, &c.id, c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	list(c, "blocks", blocked, limit, func(user string) {
		c.out.Open()
		c.out.String("userId", user)
		c.out.Close()
	}, func(user string) string { return user })
	return nil
}

func (a *API) block(c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	return a.hub.Block(c.ctx, &c.id, chat.Block{User: c.PathValue("other"), On: c.Method == http.MethodPut})
}
