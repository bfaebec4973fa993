package sse_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/sse"
)

// Whatever an id is, it is a place to begin at, or the client's mistake.
func FuzzLastEventID(f *testing.F) {
	for _, id := range []string{"", "e:1,2", "e:0,18446744073709551615", "e:1", "e:1,2,3", "e:,", ":", "e", "e:1,-2", "e\x00:1,2", "é:1,2", "e:١,٢"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var refusal error
		s := sse.New(sse.Options{
			Connect: func(chat.Identity, chat.Sink) (sse.Session, error) {
				return nil, chat.E(chat.CodeNotFound, "it was let in")
			},
			Refuse: func(_ http.ResponseWriter, err error) { refusal = err },
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events?channel=a&channel=b", nil)
		r.Header["Last-Event-Id"] = []string{id}
		s.Handler(conntest.Echo()).ServeHTTP(httptest.NewRecorder(), r)
		switch code := chat.CodeOf(refusal); code {
		case chat.CodeNotFound, chat.CodeInvalid:
		default:
			t.Errorf("%q is answered with %v", id, refusal)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
