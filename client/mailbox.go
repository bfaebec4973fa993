package client

import "sync"

// mailbox runs what is put into it on one goroutine, in order.
type mailbox struct {
	wake chan struct{} // of size one

	mu     sync.Mutex
	calls  []func()
	closed bool
}

func (m *mailbox) put(call func()) {
	m.mu.Lock()
	if !m.closed {
		m.calls = append(m.calls, call)
	}
	m.mu.Unlock()
	m.poke()
}

// close lets serve return once it has run what was put in before.
func (m *mailbox) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.poke()
}

func (m *mailbox) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *mailbox) serve() {
	for range m.wake {
		m.mu.Lock()
		calls, closed := m.calls, m.closed
		m.calls = nil
		m.mu.Unlock()
		for _, call := range calls {
			call()
		}
		if closed {
			return
		}
	}
}
