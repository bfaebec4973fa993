package poll

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// errGone says that the client is not there to be answered.
var errGone = errors.New("the client is gone")

// Handler answers requests in frames of the dialect d.
func (s *Server) Handler(d wire.Dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.gate.Admit() // to a session that ends, too
		defer s.gate.Leave()
		s.count.requests.Add(1)
		defer s.count.requests.Add(-1)
		defer s.survive(w)
		// Where there is a connection. The server's own deadline for all its
		// handlers may be too short for a hold.
		_ = http.NewResponseController(w).SetWriteDeadline(s.o.Now().Add(s.longest))
		if err := s.serve(w, r, &d); err != nil && !errors.Is(err, errGone) {
			s.refuse(w, r, err)
		}
	})
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.count.refused.Add(1)
	if chat.CodeOf(err) == chat.CodeInternal {
		s.o.Logger.ErrorContext(r.Context(), "a poll failed", "err", err)
	}
	s.o.Refuse(w, err)
}

// survive answers for a fault in a session or codec.
func (s *Server) survive(w http.ResponseWriter) {
	if v := recover(); v != nil {
		s.o.Logger.Error("a poll panicked", "panic", v, "stack", string(debug.Stack()))
		s.count.refused.Add(1)
		s.o.Refuse(w, chat.E(chat.CodeInternal, "internal error"))
	}
}

// serve does one request, from who asks to the answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, d *wire.Dialect) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return chat.E(chat.CodeMethodNotFound, "a poll is a POST")
	}
	id := chat.Identity{Project: chat.DefaultProject}
	if s.o.Authenticate != nil {
		var err error
		if id, err = s.o.Authenticate(r); err != nil {
			return err
		}
	}
	q, err := s.read(w, r)
	if err != nil {
		return err
	}
	x := &exchange{request: q, superseded: make(chan struct{}), done: make(chan struct{})}
	c, err := s.admit(r.Context(), x, &id, d)
	if err != nil {
		return err
	}
	defer c.rest(x)
	body := s.exchange(r.Context(), c, x)
	if x.broken {
		return chat.E(chat.CodeInternal, "internal error")
	}
	s.answer(w, body)
	return nil
}

// admit finds the session of the request, or makes one, and waits for its turn.
func (s *Server) admit(ctx context.Context, x *exchange, id *chat.Identity, d *wire.Dialect) (*conn, error) {
	old := s.find(x.request.session)
	if old != nil && old.dialect.Name == d.Name && old.fits(id) {
		if old.enter(ctx, x) {
			x.follows = x.request.seen == old.answers
			if x.lost = !x.follows; x.lost {
				s.count.lost.Add(1)
			}
			return old, nil
		}
		if ctx.Err() != nil {
			return nil, errGone
		}
	}
	c, err := s.open(*id, d)
	if err != nil {
		return nil, err
	}
	if old != nil && old.of(id) {
		x.replaces = old
	}
	if x.fresh = true; c.enter(ctx, x) {
		return c, nil
	}
	c.end()
	if ctx.Err() != nil {
		return nil, errGone
	}
	return nil, s.leaving() // which is why it was ended by somebody else
}

// exchange has the session serve x, and composes the answer. A session that
// does not outlive its request ends here, or when its work panics.
func (s *Server) exchange(ctx context.Context, c *conn, x *exchange) []byte {
	kept := false
	defer func() {
		c.leave(x)
		if !kept {
			c.end()
		}
	}()
	c.serve(ctx, x)
	unheardOf := x.fresh && ctx.Err() != nil // nobody learns its name
	kept = c.leased && !x.last && !x.request.leave && !x.broken && !unheardOf
	if !kept && !x.request.leave {
		x.retryAfter = max(x.retryAfter, s.o.RetryAfter)
	}
	body := append(make([]byte, 0, len(x.out)+128), '{')
	if kept {
		body = append(body, `"session":"`...)
		body = appendName(body, c.session.ID(), c.answers)
		body = append(body, `",`...)
	}
	body = append(body, `"frames":[`...)
	body = append(body, x.out...)
	body = append(body, ']')
	if x.retryAfter > 0 {
		body = append(body, `,"retryAfter":`...)
		body = strconv.AppendInt(body, max(1, x.retryAfter.Milliseconds()), 10)
	}
	return append(body, "}\n"...)
}

// answer writes body. Whether it arrives is for the client's next request to say.
func (s *Server) answer(w http.ResponseWriter, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	s.count.answered.Add(1)
	s.count.bytesOut.Add(uint64(len(body)))
	_, _ = w.Write(body)
}
