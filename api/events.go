package api

import "github.com/parley-chat/parley/chat"

func (a *API) listEvents(c *call) error {
	after, placed := c.number("after")
	since, limit := c.time("since"), c.limit()
	if placed && !since.IsZero() {
		c.in.invalid("events come after a seq or since a time, not both")
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	events, head, err := a.hub.Events(c.ctx, &c.id, c.PathValue("channel"), after, since, limit)
	if err != nil {
		return err
	}
	a.page(c, "events", events, head)
	if n := len(events); n > 0 && events[n-1].Seq < head.Seq {
		c.out.Uint("next", events[n-1].Seq)
	}
	c.out.Close()
	return nil
}

func (a *API) signalChannel(c *call) error {
	return a.signal(c, chat.Send{Channel: c.PathValue("channel"), Only: c.in.text("clientId")})
}

func (a *API) signalUser(c *call) error {
	return a.signal(c, chat.Send{To: c.PathValue("user")})
}

// signalClient is for who knows a connection by what its door calls it.
func (a *API) signalClient(c *call) error {
	if c.in.given("clientId") == c.in.given("userId") {
		return chat.E(chat.CodeInvalid, "a signal goes to a clientId or to a userId")
	}
	return a.signal(c, chat.Send{Only: c.in.text("clientId"), To: c.in.text("userId")})
}

func (a *API) signal(c *call, send chat.Send) error {
	c.in.need("type")
	send.Name = c.in.text("type")
	send.Data = c.in.get("data").Copy()
	send.Except = c.in.text("exceptId")
	if c.in.Err != nil {
		return c.in.Err
	}
	return a.hub.Signal(c.ctx, &c.id, send)
}
