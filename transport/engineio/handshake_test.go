package engineio_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/engineio"
)

func TestHandshake_TellsTheClientWhatItNeeds(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{PingInterval: 7 * time.Second, PingTimeout: 3 * time.Second, MaxPayload: 12345})
	a := b.request(within(t), http.MethodGet, polling, "")
	got := parseOpened(t, a.body)
	want := opened{SID: got.SID, Upgrades: []string{"websocket"}, PingInterval: 7000, PingTimeout: 3000, MaxPayload: 12345}
	if diff := cmp.Diff(want, got); a.status != http.StatusOK || diff != "" {
		t.Errorf("polling: %d %s", a.status, diff)
	}
	if a.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("header: %v", a.header)
	}
	got = parseOpened(t, read(t, b.dial(t, "")))
	want.SID, want.Upgrades = got.SID, []string{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("websocket: %s", diff)
	}
}

// Each frame would be deflated for itself, and for each client.
func TestWebSocket_IsNotDeflated(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	c, resp, err := websocket.Dial(within(t), b.url+"/?EIO=4&transport=websocket", &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if e := resp.Header.Get("Sec-Websocket-Extensions"); e != "" {
		t.Errorf("extensions: %q", e)
	}
}

func TestHandshake_MakesIdsOf120RandomBits(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	seen := map[string]bool{}
	for range 20 {
		sid := b.open(t)
		if len(sid)*5 < 120 || seen[sid] {
			t.Fatalf("an id: %q", sid)
		}
		seen[sid] = true
		if c := <-b.conns; c.ID() != sid || c.RemoteAddr() == "" || !c.Polling() {
			t.Errorf("the connection is %q from %q, polling %v", c.ID(), c.RemoteAddr(), c.Polling())
		}
	}
}

func TestRequest_IsRefusedAsTheProtocolSays(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t)
	for name, r := range map[string]struct {
		method, query string
		code          int
	}{
		"no version":              {"GET", "transport=polling", 5},
		"no such version":         {"GET", "EIO=abc&transport=polling", 5},
		"version 3":               {"GET", "EIO=3&transport=polling", 5},
		"version 3, by websocket": {"GET", "EIO=3&transport=websocket", 5},
		"no transport":            {"GET", "EIO=4", 0},
		"no such transport":       {"GET", "EIO=4&transport=abc", 0},
		"POST without an id":      {"POST", polling, 2},
		"PUT without an id":       {"PUT", polling, 2},
		"PUT":                     {"PUT", polling + "&sid=" + sid, 3},
		"JSONP":                   {"GET", polling + "&j=0", 3},
		"unknown id":              {"GET", polling + "&sid=abc", 1},
		"POST to an unknown id":   {"POST", polling + "&sid=abc", 1},
		"websocket unasked":       {"GET", "EIO=4&transport=websocket", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b.request(within(t), r.method, r.query, "").refused(t, http.StatusBadRequest, r.code)
		})
	}
}

