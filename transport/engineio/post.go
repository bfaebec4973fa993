package engineio

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// errOver ends the reading of a payload: its client has closed.
var errOver = errors.New("the client closes")

// post takes in a payload.
func (s *Server) post(w http.ResponseWriter, r *http.Request, c *Conn) {
	if e := c.beginPost(); e != nil {
		s.refuse(w, e)
		return
	}
	e := s.take(w, r, c)
	c.endPost()
	if e != nil {
		s.refuse(w, e)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", "2")
	_, _ = io.WriteString(w, "ok")
}

// beginPost lets one POST at a time work: a second one ends the connection.
func (c *Conn) beginPost() *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return errUnknown
	case c.main.Load() != nil:
		return errMismatch
	case c.posting:
		c.mu.Unlock()
		c.end(kindClose, nil, false)
		c.mu.Lock()
		return errOverlap
	}
	c.posting = true
	c.server.count.posts.Add(1)
	return nil
}

func (c *Conn) endPost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posting = false
	c.server.count.posts.Add(-1)
}

// take reads the body and hands its packets on. What cannot be read ends the
// connection; a body that is too large does not.
func (s *Server) take(w http.ResponseWriter, r *http.Request, c *Conn) *failure {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/octet-stream") {
		c.end(kindClose, nil, false)
		return errPayload
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(s.o.Now().Add(readWithin))
	// The socket may not be ready for as long as the connection lives.
	_ = control.SetWriteDeadline(s.o.Now().Add(s.o.PingInterval + s.o.PingTimeout + writeWithin))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.o.MaxPayload)))
	// From here on the connection is read only to see its end.
	_ = control.SetReadDeadline(time.Time{})
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return errTooLarge
	}
	if err == nil {
		s.count.bytesIn.Add(uint64(len(body)))
		err = eachPacket(body, func(p packet) error { return c.packet(r.Context(), p) })
	}
	if err != nil && !errors.Is(err, errOver) {
		c.end(kindClose, nil, false)
		return errPayload
	}
	return nil
}

// packet takes one that came in a payload.
func (c *Conn) packet(ctx context.Context, p packet) error {
	c.server.count.packetsIn.Add(1)
	switch p.kind {
	case kindClose:
		c.end(kindNoop, nil, true)
		return errOver
	case kindPong:
		c.pong()
	case kindMessage:
		return c.receive(ctx, p.Message)
	case kindNoop:
	default:
		return malformed("a packet is of no kind that is known here")
	}
	return nil
}
