package search

import (
	"context"
	"sync"

	"github.com/parley-chat/parley/chat"
)

// turns are the searches under way: so many at once, and half as many of one
// user, so that nobody's keep the others waiting.
type turns struct {
	all chan struct{} // one for each
	mu  sync.Mutex
	own map[asker]*turn
}

// asker is a user of a project.
type asker struct{ project, user string }

// turn is one asker's.
type turn struct {
	slots chan struct{}
	users int // of it: searches under way, and that wait
}

func newTurns(atOnce int) turns {
	return turns{all: make(chan struct{}, atOnce), own: make(map[asker]*turn)}
}

// take waits for id's turn until ctx ends; give ends it. A server key asks for
// many, and is bounded as all are.
func (t *turns) take(ctx context.Context, id *chat.Identity) (give func(), err error) {
	own, leave := t.join(id)
	if err := put(ctx, own); err != nil {
		leave()
		return nil, err
	}
	if err := put(ctx, t.all); err != nil {
		<-own
		leave()
		return nil, err
	}
	return func() {
		<-t.all
		<-own
		leave()
	}, nil
}

// join are the slots of one asker, which leave forgets when nobody uses them.
func (t *turns) join(id *chat.Identity) (slots chan struct{}, leave func()) {
	if id.Server {
		return make(chan struct{}, 1), func() {}
	}
	who := asker{id.Project, id.User}
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.own[who]
	if own == nil {
		own = &turn{slots: make(chan struct{}, max(cap(t.all)/2, 1))}
		t.own[who] = own
	}
	own.users++
	return own.slots, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.own, who)
		}
	}
}

func put(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
