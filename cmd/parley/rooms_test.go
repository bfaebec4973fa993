package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/rooms"
)

// shows fails unless the frame has exactly the pattern's members: "#" stands
// for any number there, "*" for any string that says something.
func shows(t *testing.T, frame map[string]any, pattern string, args ...any) {
	t.Helper()
	pattern = fmt.Sprintf(pattern, args...)
	var want map[string]any
	if err := json.Unmarshal([]byte(pattern), &want); err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	if !alike(frame, want) {
		t.Errorf("told %v, want %s", frame, pattern)
	}
}

func alike(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for name, v := range want {
			if member, there := object[name]; !there || !alike(member, v) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !alike(list[i], want[i]) {
				return false
			}
		}
		return true
	case string:
		text, isText := got.(string)
		_, isNumber := got.(float64)
		return want == "#" && isNumber || isText && (want == text || want == "*" && text != "")
	}
	return got == want
}

// shown is the next frame, which must be the pattern.
func (s *socket) shown(pattern string, args ...any) {
	s.t.Helper()
	frame, _ := s.next()
	shows(s.t, frame, pattern, args...)
}

const (
	joined  = `{"type":"join","userId":%q,"username":%q,"timestamp":"#"}`
	entered = `{"type":"join","userId":%q,"username":%q,"timestamp":"#","position":"*"}`
	gone    = `{"type":"leave","userId":%q,"username":%q,"timestamp":"#"}`
)

// enters sends the join of the document's client; room "": it names none.
func (p *peer) enters(room string) {
	p.t.Helper()
	named := ""
	if room != "" {
		named = fmt.Sprintf(`,"roomId":%q`, room)
	}
	p.sends(`{"type":"join","userId":%q,"username":%q,"timestamp":1700000000000%s}`, p.user, strings.ToUpper(p.user), named)
}

// inRoom is a client of rooms that has entered.
func (b *bundle) inRoom(t *testing.T, path, user, room string) *peer {
	t.Helper()
	p := &peer{b.dial(t, path, nil), user}
	p.enters(room)
	p.expect("room_state", "", nil)
	return p
}

func TestC1_TheRoomIsGeneralUnlessTheJoinNamesAnother(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, eve, bob := b.inRoom(t, "/rooms", "ada", ""), b.inRoom(t, "/rooms", "eve", "kitchen"), b.inRoom(t, "/", "bob", "general")
	ada.shown(joined, "bob", "BOB")
	bob.sends(`{"type":"message","userId":"bob","username":"BOB","content":"Hello","timestamp":1700000000001}`)
	for _, p := range []*peer{ada, bob} {
		p.shown(`{"type":"message","userId":"bob","username":"BOB","content":"Hello","timestamp":1700000000001,"id":"*","position":"*"}`)
	}
	bob.sends(`{"type":"typing","userId":"bob","username":"BOB","timestamp":1700000000002}`)
	ada.shown(`{"type":"typing","userId":"bob","username":"BOB","timestamp":"#"}`)
	bob.sends(`{"type":"leave","userId":"bob","username":"BOB","timestamp":1700000000003}`)
	ada.expect("leave", "userId", "bob")
	if heard := eve.fence(); len(heard) > 0 {
		t.Errorf("another room is told %v", heard)
	}
	kept := b.ask(t, "", "GET", general+"?userId=cy", "").want(t, 200, "").list(t, "messages")
	if len(kept) != 1 || kept[0]["text"] != "Hello" || kept[0]["senderId"] != "bob" {
		t.Errorf("the channel general has %v", kept)
	}
}

// At "/" a join makes a connection one of rooms, and it stays one.
func TestC1_AJoinDecidesAtTheBareDoor(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada := &peer{b.dial(t, "/", nil), "ada"}
	for frame, code := range map[string]string{
		`{"type":"message","userId":"ada","username":"ADA","content":"x","timestamp":1}`: "unknown_type",
		`{"type":"join","userId":5}`: "invalid",
		`{"type":"join"`:             "malformed",
	} {
		ada.send(frame)
		ada.shown(`{"type":"error","code":%q,"message":"*"}`, code)
	}
	ada.enters("")
	ada.shown(entered, "ada", "ADA")
	ada.shown(`{"type":"room_state","users":[],"timestamp":"#"}`)
	ada.sends(`{"type":"join_thread","threadId":"general"}`)
	ada.shown(`{"type":"error","code":"unknown_type","message":"*"}`)
	ada.sends(`{"type":"message","userId":"ada","username":"ADA","content":"x","timestamp":1}`)
	ada.shown(`{"type":"message","userId":"ada","username":"ADA","content":"x","timestamp":1,"id":"*","position":"*"}`)
}

