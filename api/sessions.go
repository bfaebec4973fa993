package api

import "github.com/parley-chat/parley/chat"

func (a *API) listSessions(c *call) error { return a.sessions(c, c.query.Get("userId")) }

func (a *API) listUserSessions(c *call) error { return a.sessions(c, c.PathValue("user")) }

// sessions answers with a page in the order of ids: by the time of connecting
// no place in the list could be found again once its session is gone.
func (a *API) sessions(c *call, user string) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	all, err := a.hub.Sessions(c.ctx, &c.id, user, c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	list(c, "sessions", all, limit, func(s chat.SessionInfo) { appendSession(c, &s) }, func(s chat.SessionInfo) string { return s.ID })
	return nil
}

func appendSession(c *call, s *chat.SessionInfo) {
	c.out.Open()
	c.out.String("id", s.ID)
	c.out.Maybe("userId", s.User)
	c.out.Maybe("userName", s.Name)
	c.out.Maybe("key", s.Key)
	c.out.Bool("guest", s.Guest)
	c.out.Bool("away", s.Away)
	c.out.Time("since", s.Since)
	c.out.Maybe("door", s.From.Door)
	c.out.Maybe("dialect", s.Dialect)
	c.out.Maybe("device", s.Device)
	if s.From.Address.IsValid() {
		c.out.String("address", s.From.Address.String())
	}
	c.out.Maybe("userAgent", s.From.Agent)
	c.out.Uint("subscriptions", uint64(len(s.Channels)))
	c.out.Uint("catchingUp", uint64(s.CatchingUp))
	c.out.Uint("queueBytes", uint64(s.QueueBytes))
	c.out.Strings("channels", s.Channels)
	c.out.Close()
}

func (a *API) endSession(c *call) error {
	return a.hub.Disconnect(c.ctx, &c.id, c.PathValue("session"))
}
