package client

import (
	"context"
	"time"
)

// renewAgain is the least time between two attempts to renew a token.
const renewAgain = time.Second

// token is what to prove who one is with: a guest comes again as the same one.
func (c *Client) token(ctx context.Context) (string, error) {
	if c.o.TokenSource != nil {
		return c.o.TokenSource(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pass != "" {
		return c.pass, nil
	}
	return c.o.Token, nil
}

// outdated forgets a guest's pass that counts no more: the next connection is
// a new guest's.
func (c *Client) outdated() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.pass != ""
	c.pass = ""
	return had
}

// lasts plans for a fresh token in the last quarter of the present one's time.
// Client.mu is held, or nobody else has l yet.
func (l *link) lasts(until time.Time) {
	l.renewal, l.renewAt = 0, time.Time{}
	if c := l.client; !until.IsZero() && c.o.TokenSource != nil {
		now := c.o.Now()
		l.renewAt = now.Add(max(until.Sub(now)*3/4, renewAgain))
	}
}

// renew sends a fresh token if it is time.
func (l *link) renew() error {
	c := l.client
	c.mu.Lock()
	now := c.o.Now()
	if l.renewAt.IsZero() || l.renewAt.After(now) {
		c.mu.Unlock()
		return nil
	}
	l.renewAt = now.Add(renewAgain) // unless this one succeeds
	c.mu.Unlock()
	token, err := c.token(l.ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refs++
	l.renewal = c.refs
	frame, err := encode(&outgoing{Type: "connect", Ref: l.renewal, Token: token})
	if err == nil {
		l.send(frame)
	}
	return err
}
