package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/rooms"
)

// pinging is a door for rooms to the bundle's hub that pings so often.
func (b *bundle) pinging(t *testing.T, every time.Duration) (*bundle, *ws.Server) {
	t.Helper()
	sockets, err := ws.New(ws.Options{
		Connect:      func(id chat.Identity, sink chat.Sink) (ws.Session, error) { return b.hub.Connect(id, sink) },
		Authenticate: b.keys(t).FromRequest,
		PingEvery:    every,
	})
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(sockets.Handler(ws.Door{Dialects: []wire.Dialect{rooms.Dialect(rooms.Options{})}}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		_ = sockets.Shutdown(ctx) // some of its clients do not answer
		door.Close()
	})
	return &bundle{server: b.server, config: b.config, url: door.URL}, sockets
}

// hears reads all the time, and so answers every ping.
func (p *peer) hears() <-chan map[string]any {
	heard := make(chan map[string]any, 1000)
	go func() {
		defer close(heard)
		for {
			_, data, err := p.ws.Read(p.t.Context())
			var frame map[string]any
			if err != nil || json.Unmarshal(data, &frame) != nil {
				return
			}
			heard <- frame
		}
	}()
	return heard
}

// heardOf reads what was heard up to the content, or up to who left, and fails if
// somebody else left before.
func heardOf(t *testing.T, heard <-chan map[string]any, member, value string) {
	t.Helper()
	patience := time.After(30 * time.Second)
	for {
		select {
		case frame, open := <-heard:
			switch {
			case !open:
				t.Fatalf("it was cut off before %s %s", member, value)
			case frame[member] == value && (member == "content" || frame["type"] == "leave"):
				return
			case frame["type"] == "leave" || frame["type"] == "error":
				t.Errorf("before %s %s: %v", member, value, frame)
			}
		case <-patience:
			t.Fatalf("no %s %s", member, value)
		}
	}
}

func TestC4_WhoDoesNotAnswerAPingIsDropped(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	door, sockets := b.pinging(t, 3*time.Second)
	in := func(user, room string) *peer {
		p := &peer{door.dial(t, "/?token="+b.token(t, auth.Grant{User: user}), nil), user}
		p.enters(room)
		return p
	}
	// One of each pair reads, which answers pings. The others never do.
	ada, bob, cy := in("ada", "quiet"), in("bob", "busy"), in("cy", "lone")
	quiet, busy, lone := ada.hears(), bob.hears(), cy.hears()
	silent := in("silent", "quiet")
	in("slow", "busy") // its socket takes what bob says
	writes := in("writes", "lone")
	says := func(p *peer, text string) {
		p.sends(`{"type":"message","userId":%q,"username":%q,"content":%q,"timestamp":1}`, p.user, strings.ToUpper(p.user), text)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for i := 0; i < 90 || i < 600 && sockets.Stats().Unanswered == 0; i++ { // three times the period
		<-tick.C
		last = fmt.Sprintf("news %d", i)
		says(bob, last)
		writes.sends(`{"type":"typing","userId":"writes","username":"WRITES","timestamp":1}`)
	}
	if n := sockets.Stats().Unanswered; n != 1 {
		t.Errorf("%d connections were dropped, of which one was silent", n)
	}
	heardOf(t, busy, "content", last)
	says(cy, "still here?")
	heardOf(t, lone, "content", "still here?")
	heardOf(t, quiet, "userId", silent.user)
	ada.send(`{"type":"message",`)
	if frame := <-quiet; frame["type"] != "error" || frame["code"] != "malformed" {
		t.Errorf("a malformed frame is answered by %v", frame)
	}
	says(ada, "I live")
	heardOf(t, quiet, "content", "I live")
	// Now these two are silent as well.
	heardOf(t, busy, "userId", "slow")
	heardOf(t, lone, "userId", "writes")
}