func TestC2_AJoinIsToldToTheRoomAndTheJoinerLearnsWhoIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	eve := b.inRoom(t, "/rooms", "eve", "kitchen")
	ada, bob := &peer{b.dial(t, "/rooms", nil), "ada"}, &peer{b.dial(t, "/", nil), "bob"}
	ada.enters("den")
	ada.shown(entered, "ada", "ADA")
	ada.shown(`{"type":"room_state","users":[],"timestamp":"#"}`)
	bob.enters("den")
	bob.shown(entered, "bob", "BOB")
	bob.shown(`{"type":"room_state","users":[{"userId":"ada","username":"ADA"}],"timestamp":"#"}`)
	ada.shown(joined, "bob", "BOB")
	cy := &peer{b.dial(t, "/rooms", nil), "cy"}
	cy.enters("den")
	cy.shown(entered, "cy", "CY")
	state, _ := cy.next()
	users := map[string]bool{}
	for _, u := range state["users"].([]any) {
		users[fmt.Sprint(u)] = true
	}
	if state["type"] != "room_state" || len(users) != 2 || !users["map[userId:ada username:ADA]"] || !users["map[userId:bob username:BOB]"] {
		t.Errorf("told %v", state)
	}
	for _, p := range []*peer{ada, bob} {
		p.shown(joined, "cy", "CY")
	}
	none(t, eve.fence(), "join")
	// One connection, one room.
	bob.enters("kitchen")
	bob.shown(entered, "bob", "BOB")
	bob.shown(`{"type":"room_state","users":[{"userId":"eve","username":"EVE"}],"timestamp":"#"}`)
	eve.shown(joined, "bob", "BOB")
	for _, p := range []*peer{ada, cy} {
		p.shown(gone, "bob", "BOB")
		if heard := p.fence(); len(heard) > 0 {
			t.Errorf("%s is also told %v", p.user, heard)
		}
	}
}

func TestC3_AMessageGoesToTheWholeRoomAndTypingToTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, phone, bob := b.inRoom(t, "/rooms", "ada", "den"), b.inRoom(t, "/", "ada", "den"), b.inRoom(t, "/rooms", "bob", "den")
	for _, p := range []*peer{ada, phone} {
		p.expect("join", "userId", "bob")
	}
	ada.sends(`{"type":"message","userId":"ada","username":"ADA","content":"<b>1 & 2</b>","timestamp":1700000000000.5,"color":["red",1.50]}`)
	for _, p := range []*peer{ada, phone, bob} {
		p.shown(`{"type":"message","userId":"ada","username":"ADA","content":"<b>1 & 2</b>","timestamp":1700000000000.5,"color":["red",1.5],"id":"*","position":"*"}`)
	}
	first := time.Now().UnixMilli()
	b.ask(t, "", "POST", "/v1/channels/den/messages?userId=cy&userName=Cy", `{"text":"by REST"}`).want(t, 201, "")
	last := time.Now().UnixMilli()
	for _, p := range []*peer{ada, phone, bob} {
		got, _ := p.next()
		shows(t, got, `{"type":"message","userId":"cy","username":"Cy","content":"by REST","timestamp":"#","id":"*","position":"*"}`)
		if at, _ := got["timestamp"].(float64); int64(at) < first || int64(at) > last {
			t.Errorf("posted between %d and %d, and told at %v", first, last, got["timestamp"])
		}
	}
	begun := time.Now()
	ada.sends(`{"type":"typing","userId":"ada","username":"ADA","timestamp":1700000000001}`)
	for _, p := range []*peer{phone, bob} {
		p.shown(`{"type":"typing","userId":"ada","username":"ADA","timestamp":"#"}`)
	}
	for _, p := range []*peer{phone, bob} {
		p.shown(`{"type":"typing_stop","userId":"ada","username":"ADA","timestamp":"#"}`)
	}
	if lasted := time.Since(begun); lasted < 2900*time.Millisecond {
		t.Errorf("it ended after %v", lasted)
	}
	if heard := ada.fence(); len(heard) > 0 {
		t.Errorf("who types is told %v", heard)
	}
}

// soon is less than any ping takes to find that somebody has gone. That it is
// seen within a second is shown where the machine has nothing else to do:
// TestEnd_IsSeenWithinASecond, of transport/ws.
const soon = 5 * time.Second

func TestC3_WhoLeavesOrIsCutOffIsToldToTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	bob := b.inRoom(t, "/rooms", "bob", "den")
	for user, leave := range map[string]func(*peer, *net.TCPConn) error{
		"frame": func(p *peer, _ *net.TCPConn) error {
			p.sends(`{"type":"leave","userId":"frame","username":"FRAME","timestamp":1}`)
			return nil
		},
		"goodbye": func(p *peer, _ *net.TCPConn) error { return p.ws.Close(websocket.StatusNormalClosure, "") },
		"fin":     func(_ *peer, c *net.TCPConn) error { return c.CloseWrite() },
		"rst": func(_ *peer, c *net.TCPConn) error {
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	} {
		var under *net.TCPConn
		dial := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			under, _ = c.(*net.TCPConn)
			return c, err
		}}
		p := &peer{b.dial(t, "/rooms", &websocket.DialOptions{HTTPClient: &http.Client{Transport: dial}}), user}
		p.enters("den")
		p.expect("room_state", "", nil)
		bob.shown(joined, user, strings.ToUpper(user))
		begun := time.Now()
		if err := leave(p, under); err != nil {
			t.Fatal(err)
		}
		bob.shown(gone, user, strings.ToUpper(user))
		if took := time.Since(begun); took > soon {
			t.Errorf("%s: it was told after %v", user, took)
		}
		if user == "frame" { // the connection lives on, outside
			p.sends(`{"type":"message","userId":"frame","username":"FRAME","content":"x","timestamp":1}`)
			p.shown(`{"type":"error","code":"not_subscribed","message":"*"}`)
		}
	}
	if heard := bob.fence(); len(heard) > 0 {
		t.Errorf("bob is also told %v", heard)
	}
}

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
	door, sockets := b.pinging(t, 1500*time.Millisecond)
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
	for i := range 60 { // four times the period
		<-tick.C
		says(bob, fmt.Sprintf("news %d", i))
		writes.sends(`{"type":"typing","userId":"writes","username":"WRITES","timestamp":1}`)
	}
	heardOf(t, busy, "content", "news 59")
	says(cy, "still here?")
	heardOf(t, lone, "content", "still here?")
	heardOf(t, quiet, "userId", silent.user)
	if n := sockets.Stats().Unanswered; n != 1 {
		t.Errorf("%d connections were dropped, of which one was silent", n)
	}
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

