package engineio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
)

// patience is for what has to happen, on however busy a machine.
const patience = 30 * time.Second

// bundle is a server on a socket of its own. What is sent to it comes back.
type bundle struct {
	hub     *conntest.Hub
	server  *engineio.Server
	sockets *ws.Server
	url     string
	conns   chan *engineio.Conn
}

func setup(t testing.TB, o engineio.Options) *bundle {
	t.Helper()
	return setupWith(t, o, conntest.NewHub())
}

// setupWith starts a server that ends with the test.
func setupWith(t testing.TB, o engineio.Options, hub *conntest.Hub) *bundle {
	t.Helper()
	b := &bundle{hub: hub, conns: make(chan *engineio.Conn, 1<<12)}
	if o.Open == nil {
		o.Open = func(_ *http.Request, c *engineio.Conn) (engineio.Socket, error) {
			b.conns <- c
			return &socket{hub.Connect(chat.Identity{}, c), conntest.Echo().New("")}, nil
		}
	}
	var err error
	if b.sockets, err = ws.New(ws.Options{MaxMessage: o.MaxPayload}); err != nil {
		t.Fatal(err)
	}
	o.Upgrade = func(w http.ResponseWriter, r *http.Request, peer func(engineio.Link) (engineio.Peer, error)) error {
		return b.sockets.Carry(w, r, "engineio", func(l ws.Link) (ws.Peer, error) { return peer(l) })
	}
	b.server = engineio.New(o)
	h := httptest.NewServer(b.server)
	b.url = h.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = b.server.Shutdown(ctx)
		_ = b.sockets.Shutdown(ctx)
		h.CloseClientConnections()
		h.Close()
	})
	return b
}

// binary marks the frames of conntest that stand for binary messages.
const binary = "\x00binary:"

// socket is one of conntest's sessions as a Socket.
type socket struct {
	*conntest.Session
	codec wire.Codec
}

func (s *socket) Receive(ctx context.Context, m wire.Message) error {
	if string(m.Data) == "fail" {
		return chat.E(chat.CodeInvalid, "asked for")
	}
	frame := m.Data
	if m.Binary {
		frame = append([]byte(binary), frame...)
	}
	if err := s.codec.Decode(frame, func(r chat.Request) { s.Do(ctx, r) }); err != nil {
		s.Fail(err)
	}
	return nil
}

func (s *socket) Next(ctx context.Context, dst []wire.Message) ([]wire.Message, bool) {
	batch, more := s.Session.Next(ctx, nil)
	for _, d := range batch {
		s.codec.Encode(d, func(frame []byte) {
			data, isBinary := bytes.CutPrefix(frame, []byte(binary))
			dst = append(dst, wire.Message{Data: bytes.Clone(data), Binary: isBinary})
		})
	}
	return dst, more
}

// within is a context for what must not take for ever.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// answer is what a request was answered.
type answer struct {
	status int
	body   string
	header http.Header
	err    error
}

// request makes one; header is of pairs.
func (b *bundle) request(ctx context.Context, method, query, body string, header ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, b.url+"/?"+query, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(text), resp.Header, err}
}

const polling = "EIO=4&transport=polling"

// opened is an open packet's data.
type opened struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"`
	PingTimeout  int      `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

func parseOpened(t testing.TB, packet string) (o opened) {
	t.Helper()
	data, ok := strings.CutPrefix(packet, "0")
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); !ok || err != nil {
		t.Fatalf("%q is no open packet: %v", packet, err)
	}
	return o
}

// open shakes hands over polling.
func (b *bundle) open(t testing.TB, header ...string) (sid string) {
	t.Helper()
	a := b.request(within(t), http.MethodGet, polling, "", header...)
	if a.status != http.StatusOK {
		t.Fatalf("handshake: %+v", a)
	}
	return parseOpened(t, a.body).SID
}

func (b *bundle) poll(t testing.TB, sid string, header ...string) answer {
	t.Helper()
	return b.request(within(t), http.MethodGet, polling+"&sid="+sid, "", header...)
}

// polls begins a poll; its answer comes in time.
func (b *bundle) polls(t testing.TB, sid string) <-chan answer {
	t.Helper()
	ctx, got := within(t), make(chan answer, 1)
	go func() { got <- b.request(ctx, http.MethodGet, polling+"&sid="+sid, "") }()
	return got
}

func (b *bundle) post(t testing.TB, sid, body string, header ...string) answer {
	t.Helper()
	return b.request(within(t), http.MethodPost, polling+"&sid="+sid, body, header...)
}

// is fails unless the answer is this one.
func (a answer) is(t testing.TB, status int, body string) {
	t.Helper()
	if a.err != nil || a.status != status || a.body != body {
		t.Fatalf("answered %d %q, %v; want %d %q", a.status, a.body, a.err, status, body)
	}
}

// refused fails unless the answer is an error of the protocol's with this code.
func (a answer) refused(t testing.TB, status, code int) {
	t.Helper()
	var f struct {
		Code    *int
		Message string
	}
	if a.err != nil || a.status != status || json.Unmarshal([]byte(a.body), &f) != nil || f.Code == nil || *f.Code != code || f.Message == "" {
		t.Fatalf("answered %d %q, %v; want %d and code %d", a.status, a.body, a.err, status, code)
	}
}

// socket is a WebSocket to the server; sid may be "".
func (b *bundle) dial(t testing.TB, sid string) *websocket.Conn {
	t.Helper()
	query := "EIO=4&transport=websocket"
	if sid != "" {
		query += "&sid=" + sid
	}
	c, _, err := websocket.Dial(within(t), b.url+"/?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(2 << 20)
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// openSocket shakes hands over a WebSocket.
func (b *bundle) openSocket(t testing.TB) (*websocket.Conn, string) {
	t.Helper()
	c := b.dial(t, "")
	return c, parseOpened(t, read(t, c)).SID
}

func read(t testing.TB, c *websocket.Conn) string {
	t.Helper()
	_, data, err := c.Read(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, c *websocket.Conn, packet string) {
	t.Helper()
	if err := c.Write(within(t), websocket.MessageText, []byte(packet)); err != nil {
		t.Fatal(err)
	}
}

// closed fails unless the WebSocket ends with this code; 0 is any.
func closed(t testing.TB, c *websocket.Conn, code websocket.StatusCode) {
	t.Helper()
	_, data, err := c.Read(within(t))
	if got := websocket.CloseStatus(err); err == nil || code != 0 && got != code {
		t.Fatalf("%q, %v; want a close with %d", data, err, code)
	}
}

// session is the next that was made.
func (b *bundle) session(t testing.TB) *conntest.Session {
	t.Helper()
	select {
	case s := <-b.hub.Made():
		return s
	case <-time.After(patience):
		t.Fatal("no session was made")
		return nil
	}
}

// over fails unless the session ends.
func over(t testing.TB, s *conntest.Session) {
	t.Helper()
	select {
	case <-s.Closed():
	case <-time.After(patience):
		t.Fatal("the socket was not told the end")
	}
}
