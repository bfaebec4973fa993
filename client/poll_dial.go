package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/parley-chat/parley/chat"
)

// Transport is how a client's frames travel.
type Transport string

const (
	Auto      Transport = ""          // by WebSocket; by polling where no WebSocket gets through
	WebSocket Transport = "websocket" // and nothing else
	Polling   Transport = "polling"   // requests that the server holds
)

// blockedAfter is how many attempts in a row must fail as if something in
// between had no WebSockets, before the client polls.
const blockedAfter = 2

// errBetter ends polling when a WebSocket gets through.
var errBetter = errors.New("a WebSocket gets through: moving there")

// conn is what a link's frames travel over. Read and Write may be called at
// the same time.
type conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, frame []byte) error
	Ping(ctx context.Context) error
	Close() error // as the protocol says one should
	Cut()         // at once; it waits for what the conn has under way
}

// socket is a WebSocket.
type socket struct{ ws *websocket.Conn }

func (s socket) Read(ctx context.Context) ([]byte, error) {
	_, frame, err := s.ws.Read(ctx)
	return frame, err
}

func (s socket) Write(ctx context.Context, frame []byte) error {
	return s.ws.Write(ctx, websocket.MessageText, frame)
}

func (s socket) Ping(ctx context.Context) error { return s.ws.Ping(ctx) }
func (s socket) Close() error                   { return s.ws.Close(websocket.StatusNormalClosure, "") }
func (s socket) Cut()                           { _ = s.ws.CloseNow() }

// dial makes a connection by the way that is open.
func (c *Client) dial(ctx context.Context, token string) (conn, error) {
	if c.polling() {
		return c.poll(token), nil
	}
	s, err := c.dialSocket(ctx)
	if err == nil {
		c.blocked = 0
		return s, nil
	}
	if c.o.Transport == Auto && c.pollURL != "" && looksBlocked(err) {
		c.blocked++ // the next attempt has its time for itself
	} else {
		c.blocked = 0
	}
	return nil, fmt.Errorf("dial: %w", err)
}

// unanswered notes that polling leads nowhere either: a WebSocket is next.
func (c *Client) unanswered() { c.blocked = min(c.blocked, blockedAfter-1) }

// polling reports that the next connection is not to be a WebSocket.
func (c *Client) polling() bool {
	return c.o.Transport == Polling || c.blocked >= blockedAfter
}

func (c *Client) dialSocket(ctx context.Context) (conn, error) {
	ws, response, err := websocket.Dial(ctx, c.url, &websocket.DialOptions{
		HTTPClient: c.http, Subprotocols: []string{subprotocol},
	})
	if err != nil {
		return nil, &undialled{response, refusal(response, err)}
	}
	ws.SetReadLimit(maxAnswer)
	if ws.Subprotocol() != subprotocol {
		_ = ws.CloseNow()
		return nil, chat.E(chat.CodeUnsupported, "the server does not speak %s", subprotocol)
	}
	return socket{ws}, nil
}

// undialled is a handshake that failed, with the answer if there was one.
type undialled struct {
	response *http.Response
	err      error
}

func (u *undialled) Error() string { return u.err.Error() }
func (u *undialled) Unwrap() error { return u.err }

// looksBlocked reports that something in between may have refused or swallowed
// the handshake: neither was it the server, who says so in its own words, nor
// was nobody there.
func looksBlocked(err error) bool {
	u, ok := errors.AsType[*undialled](err)
	if !ok {
		return false
	}
	if u.response != nil {
		return !strings.HasPrefix(u.response.Header.Get("Content-Type"), "application/problem+json")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return false
	}
	return true
}

// better tries a WebSocket now and then while l polls, and ends l when one
// gets through: the next connection is one.
func (l *link) better() {
	c := l.client
	ticker := time.NewTicker(c.o.RetrySocket)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(l.ctx, c.o.ConnectWithin)
		s, err := c.dialSocket(ctx)
		cancel()
		if err != nil {
			continue
		}
		s.Cut()
		l.moving.Store(true)
		l.cancel()
		return
	}
}
