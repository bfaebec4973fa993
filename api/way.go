package api

import (
	"net/http"
	"time"

	"github.com/parley-chat/parley/chat"
)

func (a *API) wayRows(d describer) []operation {
	return under(
		"The server",
		d.row("get-message-way", http.MethodGet, messagePath+"/way", administrator, a.getWay,
			"How a message came, and whom it has reached", answer[MessageWay](http.StatusOK), query("afterName", "limit"),
			about("Its times are those of the node that answers, which remembers its newest 4096 messages.")),
	)
}

func (a *API) getWay(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	w, err := a.hub.Way(c.ctx, &c.id, c.PathValue("channel"), c.PathValue("id"), c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Name("message")
	a.event(c, w.Message)
	appendPassage(c, w.Passage)
	appendReached(c, w, limit)
	c.out.Uint("live", uint64(w.Level))
	c.out.Uint("beyond", uint64(w.Beyond))
	c.out.Uint("behind", uint64(w.Behind))
	c.out.Array("followers")
	for _, s := range w.Sessions {
		c.out.Open()
		c.out.String("session", s.Session)
		c.out.Maybe("userId", s.User)
		c.out.Uint("seq", s.Seq)
		c.out.Bool("live", s.Level)
		c.out.Close()
	}
	c.out.End()
	c.out.Close()
	return nil
}

func appendPassage(c *call, p *chat.Passage) {
	if p == nil {
		return
	}
	fine := func(key string, t time.Time) {
		if !t.IsZero() {
			c.out.String(key, t.UTC().Format("2006-01-02T15:04:05.000000Z")) // a passage may take less than a millisecond
		}
	}
	c.out.Object("passage")
	fine("receivedAt", p.Received)
	fine("queuedAt", p.Queued)
	fine("syncedAt", p.Committed)
	fine("offeredAt", p.Offered)
	c.out.Uint("recipients", uint64(p.Recipients))
	fine("firstDeliveredAt", p.Delivered)
	c.out.Close()
}

func appendReached(c *call, w *chat.Way, limit int) {
	c.out.Array("users")
	for _, u := range w.Users {
		c.out.Open()
		c.out.String("userId", u.User)
		c.out.String("role", string(u.Role))
		c.out.Bool("delivered", u.Delivered)
		c.out.Bool("read", u.Read)
		c.out.Close()
	}
	c.out.End()
	if n := len(w.Users); n == limit {
		c.out.String("next", w.Users[n-1].User)
	}
}
