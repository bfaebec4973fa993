package main

import (
	"context"
	"path/filepath"

	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/wire"
)

// searchName is the folder of the search index in a data folder. No backup has
// it: it is made anew.
const searchName = "search"

// Search are the settings of the search.
type Search struct {
	Search bool `name:"search" default:"true" negatable:"" help:"Keep an index of all messages, by which they are found."`
}

// searching begins to follow the log.
func (s *server) searching(ctx context.Context, c *Serve) (err error) {
	if !c.Search.Search {
		return nil
	}
	s.search, err = search.Open(ctx, search.Options{
		Dir: filepath.Join(c.Data, searchName), Log: s.store, Bus: s.bus.Join(),
		Permit: s.hub.Permit, Text: wire.Text, Logger: s.log,
	})
	return err
}

// endSearch ends that.
func (s *server) endSearch() error {
	if s.search == nil {
		return nil
	}
	return s.search.Close()
}

// ofSearch are what the search counts.
func (f *figures) ofSearch() {
	f.level("search_documents", "Messages that can be found.", func(s *snapshot) float64 { return float64(s.search.Documents) })
	f.level("search_lag_seconds", "For how long something has waited to be indexed.", func(s *snapshot) float64 { return s.search.Lag.Seconds() })
	f.level("search_waiting", "Channels with something to be indexed.", func(s *snapshot) float64 { return float64(s.search.Waiting) })
	f.level("search_stalled", "1: the disk is full, and nothing is indexed.", func(s *snapshot) float64 { return truth(s.search.Stalled) })
	f.count("searches", "Searches.", func(s *snapshot) float64 { return float64(s.search.Searches) })
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// searchStats are the index's, if there is one.
func (s *server) searchStats() search.Stats {
	if s.search == nil {
		return search.Stats{}
	}
	return s.search.Stats()
}
