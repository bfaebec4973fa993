package sse

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// nowhere is the place of a channel that the client has not been let into: if
// it is later, it begins at the head, as at first. No seq comes so far.
const nowhere = math.MaxUint64

// lastEventID is the header by which a client says how far it has come.
const lastEventID = "Last-Event-ID"

// request is what a stream is asked for.
type request struct {
	channels []string
	from     chat.Positions // in their order; without places: from the heads on
	presence bool
	patient  bool // the client comes back by itself, but only if it got a stream
}

// parse reads the request's query and header. The header is newer than the
// query: an EventSource keeps its URL.
func (s *Server) parse(r *http.Request) (*request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &chat.Error{Code: chat.CodeMalformed, Message: "the query cannot be read", Cause: err}
	}
	q := &request{channels: query["channel"], presence: true, patient: accepts(r, "text/event-stream")}
	if len(q.channels) > s.o.MaxChannels {
		return nil, chat.E(chat.CodeTooMany, "at most %d channels a stream", s.o.MaxChannels)
	}
	for i, name := range q.channels {
		if slices.Contains(q.channels[:i], name) {
			return nil, chat.E(chat.CodeInvalid, "a channel is named once")
		}
	}
	if text := query.Get("presence"); text != "" {
		if q.presence, err = strconv.ParseBool(text); err != nil {
			return nil, chat.E(chat.CodeInvalid, "presence is true or false")
		}
	}
	last := r.Header.Get(lastEventID)
	if last == "" {
		last = query.Get("lastEventId")
	}
	q.from, err = parsePlaces(last, len(q.channels))
	return q, err
}

// parsePlaces reads an id that was given to a stream of n channels; "" has no
// places.
func parsePlaces(id string, n int) (chat.Positions, error) {
	if id == "" {
		return chat.Positions{}, nil
	}
	from, err := chat.ParsePositions(id)
	if err == nil && len(from.Seqs) != n {
		err = chat.E(chat.CodeInvalid, "the last event's id has %d places, for %d channels: it is of another stream", len(from.Seqs), n)
	}
	return from, err
}

func accepts(r *http.Request, media string) bool {
	return slices.ContainsFunc(r.Header.Values("Accept"), func(v string) bool { return strings.Contains(v, media) })
}
