package upload

import (
	"context"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

// seizeWithin is how long a request that was stopped may take to let go: it
// has what came to write.
const seizeWithin = 5 * time.Second

// claims say which request an upload belongs to; there is one at a time.
type claims struct {
	mu     sync.Mutex
	held   map[string]*claim
	closed *chat.Error // why there are none any more
}

type claim struct {
	stop  func(*chat.Error) // nil: it ends by itself
	ended chan struct{}
}

// take claims what nobody has. stop is called at most until release is, and
// must not block.
func (c *claims) take(key string, stop func(*chat.Error)) (release func(), free bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[key] != nil {
		return nil, false
	}
	if c.held == nil {
		c.held = make(map[string]*claim)
	}
	mine := &claim{stop, make(chan struct{})}
	c.held[key] = mine
	if c.closed != nil && stop != nil {
		stop(c.closed)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.held, key)
		close(mine.ended)
	}, true
}

// seize claims what another request may have, which is stopped and told why.
func (c *claims) seize(ctx context.Context, key string, why *chat.Error) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, seizeWithin)
	defer cancel()
	for {
		if release, free := c.take(key, nil); free {
			return release, nil
		}
		select {
		case <-c.interrupt(key, why):
		case <-ctx.Done():
			return nil, why
		}
	}
}

// interrupt stops who has the claim; the channel closes when it is given back.
func (c *claims) interrupt(key string, why *chat.Error) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	other := c.held[key]
	if other == nil {
		free := make(chan struct{})
		close(free)
		return free
	}
	if other.stop != nil {
		other.stop(why)
	}
	return other.ended
}

// close stops all who have claims, and all who take one later.
func (c *claims) close(why *chat.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = why
	for _, held := range c.held {
		if held.stop != nil {
			held.stop(why)
		}
	}
}

// Drain ends the uploads in pieces that are under way: what came of them is
// kept, and their clients go on elsewhere or later. It does not wait.
func (s *Service) Drain() {
	s.claims.close(&chat.Error{Code: chat.CodeGoingAway, Message: "the server is stopping", RetryAfter: time.Second})
}
