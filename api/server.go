package api

import (
	"context"
	"net/http"

	"github.com/parley-chat/parley/chat"
)

// Server is the node itself. What concerns all of its projects is for those
// who oversee it, and what it was told for its operator.
type Server interface {
	Operates(id *chat.Identity) error
	Oversees(id *chat.Identity) error

	Info() ServerInfo // with Addresses, and without what depends on who asks
	Figures(ctx context.Context) (Figures, error)
	Settings() ([]Setting, error)
}

func (a *API) serverRows(d describer) []operation {
	return under(
		"The server",
		d.row("get-server", http.MethodGet, "/v1/server", administrator, a.getServer,
			"The node that answers: its version, since when it runs, its doors", answer[ServerInfo](http.StatusOK)),
		d.row("get-figures", http.MethodGet, "/v1/server/figures", administrator, a.getFigures,
			"What the node counts, as /metrics has it; for whom the whole server concerns", answer[Figures](http.StatusOK),
			about("The server's operator, and, while there is no other project, whoever administers the default one. Ask again after a second or more for rates: it looks at every session.")),
		d.row("get-config", http.MethodGet, "/v1/server/config", administrator, a.getConfig,
			"The configuration in force, secrets masked, and where each setting comes from; for the server's operator", answer[Settings](http.StatusOK)),
	)
}

func (a *API) getServer(c *call) error {
	info := a.options.Server.Info()
	info.Project = c.id.Project
	info.Operator = a.options.Server.Operates(&c.by) == nil
	if info.Whole = a.options.Server.Oversees(&c.by) == nil; !info.Whole {
		info.Addresses = nil
	}
	return c.json(info)
}

func (a *API) getFigures(c *call) error {
	if err := a.options.Server.Oversees(&c.by); err != nil {
		return err
	}
	figures, err := a.options.Server.Figures(c.ctx)
	if err != nil {
		return err
	}
	return c.json(figures)
}

func (a *API) getConfig(c *call) error {
	if err := a.options.Server.Operates(&c.by); err != nil {
		return err
	}
	settings, err := a.options.Server.Settings()
	if err != nil {
		return err
	}
	return c.json(Settings{settings})
}
