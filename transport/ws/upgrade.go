package ws

import (
	"bufio"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Door is what one path speaks.
type Door struct {
	// Dialects, the first of which is spoken with clients that offer no
	// subprotocol of the others. Those of one name share their frames. Until a
	// connection is upgraded its client is taken to speak the first.
	Dialects []wire.Dialect
}

// Handler upgrades requests to connections that speak what the door speaks.
// Everything else is answered with a problem document.
func (s *Server) Handler(door Door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.checks(w, r) {
			return
		}
		if !s.gate.Enter() {
			s.leaving(w)
			return
		}
		defer s.gate.Leave()
		id, err := s.authenticate(r)
		if err != nil {
			s.decline(w, r, err)
			return
		}
		c, err := s.connect(id, &door.Dialects[0])
		if err != nil {
			s.decline(w, r, err)
			return
		}
		s.upgrade(w, r, door, c)
	})
}

func (s *Server) leaving(w http.ResponseWriter) {
	s.problem(w, http.StatusServiceUnavailable, &chat.Error{
		Code: chat.CodeGoingAway, Message: "the server stops", RetryAfter: s.retryAfter,
	})
}

func (s *Server) decline(w http.ResponseWriter, r *http.Request, err error) {
	e := chat.AsError(err)
	if e.Code == chat.CodeInternal {
		s.logger.ErrorContext(r.Context(), "open a connection", "err", err)
	}
	s.problem(w, s.options.StatusOf(e.Code), e)
}

// checks refuses what is no handshake, or not one for us.
func (s *Server) checks(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		s.problem(w, http.StatusMethodNotAllowed, chat.E(chat.CodeMethodNotFound, "a WebSocket begins with GET"))
	case r.ProtoMajor != 1 || !hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket"):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		s.problem(w, http.StatusUpgradeRequired, chat.E(chat.CodeMalformed, "this path speaks WebSocket"))
	case r.Header.Get("Sec-Websocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		s.problem(w, http.StatusUpgradeRequired, chat.E(chat.CodeUnsupported, "the WebSocket version is not 13"))
	case len(r.Header.Get("Sec-Websocket-Key")) != 24:
		s.problem(w, http.StatusBadRequest, chat.E(chat.CodeMalformed, "the WebSocket key is not 16 bytes in base 64"))
	case s.checkOrigin == nil:
		return true
	default:
		err := s.checkOrigin(r)
		if err != nil {
			s.problem(w, http.StatusForbidden, chat.AsError(err))
		}
		return err == nil
	}
	return false
}

func hasToken(values []string, token string) bool {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// connecting is a connection that is not opened: its turns are taken, so that
// nothing is written to a socket that is not there.
func (s *Server) connecting() *conn {
	c := &conn{server: s}
	c.writing.begin()
	c.reading.begin()
	return c
}

// connect makes the session, and the connection that is its sink.
func (s *Server) connect(id chat.Identity, d *wire.Dialect) (*conn, error) {
	c := s.connecting()
	c.spokenBy(d)
	if id.Anonymous() {
		c.flags.Or(flagStarving)
	}
	session, err := s.options.Connect(id, c)
	if err != nil {
		return nil, err
	}
	c.session = session
	return c, nil
}

// upgrade answers the handshake and leaves net/http, its goroutine and its
// buffers behind.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, door Door, c *conn) {
	chosen := door.Dialects[0]
	var deflate negotiation
	upgrader := ws.HTTPUpgrader{
		Header:  w.Header(), // what those before us had to say
		Timeout: s.handshakeTimeout,
		Protocol: func(offered string) bool {
			for _, d := range door.Dialects {
				if d.Subprotocol != "" && d.Subprotocol == offered {
					chosen = d
					return true
				}
			}
			return false
		},
	}
	if s.compression && c.peer == nil {
		upgrader.Negotiate = deflate.pick
	}
	nc, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		s.refused.Add(1)
		if nc != nil {
			_ = nc.Close()
		}
		c.over()
		return
	}
	c.input = buffered(rw)
	c.dialect = s.dialect(chosen.Name, deflate.bits)
	if c.peer == nil {
		c.codec = chosen.New(c.session.ID())
		c.spokenBy(&chosen)
	}
	s.open(c, nc)
}

// buffered is a copy of what the handshake's reader has taken of the first frames.
func buffered(rw *bufio.ReadWriter) []byte {
	n := rw.Reader.Buffered()
	if n == 0 {
		return nil
	}
	b, _ := rw.Reader.Peek(n)
	return append([]byte(nil), b...)
}

// open begins the connection's work.
func (s *Server) open(c *conn, nc net.Conn) {
	if len(c.input) > 0 {
		c.flags.Or(flagBuffered)
	}
	sock, polled := s.poller.adopt(nc)
	if !polled {
		sock = &stream{nc}
	}
	c.sock = sock
	c.flags.Or(flagOpen)
	s.remember(c)
	if err := s.poller.watch(c); err != nil {
		s.logger.Error("open a connection", "err", err)
		c.kill()
		return
	}
	// Whatever was wanted meanwhile is done now.
	c.writing.requeue()
	c.writers().push(c)
	if !polled {
		s.followers.Go(func() { s.follow(c) })
		return
	}
	c.reading.requeue()
	s.readers.push(c)
}
