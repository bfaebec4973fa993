package main

import (
	"github.com/parley-chat/parley/dial"
	"github.com/parley-chat/parley/preview"
)

// Previews are the settings of link previews.
type Previews struct {
	LinkPreviews bool `name:"link-previews" help:"Show what the pages are about that messages link to. This server asks them, at addresses of the public internet."`
}

// previewing makes the service of link previews, where it is wanted.
func (s *server) previewing(c *Serve) {
	if !c.LinkPreviews {
		return
	}
	s.previews = preview.New(preview.Options{
		Transport: dial.Transport(dial.Options{Loopback: c.Dev}), Local: c.Dev,
		Agent: "Parley/" + version + " (link preview; +https://github.com/parley-chat/parley)",
		Draw:  s.uploads.Draw, Logger: s.log,
	})
}

// endPreviews ends the service; requests have ended.
func (s *server) endPreviews() {
	if s.previews != nil {
		s.previews.Close()
	}
}
