package main

import (
	"bytes"
	"context"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/wire"
)

// maxEchoes is how many bytes wait for a client before nothing more is taken
// from it.
const maxEchoes = 4 * maxPayload

// echo is a Socket that sends back what it is sent.
type echo struct {
	conn *engineio.Conn

	mu     sync.Mutex
	queue  []wire.Message
	bytes  int
	idle   bool
	closed bool
	room   chan struct{} // closed when there is room again, or at the end
}

func newEcho(c *engineio.Conn) *echo { return &echo{conn: c, room: make(chan struct{})} }

func (e *echo) Receive(_ context.Context, m wire.Message) error {
	m.Data = bytes.Clone(m.Data)
	e.mu.Lock()
	e.queue = append(e.queue, m)
	e.bytes += len(m.Data)
	wake := e.idle
	e.idle = false
	e.mu.Unlock()
	if wake {
		e.conn.Wake()
	}
	return nil
}

func (e *echo) Ready(ctx context.Context) error {
	for {
		e.mu.Lock()
		room, closed, full := e.room, e.closed, e.bytes >= maxEchoes
		e.mu.Unlock()
		switch {
		case closed:
			return chat.E(chat.CodeGoingAway, "the socket is closed")
		case !full:
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *echo) Next(_ context.Context, dst []wire.Message) ([]wire.Message, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, size := 0, 0
	for ; n < len(e.queue) && size < 64<<10; n++ {
		size += len(e.queue[n].Data)
	}
	dst = append(dst, e.queue[:n]...)
	e.queue, e.bytes = e.queue[n:], e.bytes-size
	e.idle = len(e.queue) == 0
	e.makeRoom()
	return dst, !e.idle
}

func (e *echo) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.makeRoom()
}

// makeRoom lets whoever waits look again; mu is held.
func (e *echo) makeRoom() {
	close(e.room)
	e.room = make(chan struct{})
}
