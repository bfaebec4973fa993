// Package local joins hubs of one process: what one publishes the others hear.
package local

import (
	"sync"

	"github.com/parley-chat/parley/chat"
)

// Bus is what the nodes have in common.
type Bus struct {
	mu    sync.Mutex
	nodes map[*Node]struct{}
}

// New is a bus without nodes.
func New() *Bus { return &Bus{nodes: make(map[*Node]struct{})} }

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
	b.nodes[n] = struct{}{}
	b.mu.Unlock()
	return n
}

// Publish tells every other node.
func (n *Node) Publish(h chat.Hint) {
	n.bus.mu.Lock()
	others := make([]*Node, 0, len(n.bus.nodes))
	for other := range n.bus.nodes {
		if other != n {
			others = append(others, other)
		}
	}
	n.bus.mu.Unlock()
	for _, other := range others {
		other.hear(h)
	}
}

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
