package client

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-chat/parley/chat"
)

// Pending is a request that was not answered yet. It is sent again on every
// connection, in the order in which requests were made, until it is answered
// or given up.
type Pending struct {
	client *Client
	ref    uint64
	nonce  string
	frame  []byte
	once   bool // it is not to be sent again
	done   chan struct{}

	// Client.mu guards what follows, until done is closed.
	sent      bool // on the present connection
	attempts  int  // that may have taken effect
	refused   *chat.Error
	notBefore time.Time
	answer    *incoming
	err       error
}

// Ack says that an event is on stable storage.
type Ack struct {
	ID        string         `json:"id"` // the message's
	ChannelID string         `json:"channelId"`
	Nonce     string         `json:"nonce"`
	Seq       uint64         `json:"seq"` // the event's; a key's version
	Sequence  uint64         `json:"sequence"`
	CreatedAt time.Time      `json:"createdAt"`
	Repeated  bool           `json:"repeated"`  // it was stored by an earlier attempt
	DeletedAt time.Time      `json:"deletedAt"` // zero: it is not
	Key       string         `json:"key"`       // of shared state
	Value     jsontext.Value `json:"value"`     // of a key that was added to: the sum
	UserID    string         `json:"userId"`    // whose standing it is
}

// submit gives a request its place in the order.
func (c *Client) submit(f *outgoing, once bool) (*Pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil || c.ctx.Err() != nil:
		return nil, ErrClosed
	case len(c.pending) >= c.o.MaxPending:
		return nil, ErrQueueFull
	}
	c.refs++
	f.Ref = c.refs
	frame, err := encode(f)
	if err != nil {
		return nil, err
	}
	p := &Pending{client: c, ref: f.Ref, nonce: f.Nonce, frame: frame, once: once, done: make(chan struct{})}
	c.pending[p.ref] = p
	if c.link != nil {
		p.post(c.link)
	}
	return p, nil
}

// call is submit, then wait.
func (c *Client) call(ctx context.Context, f *outgoing) (*incoming, error) {
	p, err := c.submit(f, false)
	if err != nil {
		return nil, err
	}
	return p.wait(ctx)
}

// post sends the request, or has it sent when it may be. Client.mu is held.
func (p *Pending) post(l *link) {
	p.sent = false
	if !p.notBefore.IsZero() && p.notBefore.After(p.client.o.Now()) {
		l.delayed = append(l.delayed, p)
		l.poke()
		return
	}
	p.sent, p.refused, p.notBefore = true, nil, time.Time{}
	p.attempts++
	l.send(p.frame)
}

// refuse takes an error for an answer, or waits and asks again if that is
// worth it. Client.mu is held.
func (p *Pending) refuse(f *fault) {
	err := f.err()
	if surely(f.Code) {
		p.attempts--
	}
	if f.Retry && !p.once {
		wait := err.RetryAfter
		if wait <= 0 {
			wait = p.client.o.Base << 2
		}
		p.refused, p.notBefore = err, p.client.o.Now().Add(wait)
		if l := p.client.link; l != nil {
			p.post(l)
		}
		return
	}
	if p.attempts > 1 && f.Code != chat.CodeConflict {
		p.client.settle(p, nil, &Unknown{Nonce: p.nonce, Err: err})
		return
	}
	p.client.settle(p, nil, err)
}

// giveUp is what is known of the request if nobody waits any longer, because
// of why. Client.mu is held.
func (p *Pending) giveUp(why error) error {
	switch {
	case p.attempts > 0:
		return &Unknown{Nonce: p.nonce, Err: why}
	case p.refused != nil:
		return p.refused
	}
	return why
}

// settle ends the wait. Client.mu is held.
func (c *Client) settle(p *Pending, answer *incoming, err error) {
	if c.pending[p.ref] != p {
		return
	}
	delete(c.pending, p.ref)
	p.answer, p.err = answer, err
	close(p.done)
}

// wait is for the answer; with ctx the request is given up.
func (p *Pending) wait(ctx context.Context) (*incoming, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		p.client.mu.Lock()
		p.client.settle(p, nil, p.giveUp(ctx.Err()))
		p.client.mu.Unlock()
	}
	return p.answer, p.err
}

// Done is closed when there is an answer, or never will be.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Nonce is what the message can be sent again with.
func (p *Pending) Nonce() string { return p.nonce }

// Wait is for the ack. When ctx ends first the request is given up: it is not
// sent again, and the error says whether it may have taken effect.
func (p *Pending) Wait(ctx context.Context) (Ack, error) {
	f, err := p.wait(ctx)
	if err != nil {
		return Ack{}, err
	}
	ack, err := as[Ack](f)
	if err != nil {
		return Ack{}, &Unknown{Nonce: p.nonce, Err: err}
	}
	return *ack, nil
}
