package api

import (
	"net/http"

	"github.com/parley-chat/parley/chat"
)

func (a *API) react(c *call) error {
	c.needSender()
	if c.in.Err != nil {
		return c.in.Err
	}
	_, err := a.hub.React(c.ctx, &c.id, chat.React{
		Channel: c.PathValue("channel"), ID: c.PathValue("id"), Name: c.PathValue("name"),
		On: c.Method == http.MethodPut,
	})
	if err != nil {
		return err
	}
	return a.present(c)
}

func (a *API) pin(c *call) error {
	_, err := a.hub.Pin(c.ctx, &c.id, chat.Pin{
		Channel: c.PathValue("channel"), ID: c.PathValue("id"), On: c.Method == http.MethodPut,
	})
	if err != nil {
		return err
	}
	return a.present(c)
}

func (a *API) listPins(c *call) error {
	pins, err := a.hub.Pins(c.ctx, &c.id, c.PathValue("channel"))
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("messages")
	for _, m := range pins {
		a.event(c, m)
	}
	c.out.End()
	c.out.Close()
	return nil
}
