package api

import "github.com/parley-chat/parley/chat"

// maxWords bounds the scopes and the patterns of channels of one token.
const maxWords = 100

// makeToken answers POST /auth/token.
func (a *API) makeToken(c *call) error {
	if !c.in.given("userId") {
		return chat.E(chat.CodeInvalid, "Missing userId")
	}
	g := Grant{
		Project:  c.id.Project,
		Key:      c.id.Key,
		User:     c.in.text("userId"),
		Name:     c.in.text("name"),
		Scopes:   c.in.words("scopes", maxWords),
		Channels: c.in.words("channels", maxWords),
	}
	if g.User == "" {
		return chat.E(chat.CodeInvalid, "Missing userId")
	}
	if !c.in.given("scopes") {
		g.Scopes = []string{chat.ScopeSend, chat.ScopeRead}
	}
	if c.in.Err != nil {
		return c.in.Err
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

// makeGuest answers POST /auth/guest.
func (a *API) makeGuest(c *call) error {
	former := c.in.text("guestToken")
	if c.in.Err != nil {
		return c.in.Err
	}
	g, err := a.options.Guests(c.Request, former)
	if err != nil {
		return err
	}
	return c.json(g)
}
