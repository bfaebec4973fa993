package ws_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// client is coder/websocket's.
type client struct{ *websocket.Conn }

func (c client) Send(ctx context.Context, frame string) error {
	return c.Write(ctx, websocket.MessageText, []byte(frame))
}

func (c client) Receive(ctx context.Context) (string, error) {
	_, b, err := c.Read(ctx)
	return string(b), err
}

func (c client) Close() error { return c.Conn.Close(websocket.StatusNormalClosure, "") }
func (c client) Cut() error   { return c.CloseNow() }

func TestConn(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]struct {
		secure bool
		o      ws.Options
		dial   websocket.DialOptions
	}{
		"Plain":    {},
		"Deflated": {o: ws.Options{Compression: true, CompressAbove: 1}, dial: websocket.DialOptions{CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: 1}},
		"OverTLS":  {secure: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conntest.Run(t, func(t *testing.T, hub *conntest.Hub) conntest.Server {
				o := mode.o
				o.Connect = func(id chat.Identity, sink chat.Sink) (ws.Session, error) { return hub.Connect(id, sink), nil }
				server, err := ws.New(o)
				if err != nil {
					t.Fatal(err)
				}
				h := httptest.NewUnstartedServer(server.Handler(ws.Door{Dialects: []wire.Dialect{conntest.Echo()}}))
				if mode.secure {
					h.StartTLS()
				} else {
					h.Start()
				}
				t.Cleanup(func() {
					h.Close()
					_ = server.Shutdown(within(t, 0))
				})
				dial := mode.dial
				dial.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
				return conntest.Server{Shutdown: server.Shutdown, Dial: func(ctx context.Context) (conntest.Client, error) {
					c, _, err := websocket.Dial(ctx, h.URL, &dial)
					if err != nil {
						return nil, err
					}
					return client{c}, nil
				}}
			})
		})
	}
}
