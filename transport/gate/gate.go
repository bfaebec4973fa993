// Package gate counts who is inside a server that is to end in order: nobody
// more comes in, and then it waits until the last one has left.
package gate

import "sync"

// Gate is open until it is shut. Its zero value is ready, and safe for
// concurrent use.
type Gate struct {
	mu     sync.Mutex
	inside int
	empty  chan struct{} // nil: the gate is open; closed: since it was shut everybody has left
}

// Enter counts one in, who has to Leave; false: the gate is shut.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil {
		return false
	}
	g.inside++
	return true
}

// Admit counts one in, who has to Leave, although the gate may be shut: what was
// begun is finished. It reports whether the gate is open.
func (g *Gate) Admit() (open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
	return g.empty == nil
}

// Leave counts out one who was counted in.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.settle()
}

// Open reports that the gate was not shut.
func (g *Gate) Open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.empty == nil
}

// Shut shuts the gate. The channel, the same at every call, is closed as soon as
// nobody is inside; who is admitted after that is not waited for.
func (g *Gate) Shut() (empty <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty == nil {
		g.empty = make(chan struct{})
		g.settle()
	}
	return g.empty
}

// settle says once that nobody is left; mu is held.
func (g *Gate) settle() {
	if g.empty == nil || g.inside > 0 {
		return
	}
	select {
	case <-g.empty:
	default:
		close(g.empty)
	}
}
