package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/parley-chat/parley/chat"
)

const subprotocol = "parley.v1.json"

// closeUnauthorized is the close code of a connection whose credentials are
// missing, wrong or expired.
const closeUnauthorized websocket.StatusCode = 4001

// maxAnswer bounds a frame from the server: a page of 1000 of the greatest
// bodies fits.
const maxAnswer = 128 << 20

// goodbyeWithin is how long Close waits for the server to answer its close frame.
const goodbyeWithin = time.Second

// link is one connection that let the client in.
type link struct {
	client *Client
	conn   conn
	ctx    context.Context
	cancel context.CancelFunc
	heard  atomic.Bool // something was read since the last look
	moving atomic.Bool // from polling to a WebSocket
	why    error       // what the server said before it closed; the reader's

	// Client.mu guards what follows.
	out     [][]byte
	delayed []*Pending    // to be sent again at their time
	wake    chan struct{} // of size one
	renewAt time.Time     // when to show a fresh token; zero: never
	renewal uint64        // the ref of a connect that is under way
}

// connected is the server's answer to connect.
type connected struct {
	Session    string    `json:"session"`
	UserID     string    `json:"userId"`
	UserName   string    `json:"userName"`
	Expires    time.Time `json:"expires"`
	GuestToken string    `json:"guestToken"`
}

// connect makes one connection and serves it until it ends. It reports whether
// the server let the client in.
func (c *Client) connect() (bool, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.o.ConnectWithin)
	defer cancel()
	token, err := c.token(ctx)
	if err != nil {
		return false, fmt.Errorf("get a token: %w", err)
	}
	conn, err := c.dial(ctx, token)
	if err != nil {
		return false, err
	}
	defer conn.Cut()
	who, err := c.introduce(ctx, conn, token)
	if err != nil {
		c.unanswered()
		return false, fmt.Errorf("connect: %w", err)
	}
	l := &link{client: c, conn: conn, wake: make(chan struct{}, 1)}
	l.lasts(who.Expires)
	l.ctx, l.cancel = context.WithCancel(c.ctx)
	return true, l.serve(who)
}

// refusal reads what an HTTP answer in place of an upgrade means.
func refusal(response *http.Response, err error) error {
	if response == nil {
		return err
	}
	code := chat.Code("")
	switch response.StatusCode {
	case http.StatusUnauthorized:
		code = chat.CodeUnauthorized
	case http.StatusForbidden:
		code = chat.CodeForbidden
	case http.StatusServiceUnavailable:
		code = chat.CodeGoingAway
	default:
		return err
	}
	told := &chat.Error{Code: code, Message: "the server answered " + response.Status, Cause: err}
	if seconds, bad := time.ParseDuration(response.Header.Get("Retry-After") + "s"); bad == nil {
		told.RetryAfter = seconds
	}
	return told
}

// introduce says who the client is, and waits to be let in.
func (c *Client) introduce(ctx context.Context, conn conn, token string) (*connected, error) {
	c.mu.Lock()
	c.refs++
	ref := c.refs
	c.mu.Unlock()
	frame := &outgoing{Type: "connect", Ref: ref, Token: token, UserID: c.o.UserID}
	if c.o.UserName != "" {
		frame.UserName = &c.o.UserName
	}
	hello, err := encode(frame)
	if err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, hello); err != nil {
		return nil, ended(err, nil)
	}
	var why error
	for {
		data, err := conn.Read(ctx)
		if err != nil {
			return nil, ended(err, why)
		}
		f, err := decode(data)
		if err != nil {
			return nil, err
		}
		mine := f.ref() == ref
		switch {
		case f.Type == "connected" && mine:
			return as[connected](f)
		case f.Type == "error" && mine, f.Type == "going_away", f.Type == "expiring":
			refused, err := as[fault](f)
			if err != nil {
				return nil, err
			}
			why = refused.err()
			if mine {
				return nil, why
			}
		}
	}
}

