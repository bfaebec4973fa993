package client

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/parley-chat/parley/chat"
)

// steady is how long a connection must last for the attempts to be counted
// from none again.
const steady = 10 * time.Second

// backoff is "full jitter": the pause before the n-th attempt is anything up to
// min(cap, base·2ⁿ), so that many clients do not come back at once.
type backoff struct {
	base, cap time.Duration
	attempts  int
}

// next is the pause after err. A pause that the server asked for is kept, and
// spread by a tenth.
func (b *backoff) next(err error) time.Duration {
	most := min(b.cap, b.base<<min(b.attempts, 20))
	if most <= 0 {
		most = b.cap
	}
	b.attempts++
	if told, ok := errors.AsType[*chat.Error](err); ok && told.RetryAfter > 0 {
		return told.RetryAfter + rand.N(told.RetryAfter/10+1)
	}
	return rand.N(most + 1)
}

// lasted begins anew after a connection that was one.
func (b *backoff) lasted(d time.Duration) {
	if d >= steady {
		b.attempts = 0
	}
}
