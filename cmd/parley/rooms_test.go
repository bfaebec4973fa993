package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

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
