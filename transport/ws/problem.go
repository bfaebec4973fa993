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

// statusOf is the HTTP status for an error that Authenticate or Connect gave.
func statusOf(err *chat.Error) int {
	switch err.Code {
	case chat.CodeUnauthorized, chat.CodeTokenExpired:
		return http.StatusUnauthorized
	case chat.CodeForbidden, chat.CodeBanned:
		return http.StatusForbidden
	case chat.CodeNotFound:
		return http.StatusNotFound
	case chat.CodeRateLimited, chat.CodeTooMany:
		return http.StatusTooManyRequests
	case chat.CodeUnavailable, chat.CodeGoingAway, chat.CodeStorageFull:
		return http.StatusServiceUnavailable
	case chat.CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
