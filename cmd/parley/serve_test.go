package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// bundle is a whole server, as `parley serve` runs it, in a folder of its own.
type bundle struct {
	*server
	config   *Serve
	url      string // http://host:port
	document *document
}

// setup starts a server; change may alter its settings first.
func setup(t *testing.T, change func(*Serve)) *bundle {
	t.Helper()
	c := &Serve{Addr: []string{"127.0.0.1:0"}, Data: t.TempDir(), PostRate: 50, PostBurst: 100, Compression: true}
	if change != nil {
		change(c)
	}
	return started(t, c, slog.New(slog.DiscardHandler))
}

// started is a server with these settings, that logs there.
func started(t *testing.T, c *Serve, log *slog.Logger) *bundle {
	t.Helper()
	s, err := c.start(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(nil); err != nil {
			t.Error(err)
		}
	})
	return &bundle{server: s, config: c, url: "http://" + s.addrs()[0], document: newDocument()}
}

func dev(c *Serve) { c.Dev = true }

// socket is a plain client of a WebSocket door.
type socket struct {
	t  *testing.T
	ws *websocket.Conn
}

func (b *bundle) dial(t *testing.T, path string, o *websocket.DialOptions) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, b.url+path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return &socket{t, c}
}

func (s *socket) send(frame string) {
	s.t.Helper()
	if err := s.ws.Write(s.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		s.t.Fatal(err)
	}
}

// until reads frames up to one of the type.
func (s *socket) until(typ string) map[string]any {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	for {
		_, data, err := s.ws.Read(ctx)
		if err != nil {
			s.t.Fatalf("waiting for %q: %v", typ, err)
		}
		var frame map[string]any
		if err := json.Unmarshal(data, &frame); err != nil {
			s.t.Fatal(err)
		}
		if frame["type"] == typ {
			return frame
		}
		if frame["type"] == "error" {
			s.t.Fatalf("waiting for %q: %s", typ, data)
		}
	}
}

func TestServe_CarriesAMessageFromSocketToSocket(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, bob := b.dial(t, "/v1/ws?userId=ada", nil), b.dial(t, "/v1/ws?userId=bob", nil)
	bob.send(`{"type":"subscribe","ref":1,"channelId":"general"}`)
	bob.until("level")
	ada.send(`{"type":"publish","ref":1,"channelId":"general","nonce":"n1","text":"Hello"}`)
	ack := ada.until("ack")
	got := bob.until("message")
	if got["text"] != "Hello" || got["senderId"] != "ada" || got["seq"] != ack["seq"] {
		t.Errorf("ack %v, message %v", ack, got)
	}
}
