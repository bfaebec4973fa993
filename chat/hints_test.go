package chat_test

import (
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// echo is a bus whose other nodes answer each hint with the same one at once,
// before Publish returns.
type echo struct {
	t         *testing.T
	listen    func(chat.Hint)
	published chan chat.Hint
}

func (e *echo) Publish(h chat.Hint) {
	heard := make(chan struct{})
	go func() {
		e.listen(h)
		close(heard)
	}()
	select {
	case <-heard:
	case <-time.After(10 * time.Second):
		e.t.Errorf("%+v was published by who holds what listening takes", h)
	}
	e.published <- h
}

func (e *echo) Loses() bool { return true }

func (e *echo) Listen(f func(chat.Hint)) (stop func()) {
	e.listen = f
	return func() {}
}

func TestHints_AreAnsweredBeforePublishReturns(t *testing.T) {
	t.Parallel()
	bus := &echo{t: t, published: make(chan chat.Hint, 10)}
	h := newHub(t, chat.Options{Bus: bus})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.must(post("general", "hello", "n"))
	for _, what := range []string{"when it was posted", "a second later", "five seconds later"} {
		select {
		case hint := <-bus.published:
			if hint.Channel.Name != "general" || hint.Seq != 1 {
				t.Errorf("%s: %+v", what, hint)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing was published %s", what)
		}
	}
}
