package main

import (
	"bytes"
	"context"

	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/socketio/echo"
	"github.com/parley-chat/parley/wire"
)

// mirror is a Socket that sends back what it is sent.
type mirror struct {
	echo.Queue
	conn *engineio.Conn
}

// Receive implements engineio.Socket.
func (m *mirror) Receive(_ context.Context, got wire.Message) error {
	got.Data = bytes.Clone(got.Data)
	m.Put(got)
	m.conn.Wake()
	return nil
}