func TestWebSocket_IsRefusedAsTheProtocolSays(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	for _, query := range []string{"transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=abc"} {
		c, resp, err := websocket.Dial(within(t), b.url+"/?"+query, nil)
		if err == nil {
			_ = c.CloseNow()
			t.Errorf("%s: a connection was made", query)
		} else if resp == nil || resp.StatusCode != http.StatusBadRequest && query != "EIO=4&transport=polling" {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestOpen_RefusesWithItsError(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{
		Open: func(*http.Request, *engineio.Conn) (engineio.Socket, error) {
			return nil, chat.E(chat.CodeForbidden, "not you")
		},
		StatusOf: func(c chat.Code) int {
			if c == chat.CodeForbidden {
				return http.StatusForbidden
			}
			return http.StatusTeapot
		},
	})
	a := b.request(within(t), http.MethodGet, polling, "")
	if a.refused(t, http.StatusForbidden, 4); !strings.Contains(a.body, "not you") {
		t.Errorf("the client is told %s", a.body)
	}
	if _, resp, err := websocket.Dial(within(t), b.url+"/?EIO=4&transport=websocket", nil); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("websocket: %v", err)
	}
	if st := b.server.Stats(); st.Opened != 0 || st.Polling != 0 || st.WebSockets != 0 {
		t.Errorf("connections were made: %+v", st)
	}
}

// Whoever learns an id from a log or a URL has not the credential.
func TestID_IsBoundToTheCredentialThatWasShownFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	sid := b.open(t, "Authorization", "Bearer mine")
	b.poll(t, sid).refused(t, http.StatusBadRequest, 1)
	b.post(t, sid, "4hello", "Authorization", "Bearer other").refused(t, http.StatusBadRequest, 1)
	if _, _, err := websocket.Dial(within(t), b.url+"/?EIO=4&transport=websocket&sid="+sid, nil); err == nil {
		t.Error("a WebSocket without the credential was let in")
	}
	b.post(t, sid, "4hello", "Authorization", "Bearer mine").is(t, http.StatusOK, "ok")
	b.poll(t, sid, "Authorization", "Bearer mine").is(t, http.StatusOK, "4hello")
	free := b.open(t)
	b.post(t, free, "4hello", "Authorization", "Bearer new").is(t, http.StatusOK, "ok")
}

func TestOrigin_IsAskedForAtEveryRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{CheckOrigin: func(r *http.Request) error {
		if o := r.Header.Get("Origin"); o != "" && o != "https://app.example" {
			return chat.E(chat.CodeForbidden, "pages of this origin may not come here")
		}
		return nil
	}})
	ours := []string{"Origin", "https://app.example"}
	foreign := []string{"Origin", "https://evil.example"}
	sid := b.open(t, ours...)
	b.poll(t, sid, foreign...).refused(t, http.StatusForbidden, 4)
	b.post(t, sid, "4hello", foreign...).refused(t, http.StatusForbidden, 4)
	b.request(within(t), http.MethodGet, polling, "", foreign...).refused(t, http.StatusForbidden, 4)
	b.request(within(t), http.MethodOptions, polling, "", foreign...).refused(t, http.StatusForbidden, 4)
	if _, _, err := websocket.Dial(within(t), b.url+"/?EIO=4&transport=websocket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {"https://evil.example"}},
	}); err == nil {
		t.Error("a page of a foreign origin opened a WebSocket")
	}
	a := b.post(t, sid, "4hello", ours...)
	if a.is(t, http.StatusOK, "ok"); a.header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		a.header.Get("Access-Control-Allow-Credentials") != "true" || a.header.Get("Vary") != "Origin" {
		t.Errorf("header: %v", a.header)
	}
	a = b.request(within(t), http.MethodOptions, polling+"&sid="+sid, "", append(ours,
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-my-header")...)
	if a.is(t, http.StatusNoContent, ""); a.header.Get("Access-Control-Allow-Headers") != "x-my-header" ||
		a.header.Get("Access-Control-Allow-Methods") != "GET, POST" || a.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("header of a preflight: %v", a.header)
	}
}

func TestOrigin_IsAnyWhereNobodyIsAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{})
	a := b.request(within(t), http.MethodGet, polling, "", "Origin", "https://any.example")
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("header: %v", a.header)
	}
}

// Whoever polls needs no connection to be held open: there is a bound on them.
func TestPolling_IsBoundedInConnections(t *testing.T) {
	t.Parallel()
	b := setup(t, engineio.Options{MaxPolling: 2, StatusOf: func(c chat.Code) int {
		if c == chat.CodeUnavailable {
			return http.StatusServiceUnavailable
		}
		return http.StatusForbidden
	}})
	first := b.open(t)
	b.open(t)
	b.request(within(t), http.MethodGet, polling, "").refused(t, http.StatusServiceUnavailable, 4)
	b.openSocket(t)
	b.post(t, first, "1").is(t, http.StatusOK, "ok")
	b.open(t)
}
