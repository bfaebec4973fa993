package ws

import (
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// What a dropped connection looks like in a room is shown over the whole
// server, with a shorter period.
func TestC4_PingsEvery30SecondsUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Connect: func(chat.Identity, chat.Sink) (Session, error) {
		return nil, chat.E(chat.CodeUnavailable, "nobody connects here")
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if every := time.Duration(s.pingTicks) * s.tickEvery; every != 30*time.Second {
		t.Errorf("it pings every %v", every)
	}
}
