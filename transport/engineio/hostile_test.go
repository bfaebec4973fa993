package engineio

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// wall is a Socket that checks what its contract promises it.
type wall struct {
	t    testing.TB
	mu   sync.Mutex
	over int
}

func (w *wall) Receive(context.Context, wire.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return nil
}

func (w *wall) Ready(context.Context) error { return nil }

func (w *wall) Next(_ context.Context, dst []wire.Message) ([]wire.Message, bool) { return dst, false }

func (w *wall) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over++; w.over > 1 {
		w.t.Error("the socket was told its end twice")
	}
}

// line is a Link that remembers its end.
type line struct {
	mu     sync.Mutex
	closed bool
}

func (l *line) Wake() {}

func (l *line) Close(*chat.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

func (l *line) Moved() bool { return false }

func (l *line) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// anybody is a client that keeps to nothing, with the server that it visits.
type anybody struct {
	server  *Server
	sid     string
	sockets []*wall
	links   []*line
	peers   []Peer
}

func newAnybody(t testing.TB) *anybody {
	a := &anybody{}
	a.server = New(Options{
		Open: func(*http.Request, *Conn) (Socket, error) {
			a.sockets = append(a.sockets, &wall{t: t})
			return a.sockets[len(a.sockets)-1], nil
		},
		Upgrade: func(_ http.ResponseWriter, _ *http.Request, peer func(Link) (Peer, error)) error {
			l := &line{}
			p, err := peer(l)
			if err == nil {
				a.links, a.peers = append(a.links, l), append(a.peers, p)
			}
			return err
		},
		MaxPayload: 1000, CloseWithin: time.Hour,
	})
	a.open()
	return a
}

// ask makes a request that waits for nothing.
func (a *anybody) ask(method, transport, body string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, "/?EIO=4&transport="+transport+"&sid="+url.QueryEscape(a.sid), strings.NewReader(body))
	r.Header.Set("Upgrade", "websocket")
	w := httptest.NewRecorder()
	a.server.ServeHTTP(w, r)
	return w.Body.String()
}

// open begins another connection, which it is from then on.
func (a *anybody) open() {
	a.sid = ""
	_, rest, _ := strings.Cut(a.ask("GET", "polling", ""), `"sid":"`)
	a.sid, _, _ = strings.Cut(rest, `"`)
}

// do takes a step: a byte for what, and the rest.
func (a *anybody) do(what byte, rest string) {
	switch at := int(what - '1'); {
	case what == 'p':
		a.ask("POST", "polling", rest)
	case what == 'g':
		a.ask("GET", "polling", "")
	case what == 'u':
		a.ask("GET", "websocket", "")
	case what == 'w':
		a.sid = ""
		a.ask("GET", "websocket", "")
	case what == 'o' && len(a.sockets) < 8:
		a.open()
	case what == 'd':
		for _, c := range a.server.all() {
			c.Close(nil)
		}
	case what == 'x' && len(a.peers) > 0:
		a.peers[len(a.peers)-1].Close()
	case at >= 0 && at < len(a.peers) && !a.links[at].isClosed():
		if a.peers[at].Receive(context.Background(), wire.Message{Data: []byte(rest)}) != nil {
			a.links[at].Close(nil)
		}
		a.peers[at].Next(context.Background(), func(string, []byte, bool) {})
	}
}

// leave ends the server; everything must have ended then, once.
func (a *anybody) leave(t *testing.T) {
	t.Helper()
	st := a.server.Stats()
	if st.Polls != 0 || st.Posts != 0 || st.Polling < 0 || st.WebSockets < 0 {
		t.Fatalf("counted as %+v", st)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = a.server.Shutdown(ended)
	for _, w := range a.sockets {
		if w.over != 1 {
			t.Fatalf("a socket was told its end %d times", w.over)
		}
	}
	if st := a.server.Stats(); st.Polling != 0 || st.WebSockets != 0 || len(a.server.alarms.heap) != 0 {
		t.Fatalf("after the end: %+v, %d alarms", st, len(a.server.alarms.heap))
	}
}

// FuzzClient is a client that says anything over any transport, in the order
// that the fuzzer chooses: each line is a step. Nothing panics or hangs, the
// counts stay right, and what has ended has ended everywhere.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{
		"p4hello\ng\nu\n12probe\n15\n14hello\nw", "u\n15", "u\n12probe\np1\n15", "p1\ng\ng", "u\nu\n12probe\n22probe\n25\n15",
		"w\n14x\n11", "g\np3\np2", "pb!!\ng", "u\nx\n12probe\n15\nc\n14", "d\nu\n12probe\n15\ns", "u\n12probe\np4a\ng\n15\nx\ng",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		a := newAnybody(t)
		for step := range strings.SplitSeq(script, "\n") {
			if step != "" && len(a.links) <= 8 {
				a.do(step[0], step[1:])
			}
		}
		a.leave(t)
	})
}
