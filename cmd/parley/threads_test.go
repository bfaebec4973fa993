package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

func TestB1_UserConnectedGoesToAllClientsOfTheDialect(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	silent := b.dial(t, "/threads", nil)
	silent.fence()
	undecided := b.dial(t, "/", nil)
	room := b.dial(t, "/rooms", nil)
	room.send(`{"type":"join","userId":"rob","username":"Rob"}`)
	room.until("room_state")
	ada, bob := b.peer(t, "/threads", "ada"), b.peer(t, "/", "bob")
	for _, s := range []*socket{silent, ada.socket} {
		if _, before := s.upTo("user_connected", "userId", "bob"); len(before) > 1 {
			t.Errorf("before bob there was %v", before)
		}
	}
	bob.sends(`{"type":"user_connected","userId":"bob","avatar":"/b.png","message":"x"}`)
	want := map[string]any{"type": "user_connected", "userId": "bob", "avatar": "/b.png"}
	for _, s := range []*socket{silent, ada.socket, bob.socket} {
		if got, _ := s.next(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("told %v, want %v", got, want)
		}
	}
	none(t, undecided.fence(), "user_connected")
	room.send(`{"type":"no such thing"}`)
	if frame, text := room.next(); frame["type"] != "error" {
		t.Errorf("rooms are told %s", text)
	}
}

func TestB2_JoiningIsNotAnsweredAndFramesTakeEffectInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, bob := b.peer(t, "/threads", "ada"), b.peer(t, "/threads", "bob")
	ada.sends(`{"type":"join_thread","threadId":"t1"}`)
	for _, f := range ada.fence() {
		if f["type"] != "user_connected" {
			t.Errorf("the join was answered by %v", f)
		}
	}
	bob.sends(`{"type":"join_thread","threadId":"t1"}`)
	for i := range 20 {
		bob.sends(`{"type":"send_message","threadId":"t1","message":"%d"}`, i)
	}
	for _, p := range []*peer{ada, bob} {
		for i := range 20 {
			if got := p.expect("message", "", nil); got["message"] != fmt.Sprint(i) || got["senderId"] != "bob" || got["threadId"] != "t1" {
				t.Fatalf("%s is told %v at %d", p.user, got, i)
			}
		}
	}
}

func TestB3_AMessageGoesToTheThreadOrToTheUser(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, phone := b.peer(t, "/threads", "ada"), b.peer(t, "/", "ada")
	bob, tablet, eve := b.peer(t, "/threads", "bob"), b.peer(t, "/", "bob"), b.peer(t, "/threads", "eve")
	for _, p := range []*peer{ada, bob} {
		p.sends(`{"type":"join_thread","threadId":"t1"}`)
	}
	bob.fence()
	ada.sends(`{"type":"send_message","recipientId":"bob","message":"to all","threadId":"t1","token":"t","color":"red"}`)
	for _, p := range []*peer{ada, bob} {
		got := p.expect("message", "", nil)
		if got["message"] != "to all" || got["senderId"] != "ada" || got["threadId"] != "t1" || got["color"] != "red" || got["recipientId"] != "bob" || got["token"] != nil {
			t.Errorf("%s is told %v", p.user, got)
		}
	}
	ada.sends(`{"type":"send_message","recipientId":"bob","message":"to you","token":"t"}`)
	for _, p := range []*peer{ada, phone, bob, tablet} {
		if got := p.expect("message", "", nil); got["message"] != "to you" || got["threadId"] != "dm:ada:bob" || got["senderId"] != "ada" {
			t.Errorf("%s is told %v", p.user, got)
		}
	}
	tablet.sends(`{"type":"send_message","threadId":"dm:ada:bob","message":"thanks"}`)
	for _, p := range []*peer{ada, phone, bob, tablet} {
		p.expect("message", "message", "thanks")
	}
	none(t, eve.fence(), "message")
	// The documents' clients write without having joined, and want to see it.
	eve.sends(`{"type":"send_message","recipientId":"ada","message":"hello?","threadId":"t1","token":"t"}`)
	for _, p := range []*peer{ada, bob, eve} {
		p.expect("message", "message", "hello?")
	}
}

func TestB3_TheTokenIsCheckedOnEachMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	good, same := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "ada"})
	others := b.token(t, auth.Grant{User: "bob"})
	for path, status := range map[string]int{"/threads": 401, "/threads?token=" + good: 101, "/?token=" + good: 101, "/threads?token=nonsense": 401} {
		if got := b.visit(t, "GET", path, upgrade(nil)); got.status != status {
			t.Errorf("%.20s is answered with %d, want %d", path, got.status, status)
		}
	}
	ada := &peer{b.dial(t, "/threads?token="+good, nil), "ada"}
	ada.sends(`{"type":"join_thread","threadId":"t1"}`)
	say := func(token string) {
		ada.sends(`{"type":"send_message","threadId":"t1","message":"x","token":%q}`, token)
	}
	refused := func(code string) {
		t.Helper()
		if got, text := ada.next(); got["type"] != "error" || got["code"] != code || got["threadId"] != "t1" {
			t.Errorf("told %s, want %s", text, code)
		}
	}
	for range 3 {
		say(good)
		ada.expect("message", "senderId", "ada")
	}
	say(others)
	refused("foreign_sender")
	say("nonsense")
	refused("unauthorized")
	say(same)
	ada.expect("message", "senderId", "ada")
}

