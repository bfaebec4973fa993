package poll_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/poll"
)

// held waits until n requests are held, and no other is under way.
func (b *bundle) held(t testing.TB, n int) {
	t.Helper()
	begun := time.Now()
	for st := b.server.Stats(); st.Held != n || st.Requests != n; st = b.server.Stats() {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("of %d requests %d are held, not %d", st.Requests, st.Held, n)
		}
		time.Sleep(time.Millisecond)
	}
}

// hold has ada hold a request for the channel general, whose answer is given.
func (b *bundle) hold(t testing.TB, session, at string) <-chan *answer {
	t.Helper()
	held := make(chan *answer, 1)
	go func() {
		a, err := b.try(t.Context(), "ada", object{"session": session, "subscriptions": in("general", at)})
		if err != nil {
			t.Error(err)
		}
		held <- a
	}()
	b.held(t, 1)
	return held
}

func (b *bundle) position(e *chat.Event) string {
	return chat.Position{Epoch: b.hub.Epoch(), Seq: e.Seq}.String()
}

func TestPoll_AHoldIsAnsweredAtOnceByAPostThroughAnotherDoor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.Gather = 0 })
	session, at := b.begin(t, "ada", "general")
	best := time.Hour
	for i := range 10 {
		told := make(chan *answer, 1)
		var arrived time.Time
		go func() {
			a, err := b.try(t.Context(), "ada", object{"session": session, "subscriptions": in("general", at)})
			if err != nil {
				t.Error(err)
			}
			arrived = time.Now()
			told <- a
		}()
		b.held(t, 1)
		e := b.post(t, "bob", "general", fmt.Sprint(i))
		posted := time.Now()
		a := <-told
		if a == nil || a.texts() != fmt.Sprint(i) || a.types() != "message" {
			t.Fatalf("told %+v", a)
		}
		best = min(best, arrived.Sub(posted))
		session, at = a.Session, b.position(e)
	}
	if best > 50*time.Millisecond {
		t.Errorf("the quickest of 10 took %v", best)
	}
}

func TestPoll_ASecondRequestEndsTheHold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	held := b.hold(t, session, at)
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at), "frames": []object{{"type": "ping", "ref": 1}}})
	if a.types() != "pong" {
		t.Errorf("the second is told %s", a.text)
	}
	if first := <-held; first == nil || len(first.Frames) > 0 || first.Session == "" {
		t.Errorf("the first is told %+v", first)
	}
}

func TestPoll_ACancelledRequestFreesItsHold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _, _ = b.try(ctx, "ada", object{"session": session, "subscriptions": in("general", at)}) }()
	b.held(t, 1)
	cancel()
	b.held(t, 0)
	b.post(t, "bob", "general", "one")
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if a.texts() != "one" {
		t.Errorf("told %s", a.text)
	}
}

func TestPoll_AHoldEndsEmpty(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.Hold = 50 * time.Millisecond })
	session, at := b.begin(t, "ada", "general")
	for _, hold := range []any{nil, 0, 10, 1 << 50} {
		begun := time.Now()
		a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at), "hold": hold})
		if len(a.Frames) > 0 || a.Session != session || time.Since(begun) > 5*time.Second {
			t.Errorf("hold %v: told %s after %v", hold, a.text, time.Since(begun))
		}
	}
}

func TestPoll_SignalsWaitForTheNextRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	bob, _ := identify("bob")
	if err := b.hub.Signal(t.Context(), &bob, chat.Send{Channel: "general", Name: "wave", Data: []byte(`1`)}); err != nil {
		t.Fatal(err)
	}
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if a.types() != "signal" {
		t.Errorf("told %s", a.text)
	}
}
