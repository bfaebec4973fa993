package api

import (
	"encoding/json"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) signalChannel(c *call) error {
	return a.signal(c, chat.Send{Channel: c.PathValue("channel")})
}

func (a *API) signalUser(c *call) error {
	return a.signal(c, chat.Send{To: c.PathValue("user")})
}

func (a *API) signal(c *call, send chat.Send) error {
	c.fields.Need("type", c.body.typ)
	send.Name = c.fields.String("type", c.body.typ)
	send.Data = c.body.data.Copy()
	if c.fields.Err != nil {
		return c.fields.Err
	}
	return a.hub.Signal(c.ctx, &c.id, send)
}

func (a *API) getUser(c *call) error {
	p, err := a.hub.User(c.ctx, &c.id, c.PathValue("user"))
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.String("userId", p.User)
	c.out.Maybe("userName", p.Name)
	c.out.String("status", string(p.Status))
	c.out.Maybe("custom", p.Custom)
	c.out.MaybeTime("lastSeen", p.LastSeen)
	c.out.Close()
	return nil
}

// makeToken answers POST /auth/token.
func (a *API) makeToken(c *call) error {
	if !c.body.userID.Given() {
		return chat.E(chat.CodeInvalid, "Missing userId")
	}
	g := Grant{
		Project:  c.id.Project,
		User:     c.fields.String("userId", c.body.userID),
		Name:     c.fields.String("name", c.body.name),
		Scopes:   c.words("scopes", c.body.scopes),
		Channels: c.words("channels", c.body.channels),
	}
	if g.User == "" {
		return chat.E(chat.CodeInvalid, "Missing userId")
	}
	if !c.body.scopes.Given() {
		g.Scopes = []string{chat.ScopeSend, chat.ScopeRead}
	}
	if c.fields.Err != nil {
		return c.fields.Err
	}
	tokens, err := a.options.Tokens(g)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.String("tsToken", tokens.User)
	c.out.String("appJwt", tokens.App)
	c.out.Close()
	return nil
}

// words is a list of strings.
func (c *call) words(name string, v frame.Value) []string {
	if !v.Given() {
		return nil
	}
	var list []string
	if err := json.Unmarshal(v, &list); err != nil {
		c.fields.Refuse(chat.E(chat.CodeInvalid, "%s must be a list of strings", name))
	}
	return list
}
