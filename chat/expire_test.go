package chat_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// large is a store through which it takes long to look for what is old.
type large struct {
	chat.Store
	begun atomic.Int64
	takes time.Duration
}

func (l *large) Expire(ctx context.Context, _ time.Time) (int, error) {
	l.begun.Add(1)
	select {
	case <-ctx.Done():
	case <-time.After(l.takes):
	}
	return 0, ctx.Err()
}

func TestExpire_IsNotBegunAgainWhileItGoesOn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, _ *chat.Hub, store chat.Store) {
		l := &large{Store: store, takes: 5*time.Minute + 30*time.Second}
		newHub(t, chat.Options{Store: l})
		time.Sleep(6 * time.Minute) // the first begins after one, and ends after six and a half
		if n := l.begun.Load(); n != 1 {
			t.Errorf("begun %d times", n)
		}
		time.Sleep(90 * time.Second)
		if n := l.begun.Load(); n != 2 {
			t.Errorf("begun %d times, the first has ended", n)
		}
	})
}
