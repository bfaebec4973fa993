package sse

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// errGone says that there is nobody to be answered.
var errGone = errors.New("the client is gone")

// Handler answers requests with streams of the dialect d, and what is refused
// as a whole with the error.
func (s *Server) Handler(d wire.Dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.gate.Enter() {
			s.decline(w, r, &d, s.leaving())
			return
		}
		c, err := s.open(w, r, &d)
		s.gate.Leave()
		if err != nil {
			if !errors.Is(err, errGone) {
				s.decline(w, r, &d, err)
			}
			return
		}
		defer c.leave()
		defer s.survive(r.Context())
		c.run(r.Context())
	})
}

// open makes the stream and subscribes to its channels. Nothing was written
// where it fails.
func (s *Server) open(w http.ResponseWriter, r *http.Request, d *wire.Dialect) (_ *conn, err error) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		return nil, chat.E(chat.CodeMethodNotFound, "a stream begins with GET")
	}
	id := chat.Identity{Project: chat.DefaultProject}
	if s.o.Authenticate != nil {
		if id, err = s.o.Authenticate(r); err != nil {
			return nil, err
		}
	}
	q, err := s.parse(r)
	if err != nil {
		return nil, err
	}
	c := &conn{
		server: s, writer: w, control: http.NewResponseController(w), wake: make(chan struct{}, 1),
		speech: chat.Speech{Dialect: d.Name, Directs: d.Directs}, format: s.format(d),
		places: newPlaces(q), socket: s.socket(r), since: s.o.Now(),
	}
	// The connection is read only to see its end.
	_ = c.control.SetReadDeadline(time.Time{}) // where there is a connection
	if c.session, err = s.o.Connect(id, c); err != nil {
		return nil, err
	}
	c.codec = d.New(c.session.ID())
	s.remember(c)
	stands := false
	defer func() {
		if v := recover(); v != nil {
			s.panicked(r.Context(), v)
			err = chat.E(chat.CodeInternal, "internal error")
		}
		if !stands {
			c.leave()
		}
	}()
	if err := c.subscribe(r.Context(), q); err != nil {
		return nil, err
	}
	stands = true
	s.count.opened.Add(1)
	if len(q.from.Seqs) > 0 {
		s.count.resumed.Add(1)
	}
	return c, nil
}

// socket is the request's connection if it tells what the client takes.
func (s *Server) socket(r *http.Request) net.Conn {
	if s.o.Conn == nil {
		return nil
	}
	c := s.o.Conn(r)
	if c == nil {
		return nil
	}
	if _, known := outstanding(c); !known {
		return nil
	}
	return c
}

// decline answers with the error. An EventSource that is answered with an error
// gives up for good: where the same request may succeed later, a client that
// asks for a stream gets one that tells it to come back, and ends.
func (s *Server) decline(w http.ResponseWriter, r *http.Request, d *wire.Dialect, err error) {
	s.count.refused.Add(1)
	e := chat.AsError(err)
	if e.Code == chat.CodeInternal {
		s.o.Logger.ErrorContext(r.Context(), "open a stream", "err", err)
	}
	if r.Method != http.MethodGet || !e.Retryable() || !accepts(r, "text/event-stream") {
		s.o.Refuse(w, err)
		return
	}
	header(w)
	var out []byte
	d.New(rand.Text()).Encode(&chat.Delivery{Reply: &chat.Reply{Err: e}}, func(frame []byte) {
		out = append(append(out, frame...), '\n')
	})
	_, _ = w.Write(out) // there is nobody to tell
}

// header begins the answer.
func header(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
	w.WriteHeader(http.StatusOK)
}

// survive answers for a fault in a session or codec: the stream ends, and its
// client comes back.
func (s *Server) survive(ctx context.Context) {
	if v := recover(); v != nil {
		s.panicked(ctx, v)
	}
}

func (s *Server) panicked(ctx context.Context, v any) {
	s.o.Logger.ErrorContext(ctx, "a stream panicked", "panic", v, "stack", string(debug.Stack()))
}
