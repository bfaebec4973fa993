package ws

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/parley-chat/parley/chat"
)

// problem answers a request that is not upgraded, as RFC 9457 says.
func (s *Server) problem(w http.ResponseWriter, status int, err *chat.Error) {
	s.refused.Add(1)
	if err.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((err.RetryAfter+999e6)/1e9)))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status),
		"status": status, "code": err.Code, "detail": err.Message,
	})
}
