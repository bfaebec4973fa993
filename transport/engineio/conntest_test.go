package engineio_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/engineio"
)

func TestConn(t *testing.T) {
	t.Parallel()
	for name, dial := range map[string]func(context.Context, *bundle) (conntest.Client, error){
		"Polling":   dialPolling,
		"WebSocket": dialSocket,
		"Upgraded":  dialUpgraded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conntest.Run(t, func(t *testing.T, hub *conntest.Hub) conntest.Server {
				b := setupWith(t, engineio.Options{PingInterval: time.Second, PingTimeout: 8 * time.Second, CloseWithin: 10 * time.Second}, hub)
				sees := time.Duration(0)
				if name == "Polling" {
					sees = 18 * time.Second // a client that is cut between two polls is missed by the next ping only
				}
				return conntest.Server{
					SeesCut: sees,
					Dial:    func(ctx context.Context) (conntest.Client, error) { return dial(ctx, b) },
					Shutdown: func(ctx context.Context) error {
						return errors.Join(b.server.Shutdown(ctx), b.sockets.Shutdown(ctx))
					},
				}
			})
		})
	}
}

// pipeline is a client over a WebSocket.
type pipeline struct{ *websocket.Conn }

func (c pipeline) Send(ctx context.Context, frame string) error {
	return c.Write(ctx, websocket.MessageText, []byte("4"+frame))
}

func (c pipeline) Receive(ctx context.Context) (string, error) {
	for {
		_, data, err := c.Read(ctx)
		if err != nil {
			return "", err
		}
		switch data[0] {
		case '4':
			return string(data[1:]), nil
		case '2':
			if err := c.Write(ctx, websocket.MessageText, []byte("3")); err != nil {
				return "", err
			}
		}
	}
}

func (c pipeline) Close() error {
	return c.Write(context.Background(), websocket.MessageText, []byte("1"))
}
func (c pipeline) Cut() error { return c.CloseNow() }

func dialSocket(ctx context.Context, b *bundle) (conntest.Client, error) {
	c, _, err := websocket.Dial(ctx, b.url+"/?EIO=4&transport=websocket", nil)
	if err != nil {
		return nil, err
	}
	_, data, err := c.Read(ctx)
	if err == nil && data[0] != '0' {
		err = errors.New("the first packet is not open: " + string(data))
	}
	return pipeline{c}, err
}

func handshake(ctx context.Context, b *bundle) (sid string, err error) {
	a := b.request(ctx, http.MethodGet, polling, "")
	if a.err != nil || a.status != http.StatusOK {
		return "", errors.Join(a.err, errors.New(a.body))
	}
	_, rest, _ := strings.Cut(a.body, `"sid":"`)
	sid, _, _ = strings.Cut(rest, `"`)
	return sid, nil
}

func dialUpgraded(ctx context.Context, b *bundle) (conntest.Client, error) {
	sid, err := handshake(ctx, b)
	if err != nil {
		return nil, err
	}
	c, _, err := websocket.Dial(ctx, b.url+"/?EIO=4&transport=websocket&sid="+sid, nil)
	if err != nil {
		return nil, err
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("2probe")); err != nil {
		return nil, err
	}
	if _, data, err := c.Read(ctx); err != nil || string(data) != "3probe" {
		return nil, errors.Join(err, errors.New("the probe was not answered: "+string(data)))
	}
	return pipeline{c}, c.Write(ctx, websocket.MessageText, []byte("5"))
}

// poller is a client that polls, as the official one does: one GET after the
// other, and one POST at a time with whatever has gathered.
type poller struct {
	bundle   *bundle
	sid      string
	ctx      context.Context
	cut      context.CancelFunc
	received chan string
	sending  sync.Mutex
	queue    []string
	posting  bool
}

func dialPolling(ctx context.Context, b *bundle) (conntest.Client, error) {
	sid, err := handshake(ctx, b)
	if err != nil {
		return nil, err
	}
	p := &poller{bundle: b, sid: sid, received: make(chan string, 1<<16)}
	p.ctx, p.cut = context.WithCancel(ctx)
	go p.poll()
	return p, nil
}

func (p *poller) poll() {
	defer close(p.received)
	for {
		a := p.bundle.request(p.ctx, http.MethodGet, polling+"&sid="+p.sid, "")
		if a.err != nil || a.status != http.StatusOK {
			return
		}
		packets := strings.Split(a.body, "\x1e")
		if len(packets) > 16 {
			panic("an answer holds more than 16 packets")
		}
		for _, packet := range packets {
			switch packet[0] {
			case '4':
				p.received <- packet[1:]
			case '2':
				p.enqueue("3")
			case '1':
				return
			}
		}
	}
}

func (p *poller) enqueue(packet string) {
	p.sending.Lock()
	defer p.sending.Unlock()
	if p.queue = append(p.queue, packet); !p.posting {
		p.posting = true
		go p.post()
	}
}

func (p *poller) post() {
	for {
		p.sending.Lock()
		body := strings.Join(p.queue, "\x1e")
		p.queue = nil
		p.posting = body != ""
		p.sending.Unlock()
		if body == "" || p.bundle.request(p.ctx, http.MethodPost, polling+"&sid="+p.sid, body).body != "ok" {
			return
		}
	}
}

func (p *poller) Send(_ context.Context, frame string) error {
	p.enqueue("4" + frame)
	return nil
}

func (p *poller) Receive(ctx context.Context) (string, error) {
	select {
	case frame, ok := <-p.received:
		if !ok {
			return "", io.EOF
		}
		return frame, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (p *poller) Close() error {
	p.enqueue("1")
	return nil
}

func (p *poller) Cut() error {
	p.cut()
	return nil
}
