package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/internal/eventstream"
)

// eventSource is a plain client of a stream.
type eventSource struct {
	t      *testing.T
	header http.Header
	body   io.ReadCloser
	events *eventstream.Reader
	client string // as the first event names it
}

// listen opens a stream and has read its first event.
func (b *bundle) listen(t *testing.T, query string, header ...string) *eventSource {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = response.Body.Close()
	})
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s %s", response.Status, text)
	}
	s := &eventSource{t: t, header: response.Header, body: response.Body, events: eventstream.NewReader(response.Body, "")}
	var first struct{ Type, ClientID string }
	if err := json.Unmarshal([]byte(s.until("message").Data), &first); err != nil || first.Type != "connected" || first.ClientID == "" {
		t.Fatalf("the first event is %+v: %v", first, err)
	}
	s.client = first.ClientID
	return s
}

// until is the first event of the name; messages have the name "message".
func (s *eventSource) until(name string) eventstream.Event {
	s.t.Helper()
	for {
		e, err := s.events.Next()
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", name, err)
		}
		if e.Name == name {
			return e
		}
	}
}

func TestC6_AStreamUnderDevNeedsNoCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	b.listen(t, "") // no channel either
	s := b.listen(t, "channel=general", "Origin", "http://localhost:3000")
	if got := s.header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("it allows %q", got)
	}
	b.ask(t, "", "POST", general+"?userId=ada", `{"text":"hello"}`).want(t, 201, "")
	var m map[string]any
	if err := json.Unmarshal([]byte(s.until("message").Data), &m); err != nil {
		t.Fatal(err)
	}
	if m["type"] != "message" || m["text"] != "hello" || m["senderId"] != "ada" || m["channelId"] != "general" || m["seq"] != 1.0 {
		t.Errorf("told %v", m)
	}
	ada := b.dial(t, "/v1/ws?userId=ada", nil)
	ada.send(`{"type":"subscribe","channelId":"general"}`)
	ada.until("level")
	ada.send(`{"type":"typing","channelId":"general","typing":true}`)
	s.until("typing")
	b.visit(t, "GET", "/events?channel=general", map[string]string{"Origin": "https://evil.test"}).want(t, 403, "forbidden")
}

func TestC6_ASignalGoesToOneClientOrToAllButOne(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	query := "channel=general&token=" + b.token(t, auth.Grant{User: "ada"})
	one, two := b.listen(t, query), b.listen(t, query)
	one.until("level")
	two.until("level")
	bob := b.token(t, auth.Grant{User: "bob"})
	send := func(path, body string) { b.ask(t, bob, "POST", path, body).want(t, 204, "") }
	send("/v1/signals", `{"type":"to-one","clientId":"`+one.client+`","data":{"n":1}}`)
	send("/v1/channels/general/signals", `{"type":"in-channel","clientId":"`+one.client+`"}`)
	send("/v1/channels/general/signals", `{"type":"to-others","exceptId":"`+one.client+`"}`)
	send("/v1/signals", `{"type":"to-user","userId":"ada"}`)
	send("/v1/channels/general/signals", `{"type":"last"}`)
	for s, want := range map[*eventSource]string{one: "to-one in-channel to-user last", two: "to-others to-user last"} {
		var got []string
		for len(got) == 0 || got[len(got)-1] != "last" {
			e, err := s.events.Next()
			if err != nil {
				t.Fatal(err)
			}
			if e.Name != "presence" {
				got = append(got, e.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("told %v, want %s", got, want)
		}
	}
	b.ask(t, bob, "POST", "/v1/signals", `{"type":"x"}`).want(t, 400, "invalid")
	b.ask(t, bob, "POST", "/v1/signals", `{"type":"x","clientId":"a","userId":"b"}`).want(t, 400, "invalid")
}

func TestC6_WhoMayComeFromWhere(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Origin = []string{"https://app.example.com"} })
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/news?userId=ada", `{"kind":"open","public":true}`).want(t, 200, "")
	token := "&token=" + b.token(t, auth.Grant{User: "ada"})
	for _, row := range []struct {
		query, origin string
		status        int
		allows        string
	}{
		{"channel=news", "", 200, "*"},
		{"channel=news", "https://anywhere.test", 200, "*"},
		{"channel=news", "null", 200, "*"},
		{"channel=secret", "https://anywhere.test", 401, "*"},
		{"", "https://anywhere.test", 401, "*"},
		{"channel=news" + token, "", 200, ""},
		{"channel=news" + token, "https://app.example.com", 200, "https://app.example.com"},
		{"channel=news" + token, b.url, 200, b.url},
		{"channel=news" + token, "https://anywhere.test", 403, ""},
		{"channel=news" + token, "https://app.example.com.evil.test", 403, ""},
		{"channel=news" + token, "null", 403, ""},
	} {
		headers := map[string]string{}
		if row.origin != "" {
			headers["Origin"] = row.origin
		}
		got := b.visit(t, "GET", "/events?"+row.query, headers)
		if got.status != row.status || got.header.Get("Access-Control-Allow-Origin") != row.allows {
			t.Errorf("%q from %q: %d, allows %q; want %d, %q", strings.ReplaceAll(row.query, token, "&token"), row.origin,
				got.status, got.header.Get("Access-Control-Allow-Origin"), row.status, row.allows)
		}
	}
	asks := map[string]string{"Origin": "https://anywhere.test", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "last-event-id"}
	got := b.visit(t, "OPTIONS", "/events?channel=news", asks)
	if h := got.header; got.status != 204 || h.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Last-Event-ID") {
		t.Errorf("preflight: %d %v", got.status, h)
	}
}