func TestB4_TypingIsToldToTheOthersUntilItEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, phone, bob := b.peer(t, "/threads", "ada"), b.peer(t, "/", "ada"), b.peer(t, "/threads", "bob")
	for _, p := range []*peer{ada, phone, bob} {
		p.sends(`{"type":"join_thread","threadId":"t1"}`)
		p.fence()
	}
	begun := time.Now()
	ada.sends(`{"type":"typing","threadId":"t1"}`)
	for _, p := range []*peer{phone, bob} {
		if got := p.expect("typing", "userId", "ada"); got["typing"] != true || got["threadId"] != "t1" {
			t.Errorf("told %v", got)
		}
	}
	for _, p := range []*peer{phone, bob} {
		if got := p.expect("typing", "userId", "ada"); got["typing"] != false {
			t.Errorf("told %v", got)
		}
	}
	if lasted := time.Since(begun); lasted < 2900*time.Millisecond {
		t.Errorf("it ended after %v", lasted)
	}
	none(t, ada.fence(), "typing")
	ada.sends(`{"type":"typing","threadId":"t1"}`)
	bob.expect("typing", "typing", true)
	if err := ada.ws.CloseNow(); err != nil {
		t.Log(err)
	}
	bob.expect("typing", "typing", false)
}

// One of the documents' clients takes what has these letters for a message.
func TestB8_OnlyMessagesAndErrorsHoldTheLetters(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, bob := b.peer(t, "/threads", "ada"), b.peer(t, "/", "bob")
	for _, p := range []*peer{ada, bob} {
		p.sends(`{"type":"join_thread","threadId":"t1","position":null}`)
		p.fence()
	}
	room := b.dial(t, "/rooms", nil)
	room.send(`{"type":"join","userId":"rob","username":"Rob","roomId":"t1"}`)
	room.until("room_state")
	bob.sends(`{"type":"typing","threadId":"t1","messageId":"x"}`)
	bob.sends(`{"type":"send_message","recipientId":"ada","message":"first"}`)
	bob.sends(`{"type":"user_connected","userId":"bob","lastMessage":"a","message":"b"}`)
	bob.sends(`{"type":"call_initiated","senderId":"bob","recipientId":"ada","threadId":"t1","message":"c"}`)
	bob.sends(`{"type":"offer","offer":"v=0","recipientId":"ada","message":"d"}`)
	bob.sends(`{"type":"call_ended","recipientId":"ada"}`)
	posted := b.ask(t, "", "POST", "/v1/channels/t1/messages?userId=cy", `{"body":{"type":"file","url":"/files/1","fileName":"plan.pdf","fileSize":3}}`).want(t, 201, "")
	id := posted.field(t, "id")
	b.ask(t, "", "PATCH", "/v1/channels/t1/messages/"+id+"?userId=cy", `{"text":"changed"}`).want(t, 200, "")
	b.ask(t, "", "DELETE", "/v1/channels/t1/messages/"+id+"?userId=cy", "").want(t, 200, "")
	b.ask(t, "", "POST", "/v1/channels/t1/messages?userId=cy", `{"text":"the last"}`).want(t, 201, "")
	missing := map[string]bool{"first": true, "plan.pdf /files/1": true, "the last": true}
	for _, typ := range []string{"joined", "typing", "user_connected", "call_initiated", "offer", "call_ended", "call", "edited", "deleted"} {
		missing[typ] = true
	}
	for len(missing) > 0 { // in whatever order threads come
		frame, text := ada.next()
		if strings.Contains(text, "message") && frame["type"] != "message" {
			t.Errorf("this may be taken for a message: %s", text)
		}
		for _, key := range []string{"type", "message"} {
			what, _ := frame[key].(string)
			delete(missing, what)
		}
	}
}

func TestB9_ThreadsAreMadeManagedAndReadOverREST(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob, eve := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"}), b.token(t, auth.Grant{User: "eve"})
	key := b.secretKey(t)
	made := b.ask(t, key, "PUT", "/v1/channels/t9?userId=ada", `{"kind":"private","title":"Ours"}`)
	if made.status != 200 && made.status != 201 {
		t.Fatalf("made: %d %s", made.status, made.text)
	}
	for _, user := range []string{"ada", "bob"} {
		b.ask(t, key, "PUT", "/v1/channels/t9/members/"+user, `{"role":"member"}`).want(t, 200, "")
	}
	s := &peer{b.dial(t, "/threads?token="+bob, nil), "bob"}
	s.sends(`{"type":"join_thread","threadId":"t9"}`)
	s.fence()
	b.ask(t, ada, "POST", "/v1/channels/t9/messages", `{"text":"by REST"}`).want(t, 201, "")
	s.expect("message", "message", "by REST")
	s.sends(`{"type":"send_message","threadId":"t9","message":"by socket","token":%q}`, bob)
	s.expect("message", "message", "by socket")
	page := b.ask(t, ada, "GET", "/v1/channels/t9/messages", "").want(t, 200, "").list(t, "messages")
	if len(page) != 2 || page[0]["text"] != "by REST" || page[1]["text"] != "by socket" || page[1]["senderId"] != "bob" {
		t.Errorf("history: %v", page)
	}
	out := &peer{b.dial(t, "/threads?token="+eve, nil), "eve"}
	for _, frame := range []string{`{"type":"join_thread","threadId":"t9"}`, `{"type":"send_message","threadId":"t9","message":"x"}`} {
		out.send(frame)
		if got, text := out.next(); got["code"] != "forbidden" {
			t.Errorf("%s is answered by %s", frame, text)
		}
	}
	b.ask(t, key, "DELETE", "/v1/channels/t9/members/bob", "").want(t, 200, "")
	if got, text := s.next(); got["type"] != "error" || got["threadId"] != "t9" {
		t.Errorf("who was put out is told %s", text)
	}
	if name := chat.DirectName("ada", "bob"); name != "dm:ada:bob" {
		t.Errorf("direct threads are named %q", name)
	}
}
