package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A deed is one operation as both languages ask for it. In what is asked
// {c} is the channel, {own} a message of the asker's, {other} one of somebody
// else's, {key} a key of shared state that is there, {at} a seq, {n} a number of
// its own.
type deed struct {
	name   string
	method string // over REST
	path   string // below the channel
	body   string
	frame  string // over the native protocol, without its ref
	answer string // the type of the native answer
	before string // what has to be done first, as body and path of a REST request

	// may are the standings in a private channel that may do it, by letter:
	// Stranger, Reader, Member, mOderator, oWner; Manager is no member, but has
	// the scope chat:manage. Listener is a member whose token may only read,
	// mUted a member who was.
	may string
}

// everybody who may read.
const readers = "RMOWALU"

func deeds() []deed { return slices.Concat(looking(), telling(), noting(), governing()) }

// looking leaves nothing but a cursor.
func looking() []deed {
	return []deed{
		{name: "history", method: "GET", path: "/messages", frame: `{"type":"history","channelId":"{c}"}`, answer: "page", may: readers},
		{name: "events", method: "GET", path: "/events?after={at}", frame: `{"type":"events","channelId":"{c}","after":{at}}`, answer: "events", may: readers},
		{name: "thread", method: "GET", path: "/messages/{other}/replies", frame: `{"type":"history","channelId":"{c}","threadId":"{other}"}`, answer: "page", may: readers},
		{name: "pins", method: "GET", path: "/pins", frame: `{"type":"pins","channelId":"{c}"}`, answer: "pins", may: readers},
		{name: "snapshot", method: "GET", path: "/state", frame: `{"type":"state.get","channelId":"{c}"}`, answer: "snapshot", may: readers},
		{name: "read cursor", method: "PUT", path: "/cursors/{me}", body: `{"read":1}`, frame: `{"type":"read","channelId":"{c}","seq":1}`, answer: "ok", may: readers},
	}
}

// telling is what is done with messages and signals.
func telling() []deed {
	return []deed{
		{
			name: "post", method: "POST", path: "/messages", body: `{"text":"hello","meta":{"a":1},"mentions":["ada"]}`,
			frame: `{"type":"publish","channelId":"{c}","text":"hello","meta":{"a":1},"mentions":["ada"]}`, answer: "ack", may: "MOWA",
		},
		{
			name: "reply", method: "POST", path: "/messages", body: `{"text":"yes","parentId":"{other}"}`,
			frame: `{"type":"publish","channelId":"{c}","text":"yes","parentId":"{other}"}`, answer: "ack", may: "MOWA",
		},
		{
			name: "edit one's own", method: "PATCH", path: "/messages/{own}", body: `{"text":"better"}`,
			frame: `{"type":"edit","channelId":"{c}","id":"{own}","text":"better"}`, answer: "ack", may: "MOWA",
		},
		{
			name: "edit another's", method: "PATCH", path: "/messages/{other}", body: `{"text":"worse"}`,
			frame: `{"type":"edit","channelId":"{c}","id":"{other}","text":"worse"}`, answer: "ack", may: "",
		},
		{name: "delete one's own", method: "DELETE", path: "/messages/{own}", frame: `{"type":"delete","channelId":"{c}","id":"{own}"}`, answer: "ack", may: "MOWAU"},
		{name: "delete another's", method: "DELETE", path: "/messages/{other}", frame: `{"type":"delete","channelId":"{c}","id":"{other}"}`, answer: "ack", may: "OWA"},
		{
			name: "signal", method: "POST", path: "/signals", body: `{"type":"wave","data":1}`,
			frame: `{"type":"signal","channelId":"{c}","event":"wave","data":1}`, answer: "ok", may: "MOWA",
		},
	}
}

