package api

import (
	"net/http"

	"github.com/parley-chat/parley/chat"
)

// Preview is what a page on the web says of itself.
type Preview struct {
	URL         string `json:"url" format:"uri" doc:"As it was asked for, without its fragment"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Site        string `json:"site" doc:"The site's name, or its host"`
	Image       string `json:"image,omitempty" format:"uri" doc:"A small picture, drawn by this server: a data: URL"`
}

func (a *API) previewRows(d describer) []operation {
	return under(
		"Link previews",
		d.row("get-preview", http.MethodGet, "/v1/previews", somebody, a.getPreview,
			"What the page at a link is about; nothing, where it cannot be had or says nothing", answer[Preview](http.StatusOK), orNothing(), query("url"),
			about("This server asks the page: at addresses of the public internet alone, and at ports 80 and 443. `not_found`: this server makes no previews.")),
	)
}

func (a *API) getPreview(c *call) error {
	if a.options.Previews == nil {
		return chat.E(chat.CodeNotFound, "this server makes no previews")
	}
	p, err := a.options.Previews.Find(c.ctx, &c.id, c.query.Get("url"))
	if err != nil || p == nil {
		return err // or nothing: that is no failure of who asked
	}
	c.out.Open()
	c.out.String("url", p.URL)
	c.out.String("title", p.Title)
	if p.Description != "" {
		c.out.String("description", p.Description)
	}
	c.out.String("site", p.Site)
	if p.Image != "" {
		c.out.String("image", p.Image)
	}
	c.out.Close()
	return nil
}
