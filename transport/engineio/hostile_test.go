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

// FuzzClient is a client that says anything over any transport, in the order
// that the fuzzer chooses: each step is a byte for what, and the rest of its
// line. Nothing panics or hangs, the counts stay right, and what has ended has
// ended everywhere.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{
		"p4hello\ng\nu\n12probe\n15\n14hello\nw", "u\n15", "u\n12probe\np1\n15", "p1\ng\ng", "u\nu\n12probe\n22probe\n25\n15",
		"w\n14x\n11", "g\np3\np2", "pb!!\ng", "u\nx\n12probe\n15\nc\n14", "d\nu\n12probe\n15\ns", "u\n12probe\np4a\ng\n15\nx\ng",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		var sockets []*wall
		var links []*line
		var peers []Peer
		s := New(Options{
			Open: func(*http.Request, *Conn) (Socket, error) {
				sockets = append(sockets, &wall{t: t})
				return sockets[len(sockets)-1], nil
			},
			Upgrade: func(_ http.ResponseWriter, _ *http.Request, peer func(Link) (Peer, error)) error {
				l := &line{}
				p, err := peer(l)
				if err == nil {
					links, peers = append(links, l), append(peers, p)
				}
				return err
			},
			MaxPayload: 1000, CloseWithin: time.Hour,
		})
		sid := ""
		ask := func(method, transport, body string) string {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, method, "/?EIO=4&transport="+transport+"&sid="+url.QueryEscape(sid), strings.NewReader(body))
			r.Header.Set("Upgrade", "websocket")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w.Body.String()
		}
		open := func() {
			_, sid, _ = strings.Cut(ask("GET", "polling", ""), `"sid":"`)
			sid, _, _ = strings.Cut(sid, `"`)
		}
		open()
		for step := range strings.SplitSeq(script, "\n") {
			if step == "" || len(links) > 8 {
				continue
			}
			what, rest := step[0], step[1:]
			switch at := int(what - '1'); {
			case what == 'p':
				ask("POST", "polling", rest)
			case what == 'g':
				ask("GET", "polling", "")
			case what == 'u':
				ask("GET", "websocket", "")
			case what == 'w':
				sid = ""
				ask("GET", "websocket", "")
			case what == 'o' && len(sockets) < 8:
				sid = ""
				open()
			case what == 'd':
				for _, c := range s.all() {
					c.Close(nil)
				}
			case what == 'x' && len(peers) > 0:
				peers[len(peers)-1].Close()
			case at >= 0 && at < len(peers) && !links[at].isClosed():
				if peers[at].Receive(context.Background(), wire.Message{Data: []byte(rest)}) != nil {
					links[at].Close(nil)
				}
				peers[at].Next(context.Background(), func(string, []byte, bool) {})
			}
		}
		st := s.Stats()
		if st.Polls != 0 || st.Posts != 0 || st.Polling < 0 || st.WebSockets < 0 {
			t.Fatalf("counted as %+v", st)
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Shutdown(ended)
		for _, w := range sockets {
			if w.over != 1 {
				t.Fatalf("a socket was told its end %d times", w.over)
			}
		}
		if st := s.Stats(); st.Polling != 0 || st.WebSockets != 0 || len(s.alarms.heap) != 0 {
			t.Fatalf("after the end: %+v, %d alarms", st, len(s.alarms.heap))
		}
	})
}
