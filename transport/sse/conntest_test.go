package sse_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/sse"
)

// client reads a stream of the suite's dialect, whose frames are no lines: each
// stands before the line end that a transport adds to an event.
type client struct {
	cancel context.CancelFunc
	body   io.ReadCloser
	lines  chan string
	ended  chan struct{}
	err    error
}

func dial(ctx context.Context, url string) (*client, error) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r, err := http.NewRequestWithContext(lasting, http.MethodGet, url, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		cancel()
		return nil, err
	}
	c := &client{cancel: cancel, body: response.Body, lines: make(chan string), ended: make(chan struct{})}
	if response.StatusCode != http.StatusOK {
		_ = c.Cut()
		return nil, fmt.Errorf("answered %s", response.Status)
	}
	go func() {
		defer close(c.ended)
		in := bufio.NewReader(response.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				c.err = err
				return
			}
			if line = strings.TrimSuffix(line, "\n"); line == "" || line == ":" {
				continue
			}
			select {
			case c.lines <- line:
			case <-lasting.Done():
				c.err = lasting.Err()
				return
			}
		}
	}()
	return c, nil
}

func (c *client) Send(context.Context, string) error { return io.ErrClosedPipe }

func (c *client) Receive(ctx context.Context) (string, error) {
	select {
	case line := <-c.lines:
		return line, nil
	default:
	}
	select {
	case line := <-c.lines:
		return line, nil
	case <-c.ended:
		return "", c.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *client) Close() error { return c.Cut() }

func (c *client) Cut() error {
	c.cancel()
	return c.body.Close()
}

func TestConn(t *testing.T) {
	t.Parallel()
	conntest.RunOneWay(t, func(t *testing.T, hub *conntest.Hub) conntest.Server {
		s := sse.New(sse.Options{
			Connect: func(id chat.Identity, sink chat.Sink) (sse.Session, error) { return hub.Connect(id, sink), nil },
			Refuse:  refuse,
		})
		h := httptest.NewServer(s.Handler(conntest.Echo()))
		t.Cleanup(func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = s.Shutdown(ctx)
			h.CloseClientConnections()
			h.Close()
		})
		return conntest.Server{
			Shutdown: s.Shutdown,
			Dial:     func(ctx context.Context) (conntest.Client, error) { return dial(ctx, h.URL) },
		}
	})
}
