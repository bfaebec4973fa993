package ws_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// carried is one of conntest's sessions as a Peer.
type carried struct {
	*conntest.Session
	link  ws.Link
	codec wire.Codec
	heads string // before each message
}

var errAskedFor = chat.E(chat.CodeTooLarge, "asked for")

func (p *carried) Receive(ctx context.Context, m wire.Message) error {
	if string(m.Data) == "fail" {
		return errAskedFor
	}
	if err := p.Ready(ctx); err != nil {
		return err
	}
	if err := p.codec.Decode(m.Data, func(r chat.Request) { p.Do(ctx, r) }); err != nil {
		p.Fail(err)
	}
	return nil
}

func (p *carried) Next(ctx context.Context, emit func(head string, data []byte, binary bool)) bool {
	batch, more := p.Session.Next(ctx, nil)
	for _, d := range batch {
		p.codec.Encode(d, func(frame []byte) {
			data, isBinary := strings.CutPrefix(string(frame), "binary:")
			emit(p.heads, []byte(data), isBinary)
		})
	}
	return more
}

// carry serves connections that carry the hub's sessions; made gives each peer.
func carry(t *testing.T, hub *conntest.Hub, heads string, secure bool) (server *ws.Server, url string, made chan *carried) {
	t.Helper()
	server, err := ws.New(ws.Options{MaxMessage: 1000, CloseWithin: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	made = make(chan *carried, 1000)
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := server.Carry(w, r, "carried", func(l ws.Link) (ws.Peer, error) {
			if r.URL.Query().Has("refuse") {
				return nil, errAskedFor
			}
			p := &carried{hub.Connect(chat.Identity{}, l), l, conntest.Echo().New(""), heads}
			made <- p
			return p, nil
		})
		if errors.Is(err, errAskedFor) {
			w.WriteHeader(http.StatusTeapot)
		} else if err != nil {
			t.Error(err)
		}
	}))
	if secure {
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(func() {
		h.Close()
		_ = server.Shutdown(within(t, 0))
	})
	return server, h.URL, made
}

func TestCarry(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"Plain": false, "OverTLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conntest.Run(t, func(t *testing.T, hub *conntest.Hub) conntest.Server {
				server, url, _ := carry(t, hub, "", secure)
				transport := http.DefaultTransport.(*http.Transport).Clone()
				transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
				return conntest.Server{Shutdown: server.Shutdown, Dial: func(ctx context.Context) (conntest.Client, error) {
					c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
					if err != nil {
						return nil, err
					}
					return client{c}, nil
				}}
			})
		})
	}
}

func TestCarry_FramesWhatIsOfTwoParts(t *testing.T) {
	t.Parallel()
	_, url, made := carry(t, conntest.NewHub(), "head-", false)
	ctx := within(t, time.Minute)
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	p := <-made
	for _, size := range []int{0, 1, 120, 121, 65530, 65531, 200_000} {
		for prefix, kind := range map[string]websocket.MessageType{"": websocket.MessageText, "binary:": websocket.MessageBinary} {
			p.Offer(conntest.Text(prefix + strings.Repeat("x", size)))
			got, data, err := c.Read(ctx)
			if err != nil || got != kind || string(data) != "head-"+strings.Repeat("x", size) {
				t.Fatalf("%d bytes: %v, %d bytes, %v", size, got, len(data), err)
			}
		}
	}
}

func TestCarry_TakesBinary(t *testing.T) {
	t.Parallel()
	_, url, _ := carry(t, conntest.NewHub(), "", false)
	ctx := within(t, time.Minute)
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageBinary, []byte("binary:\xff\x00")); err != nil {
		t.Fatal(err)
	}
	if kind, data, err := c.Read(ctx); err != nil || kind != websocket.MessageBinary || string(data) != "\xff\x00" {
		t.Errorf("%v %q %v", kind, data, err)
	}
}

func TestCarry_ClosesForWhatThePeerDoesNotTake(t *testing.T) {
	t.Parallel()
	_, url, made := carry(t, conntest.NewHub(), "", false)
	ctx := within(t, time.Minute)
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, frame := range []string{"good", "fail", "too late"} {
		if err := c.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
	if _, data, err := c.Read(ctx); err != nil || string(data) != "good" {
		t.Fatalf("%q %v", data, err)
	}
	if _, data, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("%q, %v", data, err)
	}
	p := <-made
	<-p.Closed()
	if p.Done() != 1 {
		t.Errorf("%d frames counted", p.Done())
	}
}

func TestCarry_LeavesTheAnswerToWhoRefusesThePeer(t *testing.T) {
	t.Parallel()
	server, url, _ := carry(t, conntest.NewHub(), "", false)
	_, resp, err := websocket.Dial(within(t, time.Minute), url+"?refuse", nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusTeapot {
		t.Errorf("%v", err)
	}
	if st := server.Stats(); st.Refused != 1 || st.Connections["carried"] != 0 {
		t.Errorf("counted as %+v", st)
	}
}

// A socket takes a ping for somebody who is dead, too.
func TestMoved_MeansThatSomebodyIsThere(t *testing.T) {
	t.Parallel()
	server, url, made := carry(t, conntest.NewHub(), "", false)
	ctx := within(t, time.Minute)
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	p := <-made
	for server.Stats().Connections["carried"] == 0 {
		time.Sleep(time.Millisecond)
	}
	echo := func(frame string) {
		t.Helper()
		if err := c.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
			t.Fatal(err)
		}
		if _, data, err := c.Read(ctx); err != nil || string(data) != frame {
			t.Fatalf("%q %v", data, err)
		}
	}
	for range 3 {
		echo("hello")
		if !p.link.Moved() {
			t.Error("a message came, and nothing moved")
		}
		quiet := func() bool { return !p.link.Moved() }
		for !quiet() { // what we sent may be acknowledged a moment later
			if ctx.Err() != nil {
				t.Fatal("something moves all the time")
			}
			time.Sleep(time.Millisecond)
		}
		p.Offer(conntest.Text("2"))
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
		if p.link.Moved() {
			t.Error("one small message moved something")
		}
		p.Offer(conntest.Text(strings.Repeat("x", 900)))
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
		for !p.link.Moved() {
			if ctx.Err() != nil {
				t.Fatal("nobody noticed that the socket took a message")
			}
			time.Sleep(time.Millisecond)
		}
	}
}