// A stream ends with its credentials, and an EventSource that comes back with
// them is told to give up.
func TestC6_AStreamEndsWithItsCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	token := b.token(t, auth.Grant{User: "ada", TTL: 8 * time.Second})
	s := b.listen(t, "channel=general&token="+token)
	if e := s.until("expiring"); !strings.Contains(e.Data, `"code":"token_expired"`) {
		t.Errorf("told %s", e.Data)
	}
	if e, err := s.events.Next(); err != io.EOF {
		t.Errorf("after that came %+v: %v", e, err)
	}
	b.visit(t, "GET", "/events?channel=general&token="+token, map[string]string{"Last-Event-ID": s.events.LastID(), "Accept": "text/event-stream"}).
		want(t, 401, "token_expired")
}

// What the stream has no right to is asked at each channel, with and without a
// place to resume from.
func TestC6_RightsAreAskedAtEachChannelAndOnReplay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tokens := b.credentials(t)
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private?userId=olga", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/mia", `{"role":"member"}`).want(t, 200, "")
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/ned", `{"role":"member"}`).want(t, 200, "")
	b.ask(t, tokens[backend], "PUT", "/v1/channels/private/members/olga", `{"role":"owner"}`).want(t, 200, "")
	b.ask(t, tokens[owner], "POST", "/v1/channels/private/messages", `{"text":"tell-nobody"}`).want(t, 201, "")
	want := [askers]int{401, 401, 401, 403, 403, 200, 403, 200, 200}
	for who := range askers {
		for _, last := range []string{"", b.hub.Epoch() + ":0"} {
			headers := map[string]string{}
			if last != "" {
				headers["Last-Event-ID"] = last
			}
			query := url.Values{"channel": {"private"}}
			if tokens[who] != "" {
				query.Set("token", tokens[who])
			}
			got := b.visit(t, "GET", "/events?"+query.Encode(), headers)
			if got.status != want[who] {
				t.Errorf("%v, last %q: %d, want %d", who, last, got.status, want[who])
			}
			if want[who] == 200 && last != "" {
				s := b.listen(t, query.Encode(), "Last-Event-ID", last)
				if e := s.until("message"); !strings.Contains(e.Data, "tell-nobody") {
					t.Errorf("%v is told %s", who, e.Data)
				}
			}
		}
	}
}
