// Package echo is the application that the official test suite of Socket.IO's
// protocol expects in a namespace: a client is told its `auth`, `message` comes
// back as `message-back`, and `message-with-ack` as an acknowledgement.
package echo

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/wire"
	protocol "github.com/parley-chat/parley/wire/socketio"
)

// maxQueued is how many bytes wait for a client before nothing more is taken
// from it.
const maxQueued = 4 << 20

// Namespace is the application. Its zero value is ready.
type Namespace struct{}

// Connect implements socketio.Namespace.
func (Namespace) Connect(_ context.Context, h *socketio.Handshake, s socketio.Socket) (socketio.Client, error) {
	c := &client{socket: s, namespace: h.Namespace, room: make(chan struct{})}
	c.send(&protocol.Packet{Type: protocol.Connect, Data: []byte(`{"sid":"` + rand.Text() + `"}`)})
	auth := h.Auth
	if len(auth) == 0 {
		auth = []byte(`{}`)
	}
	c.send(&protocol.Packet{Type: protocol.Event, Data: append(append([]byte(`["auth",`), auth...), ']')})
	return c, nil
}

type client struct {
	socket    socketio.Socket
	namespace string

	mu     sync.Mutex
	queue  []wire.Message
	bytes  int
	closed bool
	room   chan struct{} // closed when there is room again, or at the end
}

// Receive implements socketio.Client.
func (c *client) Receive(_ context.Context, p *protocol.Packet) {
	if p.Type != protocol.Event {
		return
	}
	p.Data = bytes.TrimSpace(p.Data)
	switch {
	case p.Wanted && bytes.HasPrefix(p.Data, []byte(`["message-with-ack",`)):
		args := append([]byte{'['}, p.Data[len(`["message-with-ack",`):]...)
		c.send(&protocol.Packet{Type: protocol.Ack, Wanted: true, ID: p.ID, Data: args, Attachments: p.Attachments})
	case bytes.HasPrefix(p.Data, []byte(`["message",`)):
		args := append([]byte(`["message-back",`), p.Data[len(`["message",`):]...)
		c.send(&protocol.Packet{Type: protocol.Event, Data: args, Attachments: p.Attachments})
	}
}

// Fail implements socketio.Client.
func (c *client) Fail(_ *protocol.Packet, err error) {
	c.put(wire.Message{Data: protocol.AppendError(nil, c.namespace, chat.AsError(err))})
}

func (c *client) send(p *protocol.Packet) {
	p.Namespace = c.namespace
	messages := []wire.Message{{Data: protocol.AppendPacket(nil, p)}}
	for _, data := range p.Attachments {
		messages = append(messages, wire.Message{Data: data, Binary: true})
	}
	c.put(messages...)
}

func (c *client) put(messages ...wire.Message) {
	c.mu.Lock()
	for _, m := range messages {
		c.queue = append(c.queue, m)
		c.bytes += len(m.Data)
	}
	c.mu.Unlock()
	c.socket.Wake()
}

// Ready implements socketio.Client.
func (c *client) Ready(ctx context.Context) error {
	for {
		c.mu.Lock()
		room, closed, full := c.room, c.closed, c.bytes >= maxQueued
		c.mu.Unlock()
		switch {
		case closed:
			return chat.E(chat.CodeGoingAway, "the client is gone")
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

// Next implements socketio.Client.
func (c *client) Next(_ context.Context, dst []wire.Message) ([]wire.Message, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, size := 0, 0
	for ; n < len(c.queue) && size < 64<<10; n++ {
		size += len(c.queue[n].Data)
	}
	dst = append(dst, c.queue[:n]...)
	c.queue, c.bytes = c.queue[n:], c.bytes-size
	c.makeRoom()
	return dst, len(c.queue) > 0
}

// Close implements socketio.Client.
func (c *client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.makeRoom()
}

// makeRoom lets whoever waits look again; mu is held.
func (c *client) makeRoom() {
	close(c.room)
	c.room = make(chan struct{})
}
