package sse_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/eventstream"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/sse"
	"github.com/parley-chat/parley/wire/native"
	dialect "github.com/parley-chat/parley/wire/sse"
)

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// deadline is the server's for requests and answers. A stream outlives it.
const deadline = time.Second

// bundle is a hub behind streams. Tokens are user names.
type bundle struct {
	hub    *chat.Hub
	store  *pebble.Store
	server *sse.Server
	http   *httptest.Server
}

func identify(token string) (chat.Identity, error) {
	switch token {
	case "":
		return chat.Identity{Project: chat.DefaultProject}, nil
	case "expired":
		return chat.Identity{}, chat.E(chat.CodeTokenExpired, "the token has expired")
	}
	return chat.Identity{
		Project: chat.DefaultProject, User: token, Name: token,
		Scopes: []string{chat.ScopeRead, chat.ScopeSend, chat.ScopeManage},
	}, nil
}

// refuse answers with the code alone.
func refuse(w http.ResponseWriter, err error) {
	e := chat.AsError(err)
	status := map[chat.Code]int{
		chat.CodeTokenExpired: 401, chat.CodeUnauthorized: 401, chat.CodeForbidden: 403, chat.CodeBanned: 403, chat.CodeMethodNotFound: 405,
		chat.CodeTooMany: 429, chat.CodeInternal: 500, chat.CodeGoingAway: 503, chat.CodeUnavailable: 503,
	}[e.Code]
	if status == 0 {
		status = http.StatusBadRequest
	}
	http.Error(w, string(e.Code), status)
}

type connKey struct{}

// setup starts a server; change may alter the options first, and hub the hub's.
func setup(t testing.TB, change func(*sse.Options), hub func(*chat.Options)) *bundle {
	t.Helper()
	store, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := chat.Options{Store: store}
	if hub != nil {
		hub(&h)
	}
	b := &bundle{hub: chat.NewHub(h), store: store}
	o := sse.Options{
		Connect:      func(id chat.Identity, sink chat.Sink) (sse.Session, error) { return b.hub.Connect(id, sink) },
		Refuse:       refuse,
		Authenticate: func(r *http.Request) (chat.Identity, error) { return identify(r.URL.Query().Get("token")) },
		Conn:         func(r *http.Request) net.Conn { c, _ := r.Context().Value(connKey{}).(net.Conn); return c },
	}
	if change != nil {
		change(&o)
	}
	b.server = sse.New(o)
	b.http = httptest.NewUnstartedServer(b.server.Handler(dialect.Dialect(native.Dialect(), dialect.Options{})))
	b.http.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	b.http.Config.ReadTimeout, b.http.Config.WriteTimeout = deadline, deadline
	b.http.Start()
	b.http.Client().Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(32 << 10) // who does not read shows
		}
		return c, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		b.http.CloseClientConnections()
		b.http.Close()
		b.hub.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// post commits a message through another door.
func (b *bundle) post(t testing.TB, user, channel, text string) *chat.Event {
	t.Helper()
	id, _ := identify(user)
	body, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.hub.Post(t.Context(), &id, chat.Post{Channel: channel, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return c.Event
}

// signal sends one to the channel.
func (b *bundle) signal(t testing.TB, user string, send chat.Send) {
	t.Helper()
	id, _ := identify(user)
	if err := b.hub.Signal(t.Context(), &id, send); err != nil {
		t.Fatal(err)
	}
}

// stream is a plain client.
type stream struct {
	t      testing.TB
	header http.Header
	events *eventstream.Reader
	body   io.ReadCloser
	cancel context.CancelFunc
	client string // as the first event names it
}

// get makes the request; the answer's body is the caller's to close.
func (b *bundle) get(ctx context.Context, t testing.TB, query, last string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.http.URL+"/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := b.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// open begins a stream, and has read its first event.
func (b *bundle) open(t testing.TB, query, last string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	response := b.get(ctx, t, query, last)
	s := &stream{t: t, header: response.Header, body: response.Body, cancel: cancel, events: eventstream.NewReader(response.Body, last)}
	t.Cleanup(s.close)
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s %s", response.Status, text)
	}
	var first struct{ Type, ClientID string }
	if err := json.Unmarshal([]byte(s.next().Data), &first); err != nil || first.Type != "connected" {
		t.Fatalf("the first event is %+v: %v", first, err)
	}
	s.client = first.ClientID
	return s
}

func (s *stream) close() {
	s.cancel()
	_ = s.body.Close()
}

func (s *stream) next() eventstream.Event {
	s.t.Helper()
	e, err := s.events.Next()
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// until is the first event of the name, which is "message" for messages.
func (s *stream) until(name string) eventstream.Event {
	s.t.Helper()
	for {
		if e := s.next(); e.Name == name {
			return e
		}
	}
}

// texts are those of the next n messages.
func (s *stream) texts(n int) string {
	s.t.Helper()
	var list []string
	for range n {
		var m struct{ Text string }
		if err := json.Unmarshal([]byte(s.until("message").Data), &m); err != nil {
			s.t.Fatal(err)
		}
		list = append(list, m.Text)
	}
	return strings.Join(list, " ")
}

// rest is the names of the events up to the stream's end.
func (s *stream) rest() string {
	s.t.Helper()
	var names []string
	for {
		e, err := s.events.Next()
		if err == io.EOF {
			return strings.Join(names, " ")
		}
		if err != nil {
			s.t.Fatal(err)
		}
		names = append(names, e.Name)
	}
}

// count waits until there are n streams.
func (b *bundle) count(t testing.TB, n int) {
	t.Helper()
	for late := time.Now().Add(patience); b.server.Stats().Streams["sse"] != n; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("there are not %d streams, but %v", n, b.server.Stats().Streams)
		}
	}
}

// refused fails unless the request is answered with the error.
func (b *bundle) refused(t testing.TB, query, last string, status int, code chat.Code) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	response := b.get(ctx, t, query, last)
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err != nil {
		t.Fatalf("%s, last %q: %s %v", query, last, response.Status, err)
	}
	if response.StatusCode != status || strings.TrimSpace(string(text)) != string(code) {
		t.Errorf("%s, last %q: %s %s, want %d %s", query, last, response.Status, text, status, code)
	}
}

// in is the query for a user's stream of these channels.
func in(user string, channels ...string) string {
	q := url.Values{"channel": channels}
	if user != "" {
		q.Set("token", user)
	}
	return q.Encode()
}
