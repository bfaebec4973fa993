// Package local joins hubs of one process: what one publishes the others hear.
package local

import (
	"sync"
	"sync/atomic"

	"github.com/parley-chat/parley/chat"
)

// Bus is what the nodes have in common. Its zero value has none.
type Bus struct {
	mu    sync.Mutex              // held while a node joins
	nodes atomic.Pointer[[]*Node] // of which each is a copy: many publish, and few join
}

// New is a bus without nodes.
func New() *Bus { return new(Bus) }

// Node is one hub's end of the bus. It implements chat.Bus.
type Node struct {
	bus    *Bus
	mu     sync.Mutex // held during a call of listen
	listen func(chat.Hint)
}

// Join adds a node.
func (b *Bus) Join() *Node {
	n := &Node{bus: b}
	b.mu.Lock()
	defer b.mu.Unlock()
	nodes := []*Node{n}
	if joined := b.nodes.Load(); joined != nil {
		nodes = append(nodes, *joined...)
	}
	b.nodes.Store(&nodes)
	return n
}

// Publish tells every other node.
func (n *Node) Publish(h chat.Hint) {
	for _, other := range *n.bus.nodes.Load() {
		if other != n {
			other.hear(h)
		}
	}
}

// Loses is false: whoever listens has heard a hint when Publish returns.
func (n *Node) Loses() bool { return false }

func (n *Node) hear(h chat.Hint) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listen != nil {
		n.listen(h)
	}
}

// Listen calls f, one call at a time, for what other nodes publish.
func (n *Node) Listen(f func(chat.Hint)) (stop func()) {
	n.mu.Lock()
	n.listen = f
	n.mu.Unlock()
	return func() {
		n.mu.Lock()
		n.listen = nil
		n.mu.Unlock()
	}
}