// serve runs the connection's goroutines: it reads, the others write and ask
// whether the server is still there.
func (l *link) serve(who *connected) error {
	var others sync.WaitGroup
	defer others.Wait()
	defer l.cancel()
	l.up(who)
	defer l.down()
	l.client.tell(Status{
		State: Connected, UserID: who.UserID, Name: who.UserName, Session: who.Session, GuestToken: who.GuestToken,
	})
	others.Go(l.write)
	others.Go(l.ping)
	if l.client.o.Transport == Auto && l.client.polling() {
		others.Go(l.better)
	}
	for {
		data, err := l.conn.Read(l.ctx)
		if l.moving.Load() {
			l.client.blocked = 0
			return errBetter
		}
		if err != nil {
			return ended(err, l.why)
		}
		l.heard.Store(true)
		f, err := decode(data)
		if err == nil {
			err = l.handle(f)
		}
		if err != nil {
			return fmt.Errorf("read a frame: %w", err)
		}
	}
}

// up says again what must be said on each connection: presence,
// subscriptions, then what has no answer, oldest first.
func (l *link) up(who *connected) {
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
	if who.GuestToken != "" {
		c.pass = who.GuestToken
	}
	if c.presence != nil {
		l.send(c.presence)
	}
	for _, s := range c.subs {
		s.begin()
	}
	refs := make([]uint64, 0, len(c.pending))
	for ref := range c.pending {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		c.pending[ref].post(l)
	}
}

// down forgets what only this connection could answer.
func (l *link) down() {
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = nil
	clear(c.byRef)
	for _, p := range c.pending {
		if p.once && p.sent {
			c.settle(p, nil, &Unknown{Err: errors.New("the connection broke")})
		}
	}
}

// send queues a frame. Client.mu is held.
func (l *link) send(frame []byte) {
	l.out = append(l.out, frame)
	l.poke()
}

func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write sends what is queued, what is due again, and a new token in time.
func (l *link) write() {
	defer l.cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.wake:
		case <-timer.C:
		}
		frames, next := l.due()
		timer.Reset(next)
		for _, frame := range frames {
			if err := l.conn.Write(l.ctx, frame); err != nil {
				return
			}
		}
		if err := l.renew(); err != nil {
			l.client.o.Logger.Warn("renew the token", "err", err)
		}
	}
}

// due takes what is to be sent now, and says when to look again.
func (l *link) due() ([][]byte, time.Duration) {
	c := l.client
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := time.Minute
	if !l.renewAt.IsZero() {
		wait = min(wait, max(0, l.renewAt.Sub(now)))
	}
	l.delayed = slices.DeleteFunc(l.delayed, func(p *Pending) bool {
		if c.pending[p.ref] != p {
			return true
		}
		if left := p.notBefore.Sub(now); left > 0 {
			wait = min(wait, left)
			return false
		}
		p.post(l)
		return true
	})
	for _, s := range c.subs {
		if left := s.notBefore.Sub(now); !s.notBefore.IsZero() && left > 0 {
			wait = min(wait, left)
		} else if !s.notBefore.IsZero() {
			s.begin()
		}
	}
	frames := l.out
	l.out = nil
	return frames, wait
}

// ping finds out when nobody is there any more. The server pings too, every 30
// s, so that a connection without any traffic does not exist.
func (l *link) ping() {
	defer l.cancel()
	ticker := time.NewTicker(l.client.o.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		if l.heard.Swap(false) {
			continue
		}
		ctx, cancel := context.WithTimeout(l.ctx, l.client.o.PingEvery/2)
		err := l.conn.Ping(ctx)
		cancel()
		if err != nil {
			return
		}
	}
}

// goodbye closes the connection as RFC 6455 wants it, if the server answers.
func (l *link) goodbye() {
	done := make(chan struct{})
	l.client.work.Go(func() {
		defer close(done)
		_ = l.conn.Close()
	})
	select {
	case <-done:
	case <-time.After(goodbyeWithin):
	}
}

// ended is why a connection that fails with err is over: what the server said
// before counts more.
func ended(err, why error) error {
	if why != nil {
		return why
	}
	if websocket.CloseStatus(err) == closeUnauthorized {
		return &chat.Error{Code: chat.CodeUnauthorized, Message: "the server closed the connection", Cause: err}
	}
	return err
}
