// Package plain has a plain client of each kind of door, for tests: it sends
// what it is told, gives what it gets, and does nothing by itself.
package plain

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// maxFrame bounds what is read as one: a page of 1000 of the greatest bodies fits.
const maxFrame = 128 << 20

// Line is one connection. Send and Next may be called at the same time.
type Line interface {
	// Send sends one frame, JSON in the door's own words.
	Send(ctx context.Context, frame string) error
	// Next is the next frame. Doors whose frames are more than an object of
	// JSON say how theirs are shown.
	Next(ctx context.Context) ([]byte, error)
	// Close ends the connection without a goodbye.
	Close()
}

// Socket is a WebSocket whose messages are frames.
type Socket struct{ ws *websocket.Conn }

// DialSocket opens a WebSocket.
func DialSocket(ctx context.Context, url string, header http.Header, subprotocols ...string) (*Socket, error) {
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: subprotocols, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(maxFrame)
	return &Socket{ws}, nil
}

// Send implements Line.
func (s *Socket) Send(ctx context.Context, frame string) error {
	return s.ws.Write(ctx, websocket.MessageText, []byte(frame))
}

// Next implements Line.
func (s *Socket) Next(ctx context.Context) ([]byte, error) {
	_, frame, err := s.ws.Read(ctx)
	return frame, err
}

// Close implements Line.
func (s *Socket) Close() { _ = s.ws.CloseNow() }
