package ws_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/ws"
)

// refusal is a handshake that is not granted, and its answer.
type refusal struct {
	name, method, url string
	header            http.Header
	status            int
	code              chat.Code
	sets              string
}

func (r *refusal) at(t *testing.T, addr string) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t, 5*time.Second), r.method, "http://"+addr+r.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.header != nil {
		request.Header = r.header.Clone()
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	var problem struct {
		Status int
		Code   chat.Code
	}
	if err := json.Unmarshal(body, &problem); err != nil || problem.Status != r.status || response.StatusCode != r.status || problem.Code != r.code {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if k, v, _ := strings.Cut(r.sets, ": "); k != "" && response.Header.Get(k) != v {
		t.Errorf("%s is %q, not %q", k, response.Header.Get(k), v)
	}
}

func TestHandshake_IsRefusedWithAProblem(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{
		StatusOf: func(code chat.Code) int {
			if code == chat.CodeRateLimited {
				return http.StatusTooManyRequests
			}
			return http.StatusUnauthorized
		},
		Authenticate: func(r *http.Request) (chat.Identity, error) {
			switch r.URL.Query().Get("token") {
			case "":
				return chat.Identity{}, chat.E(chat.CodeUnauthorized, "no token")
			case "late":
				return chat.Identity{}, &chat.Error{Code: chat.CodeRateLimited, Message: "slow down", RetryAfter: 1500 * time.Millisecond}
			}
			return chat.Identity{User: "u"}, nil
		},
		CheckOrigin: func(r *http.Request) error {
			if r.Header.Get("Origin") == "https://evil.example" {
				return chat.E(chat.CodeForbidden, "not from there")
			}
			return nil
		},
	})
	upgrade := http.Header{
		"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	with := func(k, v string) http.Header {
		h := upgrade.Clone()
		h.Set(k, v)
		return h
	}
	for _, row := range []refusal{
		{"Method", "POST", "/?token=t", upgrade, 405, chat.CodeMethodNotFound, "Allow: GET"},
		{"NoUpgrade", "GET", "/?token=t", nil, 426, chat.CodeMalformed, "Upgrade: websocket"},
		{"Version", "GET", "/?token=t", with("Sec-WebSocket-Version", "8"), 426, chat.CodeUnsupported, "Sec-Websocket-Version: 13"},
		{"Key", "GET", "/?token=t", with("Sec-WebSocket-Key", "short"), 400, chat.CodeMalformed, ""},
		{"Origin", "GET", "/?token=t", with("Origin", "https://evil.example"), 403, chat.CodeForbidden, ""},
		{"Token", "GET", "/", upgrade, 401, chat.CodeUnauthorized, ""},
		{"Rate", "GET", "/?token=late", upgrade, 429, chat.CodeRateLimited, "Retry-After: 2"},
	} {
		t.Run(row.name, func(t *testing.T) { row.at(t, b.addr) })
	}
	t.Run("Stopping", func(t *testing.T) {
		if err := b.server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		row := refusal{"Stopping", "GET", "/?token=t", upgrade, 503, chat.CodeGoingAway, "Retry-After: 1"}
		row.at(t, b.addr)
	})
}

func TestHandshake_NegotiatesCompression(t *testing.T) {
	t.Parallel()
	b, plain := setup(t, ws.Options{Compression: true}), setup(t, ws.Options{})
	const none = "\x00"
	const base = "permessage-deflate;server_no_context_takeover;client_no_context_takeover"
	for offer, want := range map[string]string{
		"permessage-deflate":                                                                        base,
		"permessage-deflate; client_max_window_bits":                                                base,
		"permessage-deflate; client_max_window_bits=10":                                             base,
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover":                base,
		"permessage-deflate; server_max_window_bits=10":                                             base + ";server_max_window_bits=10",
		"x-webkit-deflate-frame":                                                                    none,
		"permessage-deflate; server_max_window_bits=16":                                             none,
		"permessage-deflate; server_max_window_bits":                                                none,
		"permessage-deflate; unknown":                                                               none,
		"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10":                  none,
		"permessage-deflate; server_max_window_bits=7, permessage-deflate":                          base,
		"permessage-deflate; server_max_window_bits=12, permessage-deflate; client_max_window_bits": base + ";server_max_window_bits=12",
	} {
		header := "Sec-WebSocket-Extensions: " + offer + "\r\n"
		if got := extensions(open(t, b.addr, header)); got != strings.Trim(want, none) {
			t.Errorf("%s: answered %q, want %q", offer, got, want)
		}
		if got := extensions(open(t, plain.addr, header)); got != "" {
			t.Errorf("where it is off, %s was answered %q", offer, got)
		}
	}
}

