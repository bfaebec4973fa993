// Package echo is the application that the official test suite of Socket.IO's
// protocol expects in a namespace: a client is told its `auth`, `message` comes
// back as `message-back`, and `message-with-ack` as an acknowledgement.
package echo

import (
	"bytes"
	"context"
	"crypto/rand"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/wire"
	protocol "github.com/parley-chat/parley/wire/socketio"
)

// Namespace is the application. Its zero value is ready.
type Namespace struct{}

// Connect implements socketio.Namespace.
func (Namespace) Connect(_ context.Context, h *socketio.Handshake, s socketio.Socket) (socketio.Client, error) {
	c := &client{socket: s, namespace: h.Namespace}
	c.send(&protocol.Packet{Type: protocol.Connect, Data: []byte(`{"sid":"` + rand.Text() + `"}`)})
	auth := h.Auth
	if len(auth) == 0 {
		auth = []byte(`{}`)
	}
	c.send(&protocol.Packet{Type: protocol.Event, Data: append(append([]byte(`["auth",`), auth...), ']')})
	return c, nil
}

type client struct {
	Queue
	socket    socketio.Socket
	namespace string
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
	c.Put(messages...)
	c.socket.Wake()
}