// What the document says to do, as far as it is the server's to do.
func TestC9_TheServersShareOfWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0.001, 3 })
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/vault?userId=root", `{"kind":"private"}`).want(t, 200, "")
	refused := func(code string) string { return fmt.Sprintf(`{"type":"error","code":%q,"message":"*"}`, code) }
	message := func(user, content string) string {
		return fmt.Sprintf(`{"type":"message","userId":%q,"username":"The Boss","content":%s,"timestamp":1}`, user, content)
	}
	said := `{"type":"message","userId":"ada","username":"Ada","content":"x","timestamp":1,"id":"*","position":"*"}`
	s := b.dial(t, "/rooms?token="+b.token(t, auth.Grant{User: "ada", Name: "Ada"}), nil)
	for _, do := range []struct{ what, frame, answer string }{
		{"validate: what cannot be read", `{"type":`, refused("malformed")},
		{"validate: unknown types", `{"type":"shout"}`, refused("unknown_type")},
		{"authorise", `{"type":"join","userId":"ada","username":"Ada","roomId":"vault"}`, refused("forbidden")},
		{"authenticate: who joins", `{"type":"join","userId":"bob","username":"Bob"}`, refused("foreign_sender")},
		{"rooms", `{"type":"join","userId":"ada","username":"The Boss"}`, fmt.Sprintf(entered, "ada", "Ada")},
		{"rooms: who is there", "", `{"type":"room_state","users":[],"timestamp":"#"}`},
		{"authenticate: who speaks", message("bob", `"x"`), refused("foreign_sender")},
		{"validate: members", message("ada", `5`), refused("invalid")},
		{"limits: size", message("ada", `"`+strings.Repeat("x", 65535)+`"`), refused("too_large")},
		{"messages", message("ada", `"x"`), said},
		{"messages: the second", message("ada", `"x"`), said},
		{"messages: the third", message("ada", `"x"`), said},
		{"limits: rates", message("ada", `"x"`), `{"type":"error","code":"rate_limited","message":"*","retryAfter":"#"}`},
	} {
		t.Log(do.what) // the last of them is what fails
		if do.frame != "" {
			s.send(do.frame)
		}
		s.shown("%s", do.answer)
	}
	// Health.
	b.visit(t, "GET", "/healthz", nil).want(t, 200, "")
	b.visit(t, "GET", "/readyz", nil).want(t, 200, "")
	metrics := b.visit(t, "GET", "/metrics", nil).want(t, 200, "").text
	for _, line := range []string{`parley_ws_connections{door="rooms"} 1`, "parley_events_committed_total 3"} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	// Graceful shutdown.
	stopped := make(chan error, 1)
	go func() { stopped <- b.stop(nil) }()
	if _, data, err := s.ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("in place of the goodbye: %s %v", data, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// Handshakes are bounded, need credentials, and agree on compression.
func TestC9_WhoMayConnect(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) {
		c.TrustedProxy, c.AddressRate, c.AddressBurst = []string{"127.0.0.1"}, 0.001, 4
	})
	good := "/rooms?token=" + b.token(t, auth.Grant{User: "ada"})
	for i, row := range []struct {
		from, path string
		status     int
	}{
		{"203.0.113.1", good, 101},
		{"203.0.113.1", "/rooms", 401},
		{"203.0.113.1", "/rooms?token=nonsense", 401},
		{"203.0.113.1", good, 101},
		{"203.0.113.1", good, 429},
		{"203.0.113.2", good, 101},
	} {
		got := b.visit(t, "GET", row.path, upgrade(map[string]string{
			"X-Forwarded-For": row.from, "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
		}))
		if got.status != row.status {
			t.Errorf("handshake %d is answered with %d, want %d: %s", i, got.status, row.status, got.text)
		}
		if agreed := got.header.Get("Sec-Websocket-Extensions"); row.status == 101 && !strings.HasPrefix(agreed, "permessage-deflate") {
			t.Errorf("handshake %d agrees on %q", i, agreed)
		}
	}
}