func extensions(c *raw) string {
	_, rest, _ := strings.Cut(c.header, "Sec-WebSocket-Extensions:")
	line, _, _ := strings.Cut(rest, "\r\n")
	return strings.ReplaceAll(line, " ", "")
}

func TestProtocol_IsHeldBeyondTheSuite(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{Compression: true})
	const offer = "permessage-deflate"
	bomb := deflated(strings.Repeat("\x00", 1<<20+1))
	full := deflated(strings.Repeat("x", 1<<20))
	for _, r := range []row{
		{id: "Unmasked", send: [][]byte{bare(fin|opText, "hello")}, want: []string{refused}},
		{id: "UnmaskedControl", send: [][]byte{bare(fin|opPing, "")}, want: []string{refused}},
		{id: "LengthWithItsHighestBit", send: [][]byte{unhexed("81ff 8000000000000000 00000000")}, want: []string{refused}},
		{id: "LengthOfATerabyte", send: [][]byte{unhexed("81ff 0000010000000000 00000000")}, want: []string{tooLong}},
		{id: "LengthOfFragmentsTogether", send: [][]byte{frame(opText, strings.Repeat("x", 1<<20)), unhexed("8081")}, want: []string{tooLong}},
		{id: "LongControlByItsFirstBytes", send: [][]byte{unhexed("89fe")}, want: []string{refused}},
		{id: "Bomb", offer: offer, send: [][]byte{frame(fin|rsv1|opText, bomb)}, want: []string{tooLong}},
		{id: "NoBomb", offer: offer, send: [][]byte{frame(fin|rsv1|opText, full)}, want: []string{says(strings.Repeat("x", 1<<20))}},
		{id: "FragmentedBomb", offer: offer, send: fragments(opText|rsv1, bomb, 100), want: []string{tooLong}},
		{id: "Garbage", offer: offer, send: [][]byte{frame(fin|rsv1|opText, "\xff\xff\xff\xff")}, want: []string{notUTF8}},
		{id: "CutShort", offer: offer, send: [][]byte{frame(fin|rsv1|opText, deflated(prose()[:5000])[:100])}, want: []string{notUTF8}},
		{id: "DeflatedNoUTF8", offer: offer, send: [][]byte{frame(fin|rsv1|opText, deflated("\xff"))}, want: []string{notUTF8}},
		{id: "DeflatedNothing", offer: offer, send: [][]byte{frame(fin|rsv1|opText, "\x00")}, want: []string{says("")}},
		{id: "DeflatedContinuation", offer: offer, send: [][]byte{frame(opText, "a"), frame(fin|rsv1|opContinue, "b")}, want: []string{refused}},
		{id: "DeflatedPing", offer: offer, send: [][]byte{frame(fin|rsv1|opPing, "")}, want: []string{refused}},
		{id: "DeflatedUninvited", send: [][]byte{frame(fin|rsv1|opText, deflated("hello"))}, want: []string{refused}},
		{id: "PlainAmongDeflated", offer: offer, send: [][]byte{text("hello")}, want: []string{hello}},
		{id: "BinaryThenText", send: [][]byte{frame(fin|opBinary, "\xff"), text("hello")}, want: []string{says("malformed"), hello}},
	} {
		t.Run(r.id, func(t *testing.T) {
			t.Parallel()
			r.run(t, b.addr)
		})
	}
}

func unhexed(s string) []byte { return []byte(unhex(s)) }
