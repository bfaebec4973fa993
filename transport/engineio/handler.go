package engineio

import (
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// failure is how the protocol refuses a request. The codes are those of the
// reference server, which clients know.
type failure struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (f *failure) Error() string { return f.Message }

var (
	errTransport = &failure{http.StatusBadRequest, 0, "Transport unknown"}
	errUnknown   = &failure{http.StatusBadRequest, 1, "Session ID unknown"}
	errMethod    = &failure{http.StatusBadRequest, 2, "Bad handshake method"}
	errRequest   = &failure{http.StatusBadRequest, 3, "Bad request"}
	errMismatch  = &failure{http.StatusBadRequest, 3, "Bad request: the connection has another transport"}
	errOverlap   = &failure{http.StatusBadRequest, 3, "Bad request: one of its kind is under way"}
	errPayload   = &failure{http.StatusBadRequest, 3, "Bad request: the payload was not taken"}
	errTooLarge  = &failure{http.StatusRequestEntityTooLarge, 3, "Payload too large"}
	errVersion   = &failure{http.StatusBadRequest, 5, "Unsupported protocol version"}
)

// forbidden is code 4: who asks is refused for a reason of ours.
func forbidden(status int, err *chat.Error) *failure { return &failure{status, 4, err.Message} }

// ServeHTTP serves polls, POSTs and WebSocket handshakes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.gate.Admit() // to a connection that ends, too
	defer s.gate.Leave()
	if !s.cross(w, r) {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	query := r.URL.Query()
	id, transport := query.Get("sid"), query.Get("transport")
	switch {
	case transport != "polling" && transport != "websocket":
		s.refuse(w, errTransport)
	case query.Get("EIO") != "4":
		s.refuse(w, errVersion)
	case query.Has("j"):
		s.refuse(w, errRequest) // JSONP: a script of ours in anybody's page
	case id == "" && r.Method != http.MethodGet:
		s.refuse(w, errMethod)
	case transport == "websocket":
		s.socket(w, r, id)
	case id == "":
		s.handshake(w, r)
	default:
		s.poll(w, r, id)
	}
}

// cross lets pages of other origins in, or keeps them out, and answers their
// preflights; false: the request is answered.
func (s *Server) cross(w http.ResponseWriter, r *http.Request) bool {
	if s.o.CheckOrigin != nil {
		if err := s.o.CheckOrigin(r); err != nil {
			s.refuse(w, forbidden(http.StatusForbidden, chat.AsError(err)))
			return false
		}
	}
	header := w.Header()
	if origin := r.Header.Get("Origin"); origin != "" {
		if s.o.CheckOrigin == nil {
			header.Set("Access-Control-Allow-Origin", "*")
		} else {
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Allow-Credentials", "true")
		}
	}
	if !strings.Contains(header.Get("Vary"), "Origin") {
		header.Add("Vary", "Origin")
	}
	if r.Method != http.MethodOptions {
		return true
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		header.Set("Access-Control-Allow-Headers", asked)
	}
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return false
}

// handshake makes a connection that polls.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	c, err := s.connect(r, nil)
	if err != nil {
		s.decline(w, r, err)
		return
	}
	a := &payload{}
	a.add(kindOpen, s.opening(c, true))
	_ = s.answer(w, http.NewResponseController(w), a)
}

// poll serves a request of a connection that polls.
func (s *Server) poll(w http.ResponseWriter, r *http.Request, id string) {
	c := s.find(id, r)
	switch {
	case c == nil && r.Method == http.MethodGet && s.lingers(id):
		s.goodbye(w)
		return
	case c == nil:
		s.refuse(w, errUnknown)
		return
	}
	defer s.survive(w, c)
	switch r.Method {
	case http.MethodGet:
		s.get(w, r, c)
	case http.MethodPost:
		s.post(w, r, c)
	default:
		s.refuse(w, errRequest)
	}
}

// goodbye ends a poll whose client has closed the connection.
func (s *Server) goodbye(w http.ResponseWriter) {
	a := &payload{}
	a.add(kindNoop, "")
	_ = s.answer(w, http.NewResponseController(w), a)
}

// survive answers for a fault in a socket.
func (s *Server) survive(w http.ResponseWriter, c *Conn) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		s.o.Logger.Error("a poll panicked", "panic", v, "stack", string(debug.Stack()))
		c.end(kindClose, nil, false)
		s.refuse(w, &failure{http.StatusInternalServerError, 3, "Internal error"})
	}
}

// socket makes a WebSocket: a connection's own, or one that is to take over
// from polls.
func (s *Server) socket(w http.ResponseWriter, r *http.Request, id string) {
	if s.o.Upgrade == nil || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.refuse(w, errRequest)
		return
	}
	err := s.o.Upgrade(w, r, func(l Link) (Peer, error) {
		if id != "" {
			return s.candidate(r, id, l)
		}
		c, err := s.connect(r, l)
		if err != nil {
			return nil, err
		}
		return c.main.Load(), nil
	})
	if err != nil {
		s.decline(w, r, err)
	}
}

// candidate is the WebSocket that wants to take over from the polls of a
// connection. One at a time may; another is made and closed, as the protocol
// wants it.
func (s *Server) candidate(r *http.Request, id string, l Link) (Peer, error) {
	c := s.find(id, r)
	if c == nil {
		return nil, errUnknown
	}
	p := &pipe{conn: c, link: l}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.main.Load() != nil || c.candidate != nil {
		l.Close(chat.E(chat.CodeInvalid, "the connection has a WebSocket"))
		return p, nil
	}
	c.candidate = p
	c.over = s.elapsed() + s.o.UpgradeTimeout
	c.schedule()
	return p, nil
}

// answer writes a payload, and reports whether it went out as far as anybody
// can see.
func (s *Server) answer(w http.ResponseWriter, control *http.ResponseController, a *payload) error {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	s.count.packetsOut.Add(uint64(a.packets))
	s.count.bytesOut.Add(uint64(len(a.body)))
	if _, err := w.Write(a.body); err != nil {
		return err
	}
	if err := control.Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// decline answers a handshake that was not granted.
func (s *Server) decline(w http.ResponseWriter, r *http.Request, err error) {
	if f := new(failure); errors.As(err, &f) {
		s.refuse(w, f)
		return
	}
	e := chat.AsError(err)
	if e.Code == chat.CodeInternal {
		s.o.Logger.ErrorContext(r.Context(), "open a connection", "err", err)
	}
	s.refuse(w, forbidden(s.o.StatusOf(e.Code), e))
}

func (s *Server) refuse(w http.ResponseWriter, f *failure) {
	s.count.refused.Add(1)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(f)
}
