package socketio_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/transport/socketio/echo"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// The cases of the protocol's official test suite (its heading: "Socket.IO
// protocol"), over a WebSocket of Engine.IO's.

// serve serves the namespaces over Engine.IO; it returns where.
func serve(t *testing.T, o socketio.Options) string {
	t.Helper()
	sockets, err := ws.New(ws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := socketio.New(o)
	engines := engineio.New(engineio.Options{
		Open: func(r *http.Request, c *engineio.Conn) (engineio.Socket, error) { return s.Open(r, c), nil },
		Upgrade: func(w http.ResponseWriter, r *http.Request, peer func(engineio.Link) (engineio.Peer, error)) error {
			return sockets.Carry(w, r, "socketio", func(l ws.Link) (ws.Peer, error) { return peer(l) })
		},
	})
	h := httptest.NewServer(engines)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = engines.Shutdown(ctx)
		_ = sockets.Shutdown(ctx)
		h.Close()
		if st := s.Stats(); st.Connections != 0 || st.Clients != 0 {
			t.Errorf("after the end there is %+v", st)
		}
	})
	return h.URL
}

// peer is a client that sees the messages themselves.
type peer struct {
	t   *testing.T
	ctx context.Context
	ws  *websocket.Conn
}

func dial(t *testing.T, url string) *peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	c, _, err := websocket.Dial(ctx, url+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(4 << 20)
	t.Cleanup(func() { _ = c.CloseNow() })
	p := &peer{t, ctx, c}
	if open := p.next(); !strings.HasPrefix(open, `0{"sid":"`) {
		t.Fatalf("opened by %s", open)
	}
	return p
}

func (p *peer) send(messages ...wire.Message) {
	p.t.Helper()
	for _, m := range messages {
		typ := websocket.MessageText
		if m.Binary {
			typ = websocket.MessageBinary
		}
		if err := p.ws.Write(p.ctx, typ, m.Data); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *peer) say(texts ...string) {
	p.t.Helper()
	for _, s := range texts {
		p.send(wire.Message{Data: []byte(s)})
	}
}

// next is the next message; of a binary one its bytes.
func (p *peer) next() string {
	p.t.Helper()
	_, data, err := p.ws.Read(p.ctx)
	if err != nil {
		p.t.Fatalf("reading: %v", err)
	}
	return string(data)
}

// ended wants the connection closed, whatever comes before.
func (p *peer) ended() {
	p.t.Helper()
	for {
		if _, _, err := p.ws.Read(p.ctx); err != nil {
			if p.ctx.Err() != nil {
				p.t.Fatal("the connection lives on")
			}
			return
		}
	}
}

// admitted wants to be let in, and returns the socket's id.
func (p *peer) admitted(head string) string {
	p.t.Helper()
	got := p.next()
	var accepted map[string]string
	if err := json.Unmarshal([]byte(strings.TrimPrefix(got, head)), &accepted); err != nil || len(accepted) != 1 || accepted["sid"] == "" {
		p.t.Fatalf("let in by %s", got)
	}
	return accepted["sid"]
}

func (p *peer) wants(messages ...string) {
	p.t.Helper()
	var got []string
	for range messages {
		got = append(got, p.next())
	}
	if diff := cmp.Diff(messages, got); diff != "" {
		p.t.Errorf("(-want +got):\n%s", diff)
	}
}

func echoes(t *testing.T) string {
	return serve(t, socketio.Options{Namespaces: map[string]socketio.Namespace{"/": echo.Namespace{}, "/custom": echo.Namespace{}}})
}

func TestSuite_ConnectsToANamespace(t *testing.T) {
	t.Parallel()
	url := echoes(t)
	for _, row := range [][3]string{
		{`40`, `40`, `42["auth",{}]`},
		{`40{"token":"123"}`, `40`, `42["auth",{"token":"123"}]`},
		{`40/custom,`, `40/custom,`, `42/custom,["auth",{}]`},
		{`40/custom,{"token":"abc"}`, `40/custom,`, `42/custom,["auth",{"token":"abc"}]`},
	} {
		p := dial(t, url)
		p.say(row[0])
		p.admitted(row[1])
		p.wants(row[2])
	}
}

func TestSuite_RefusesAnUnknownNamespace(t *testing.T) {
	t.Parallel()
	p := dial(t, echoes(t))
	p.say(`40/random`)
	p.wants(`44/random,{"message":"Invalid namespace"}`)
	p.say(`40`)
	p.admitted(`40`)
}

func TestSuite_AnInvalidHandshakeCloses(t *testing.T) {
	t.Parallel()
	p := dial(t, echoes(t))
	p.say(`4abc`)
	p.ended()
}

func TestSuite_ClosesWithoutAHandshake(t *testing.T) {
	t.Parallel()
	url := serve(t, socketio.Options{Namespaces: map[string]socketio.Namespace{"/": echo.Namespace{}}, ConnectWithin: 20 * time.Millisecond})
	dial(t, url).ended()
	p := dial(t, url)
	p.say(`40/elsewhere`)
	p.ended()
}

func TestSuite_Disconnects(t *testing.T) {
	t.Parallel()
	p := dial(t, echoes(t))
	p.say(`40`)
	p.admitted(`40`)
	p.wants(`42["auth",{}]`)
	p.say(`41`, `42["message","too late"]`, `40/custom`)
	p.admitted(`40/custom,`)
	p.wants(`42/custom,["auth",{}]`)
	p.say(`40`)
	p.admitted(`40`)
	p.wants(`42["auth",{}]`)
	p.say(`41/custom`, `42["message","message to main namespace"]`)
	p.wants(`42["message-back","message to main namespace"]`)
}

func TestSuite_CarriesEventsAndAcknowledgements(t *testing.T) {
	t.Parallel()
	p := dial(t, echoes(t))
	p.say(`40`)
	p.admitted(`40`)
	p.wants(`42["auth",{}]`)
	p.say(`42["message",1,"2",{"3":[true]}]`)
	p.wants(`42["message-back",1,"2",{"3":[true]}]`)
	p.say(`42456["message-with-ack",1,"2",{"3":[false]}]`)
	p.wants(`43456[1,"2",{"3":[false]}]`)
	one, two := wire.Message{Data: []byte{1, 2, 3}, Binary: true}, wire.Message{Data: []byte{4, 5, 6}, Binary: true}
	p.say(`452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	p.send(one, two)
	p.wants(`452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "\x01\x02\x03", "\x04\x05\x06")
	p.say(`452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	p.send(one, two)
	p.wants(`462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "\x01\x02\x03", "\x04\x05\x06")
}

func TestConn_ConnectingTwiceIsAnErrorAlone(t *testing.T) {
	t.Parallel()
	p := dial(t, echoes(t))
	p.say(`40`)
	p.admitted(`40`)
	p.wants(`42["auth",{}]`)
	p.say(`40`)
	p.wants(`42["error",{"code":"invalid","message":"a namespace is connected to once"}]`)
	p.say(`42["message",1]`)
	p.wants(`42["message-back",1]`)
}

func TestSuite_WhatIsNoPacketCloses(t *testing.T) {
	t.Parallel()
	url := echoes(t)
	for _, packet := range []string{`4abc`, `42{}`, `42abc["message-with-ack",1]`, `42/custom,["message"]`} {
		p := dial(t, url)
		p.say(`40`)
		p.admitted(`40`)
		p.wants(`42["auth",{}]`)
		p.say(packet)
		if told := p.next(); !strings.HasPrefix(told, `42["error",{"code":"`) {
			t.Errorf("%s: told %s", packet, told)
		}
		p.ended()
	}
}
