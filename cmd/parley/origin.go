package main

import (
	"net/http"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// maxAgent bounds what is kept of a User-Agent, in bytes: it is kept for as
// long as its connection.
const maxAgent = 200

// identified is who r is from, as identify says, and from where.
func (s *server) identified(identify func(*http.Request) (chat.Identity, error)) func(*http.Request) (chat.Identity, error) {
	return func(r *http.Request) (chat.Identity, error) {
		id, err := identify(r)
		if err == nil {
			id.From = s.origin(r)
		}
		return id, err
	}
}

func (s *server) origin(r *http.Request) *chat.Origin {
	address, _ := s.addresses.client(r)
	return &chat.Origin{Door: doorOf(r), Address: address, Agent: agentOf(r)}
}

// doorOf is the path of r's door, which is no part of the request that would be
// kept with it.
func doorOf(r *http.Request) string { return strings.TrimSuffix(r.Pattern, "{$}") }

func agentOf(r *http.Request) string {
	agent := r.UserAgent()
	return strings.ToValidUTF8(strings.Clone(agent[:min(len(agent), maxAgent)]), "")
}
