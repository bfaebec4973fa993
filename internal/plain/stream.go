package plain

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/parley-chat/parley/internal/eventstream"
)

// Stream is a stream of Server-Sent Events. What it gives is an object with
// the event's `event`, its `id` if there is one, and its `data` as JSON.
type Stream struct {
	body   io.ReadCloser
	events *eventstream.Reader
	cancel context.CancelFunc
}

// DialStream opens a stream that goes on after lastID, or with "" from the end.
// Its connection is its own.
func DialStream(ctx context.Context, url string, header http.Header, lastID string) (*Stream, error) {
	// The request's context ends the body, so it must outlive this call.
	living, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	r, err := http.NewRequestWithContext(living, http.MethodGet, url, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	if header != nil {
		r.Header = header.Clone()
	}
	r.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		_ = response.Body.Close()
		cancel()
		return nil, fmt.Errorf("the stream is answered with %s: %s", response.Status, text)
	}
	return &Stream{body: response.Body, events: eventstream.NewReader(response.Body, lastID), cancel: cancel}, nil
}

// Send implements Line: a stream goes one way.
func (*Stream) Send(context.Context, string) error {
	return fmt.Errorf("nothing is sent over a stream")
}

// Next implements Line.
func (s *Stream) Next(ctx context.Context) ([]byte, error) {
	stop := context.AfterFunc(ctx, s.Close)
	defer stop()
	e, err := s.events.Next()
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"event": e.Name, "id": e.ID, "data": json.RawMessage(e.Data)})
}

// Close implements Line.
func (s *Stream) Close() {
	s.cancel()
	_ = s.body.Close()
}
