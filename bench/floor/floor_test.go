package floor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/bench/floor"
)

// kinds runs test against every kind of floor.
func kinds(t *testing.T, test func(t *testing.T, url string, o floor.Options)) {
	t.Helper()
	for _, batch := range []bool{false, true} {
		for _, sync := range []bool{false, true} {
			t.Run(fmt.Sprintf("batch=%v,sync=%v", batch, sync), func(t *testing.T) {
				t.Parallel()
				o := floor.Options{Batch: batch}
				if sync {
					o.Log = filepath.Join(t.TempDir(), "log")
				}
				test(t, serve(t, o), o)
			})
		}
	}
}

func serve(t *testing.T, o floor.Options) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- floor.Serve(ctx, l, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return "ws://" + l.Addr().String() + "/v1/ws"
}

type client struct {
	t *testing.T
	c *websocket.Conn
}

type told struct {
	Type, Text, Nonce, Position, SenderID string
	Seq, Sequence, Ref                    int
}

func dial(t *testing.T, url, user string) *client {
	t.Helper()
	tight := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c, c.(*net.TCPConn).SetReadBuffer(128 << 10)
	}}
	c, _, err := websocket.Dial(t.Context(), url+"?userId="+user, &websocket.DialOptions{
		Subprotocols: []string{floor.Subprotocol}, HTTPClient: &http.Client{Transport: tight},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Subprotocol() != floor.Subprotocol {
		t.Fatalf("subprotocol %q", c.Subprotocol())
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return &client{t, c}
}

func (c *client) say(format string, args ...any) {
	c.t.Helper()
	if err := c.c.Write(c.t.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) hear(kinds ...string) []told {
	c.t.Helper()
	var out []told
	for _, kind := range kinds {
		ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
		_, b, err := c.c.Read(ctx)
		cancel()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", kind, err)
		}
		var got told
		if err := json.Unmarshal(b, &got); err != nil {
			c.t.Fatalf("%s: %v", b, err)
		}
		if got.Type != kind {
			c.t.Fatalf("got %s, want %s", b, kind)
		}
		out = append(out, got)
	}
	return out
}

func TestFloor_ForwardsToAllMembersAndAcknowledges(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, url string, o floor.Options) {
		a, b := dial(t, url, "a"), dial(t, url, "b")
		for _, c := range []*client{a, b} {
			c.say(`{"type":"subscribe","ref":1,"channelId":"r"}`)
			c.hear("subscribed", "level")
		}
		a.say(`{"type":"publish","ref":7,"channelId":"r","text":"x \"y\"","nonce":"n1"}`)
		want := told{Type: "message", Text: `x "y"`, Nonce: "n1", SenderID: "a", Seq: 1, Sequence: 0}
		if diff := cmp.Diff([]told{want}, b.hear("message")); diff != "" {
			t.Errorf("b: (-want +got)\n%s", diff)
		}
		got := a.hear("ack", "message")
		if diff := cmp.Diff([]told{{Type: "ack", Ref: 7, Nonce: "n1", Seq: 1}, want}, got); diff != "" {
			t.Errorf("a: (-want +got)\n%s", diff)
		}
		if o.Log == "" {
			return
		}
		if written, err := os.ReadFile(o.Log); err != nil || !bytes.Contains(written, []byte(`x \"y\"`)) {
			t.Errorf("the log holds %q, %v", written, err)
		}
	})
}

func TestFloor_ReplaysFromAPosition(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, url string, _ floor.Options) {
		a, b := dial(t, url, "a"), dial(t, url, "b")
		b.say(`{"type":"subscribe","ref":1,"channelId":"r"}`)
		start := b.hear("subscribed", "level")[1].Position
		b.say(`{"type":"unsubscribe","channelId":"r"}`)
		b.say(`{"type":"publish","channelId":"r","text":"1"}`)
		b.hear("ack") // and no message: it has left
		for n := 2; n <= 300; n++ {
			a.say(`{"type":"publish","ref":%d,"channelId":"r","text":"%d"}`, n, n)
			a.hear("ack")
		}
		b.say(`{"type":"subscribe","ref":2,"channelId":"r","position":%q}`, start)
		b.hear("expired")
		b.say(`{"type":"subscribe","ref":3,"channelId":"r","position":"floor:290"}`)
		b.hear("subscribed")
		for seq := 291; seq <= 300; seq++ {
			if got := b.hear("message")[0]; got.Seq != seq || got.Text != fmt.Sprint(seq) {
				t.Fatalf("got %+v, want seq %d", got, seq)
			}
		}
		b.hear("level")
	})
}

// A reader that stops fills its socket, and with Batch the queue behind it.
func TestFloor_KeepsTheOrderOfASlowReader(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, url string, o floor.Options) {
		const messages = 300
		slow, sender := dial(t, url, "slow"), dial(t, url, "sender")
		slow.say(`{"type":"subscribe","channelId":"r"}`)
		slow.hear("subscribed", "level")
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for range messages {
				sender.say(`{"type":"publish","channelId":"r","text":"%024000d"}`, 0)
			}
		}()
		acked := make(chan struct{})
		go func() {
			defer close(acked)
			for range messages {
				sender.hear("ack")
			}
		}()
		if o.Batch { // the others wait for their readers
			<-acked
		}
		for seq := 1; seq <= messages; seq++ {
			if got := slow.hear("message")[0]; got.Seq != seq {
				t.Fatalf("got seq %d, want %d", got.Seq, seq)
			}
		}
		<-sent
		<-acked
	})
}

func TestServe_EndsWhenTheLogCannotBeWritten(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- floor.Serve(t.Context(), l, floor.Options{Log: "/dev/full"}) }()
	a := dial(t, "ws://"+l.Addr().String(), "a")
	a.say(`{"type":"publish","ref":1,"channelId":"r","text":"x"}`)
	var pathError *os.PathError
	if err := <-ended; !errors.As(err, &pathError) {
		t.Errorf("Serve = %v, want the write's error", err)
	}
}
