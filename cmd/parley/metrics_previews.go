package main

import "github.com/parley-chat/parley/preview"

// ofPreviews are what the service of link previews counts.
func (f *figures) ofPreviews() {
	f.count("previews", "Previews of links that were answered.", func(s *snapshot) float64 { return float64(s.previews.Answered) })
	f.count("previews_fetched", "Pages that were asked for a preview.", func(s *snapshot) float64 { return float64(s.previews.Fetched) })
	f.count("previews_failed", "Of them, those that gave none.", func(s *snapshot) float64 { return float64(s.previews.Failed) })
}

// previewStats are the service's, if there is one.
func (s *server) previewStats() preview.Stats {
	if s.previews == nil {
		return preview.Stats{}
	}
	return s.previews.Stats()
}