// noting is what is hung on messages, and on the channel.
func noting() []deed {
	return []deed{
		{name: "react", method: "PUT", path: "/messages/{other}/reactions/ok", frame: `{"type":"react","channelId":"{c}","id":"{other}","reaction":"ok"}`, answer: "ack", may: "MOWA"},
		{
			name: "take a reaction back", method: "DELETE", path: "/messages/{other}/reactions/ok", before: "PUT /messages/{other}/reactions/ok",
			frame: `{"type":"react","channelId":"{c}","id":"{other}","reaction":"ok","on":false}`, answer: "ack", may: "MOWA",
		},
		{name: "pin", method: "PUT", path: "/messages/{other}/pin", frame: `{"type":"pin","channelId":"{c}","id":"{other}"}`, answer: "ack", may: "MOWAU"},
		{
			name: "unpin", method: "DELETE", path: "/messages/{other}/pin", before: "PUT /messages/{other}/pin",
			frame: `{"type":"pin","channelId":"{c}","id":"{other}","on":false}`, answer: "ack", may: "MOWAU",
		},
		{
			name: "set a key", method: "PUT", path: "/state/{key}", body: `{"value":{"x":1}}`,
			frame: `{"type":"state.set","channelId":"{c}","key":"{key}","value":{"x":1}}`, answer: "ack", may: "MOWA",
		},
		{
			name: "add to a key", method: "PATCH", path: "/state/{key}", body: `{"add":5}`,
			frame: `{"type":"state.set","channelId":"{c}","key":"{key}","add":5}`, answer: "ack", may: "MOWA",
		},
		{name: "delete a key", method: "DELETE", path: "/state/{key}", frame: `{"type":"state.delete","channelId":"{c}","key":"{key}"}`, answer: "ack", may: "MOWA"},
	}
}

// governing is what says who may do all that.
func governing() []deed {
	return []deed{
		{
			name: "set a member", method: "PUT", path: "/members/guest-{n}", body: `{"role":"member"}`,
			frame: `{"type":"member.put","channelId":"{c}","userId":"guest-{n}","role":"member"}`, answer: "ack", may: "OWA",
		},
		{
			name: "make an owner", method: "PUT", path: "/members/guest-{n}", body: `{"role":"owner"}`,
			frame: `{"type":"member.put","channelId":"{c}","userId":"guest-{n}","role":"owner"}`, answer: "ack", may: "WA",
		},
		{
			name: "settings", method: "PUT", path: "", body: `{"kind":"private","title":"Vault"}`,
			frame: `{"type":"channel.put","channelId":"{c}","kind":"private","title":"Vault"}`, answer: "channel", may: "WA",
		},
		{
			name: "delete", method: "DELETE", path: "",
			frame: `{"type":"channel.delete","channelId":"{c}"}`, answer: "ok", may: "WA",
		},
	}
}

// asks is how a door is asked: it gives the code of the refusal, or "".
type asks func(t *testing.T, token string, d deed, fill *strings.Replacer) string

func (b *bundle) overREST(t *testing.T, token string, d deed, fill *strings.Replacer) string {
	t.Helper()
	a := b.ask(t, token, d.method, fill.Replace("/v1/channels/{c}"+d.path), fill.Replace(d.body))
	if a.status < http.StatusBadRequest {
		return ""
	}
	return a.field(t, "code")
}

func (b *bundle) overWebSocket(t *testing.T, token string, d deed, fill *strings.Replacer) string {
	t.Helper()
	s := b.dial(t, "/v1/ws?token="+token, nil)
	defer func() { _ = s.ws.CloseNow() }()
	s.send(fill.Replace(withRef(d.frame)))
	return codeOf(t, d, s.answered)
}

func (b *bundle) overPoll(t *testing.T, token string, d deed, fill *strings.Replacer) string {
	t.Helper()
	a := b.ask(t, token, "POST", "/v1/poll", `{"hold":5000,"frames":[`+fill.Replace(withRef(d.frame))+`]}`)
	if a.status >= http.StatusBadRequest {
		return a.field(t, "code")
	}
	return codeOf(t, d, func() map[string]any {
		for _, f := range a.list(t, "frames") {
			if f["ref"] == "deed" {
				return f
			}
		}
		t.Fatalf("%s: no answer in %s", d.name, a.text)
		return nil
	})
}

func withRef(frame string) string { return `{"ref":"deed",` + strings.TrimPrefix(frame, "{") }

func codeOf(t *testing.T, d deed, answered func() map[string]any) string {
	t.Helper()
	switch f := answered(); f["type"] {
	case "error":
		return fmt.Sprint(f["code"])
	case d.answer:
		return ""
	default:
		t.Fatalf("%s was answered with %v", d.name, f)
		return ""
	}
}

// answered is the answer to the deed, whatever comes before it.
func (s *socket) answered() map[string]any {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	for {
		_, data, err := s.ws.Read(ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		var frame map[string]any
		if err := json.Unmarshal(data, &frame); err != nil {
			s.t.Fatal(err)
		}
		if frame["ref"] == "deed" {
			return frame
		}
	}
}
