package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

// peer is a client of the threads dialect that knows no other.
type peer struct {
	*socket
	user string
}

// peer connects under --dev, and says who is there.
func (b *bundle) peer(t *testing.T, path, user string) *peer {
	t.Helper()
	p := &peer{b.dial(t, path, nil), user}
	p.sends(`{"type":"user_connected","userId":%q}`, user)
	p.expect("user_connected", "userId", user)
	return p
}

func (p *peer) sends(format string, args ...any) {
	p.t.Helper()
	p.send(fmt.Sprintf(format, args...))
}

// next is the next frame, and its text.
func (s *socket) next() (map[string]any, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	_, data, err := s.ws.Read(ctx)
	if err != nil {
		s.t.Fatalf("waiting for a frame: %v", err)
	}
	var frame map[string]any
	if err := json.Unmarshal(data, &frame); err != nil {
		s.t.Fatal(err)
	}
	return frame, string(data)
}

// upTo reads frames up to one of the type whose member has the value, and
// returns that and those before it.
func (s *socket) upTo(typ, member string, value any) (frame map[string]any, before []map[string]any) {
	s.t.Helper()
	for {
		frame, text := s.next()
		switch {
		case frame["type"] == typ && (member == "" || frame[member] == value):
			return frame, before
		case frame["type"] == "error":
			s.t.Fatalf("waiting for %s with %s %v: %s", typ, member, value, text)
		}
		before = append(before, frame)
	}
}

func (s *socket) expect(typ, member string, value any) map[string]any {
	s.t.Helper()
	frame, _ := s.upTo(typ, member, value)
	return frame
}

// fence has the server answer with an error, and returns what came before it.
func (s *socket) fence() []map[string]any {
	s.t.Helper()
	s.send(`{"type":"no such thing"}`)
	var before []map[string]any
	for {
		frame, text := s.next()
		switch {
		case frame["type"] != "error":
			before = append(before, frame)
		case frame["code"] != "unknown_type":
			s.t.Fatalf("in place of the fence: %s", text)
		default:
			return before
		}
	}
}

// none fails if one of the frames is of the type.
func none(t *testing.T, frames []map[string]any, typ string) {
	t.Helper()
	for _, f := range frames {
		if f["type"] == typ {
			t.Errorf("%v should not be there", f)
		}
	}
}

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

func TestB5_ACallRingsAtTheRecipientUntilOneDeviceAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, bob, phone, eve := b.peer(t, "/threads", "ada"), b.peer(t, "/threads", "bob"), b.peer(t, "/", "bob"), b.peer(t, "/threads", "eve")
	ada.sends(`{"type":"call_initiated","senderId":"ada","recipientId":"bob","threadId":"t1","video":true}`)
	id := ""
	for _, p := range []*peer{bob, phone} {
		got := p.expect("call_initiated", "", nil)
		if id, _ = got["callId"].(string); id == "" || got["senderId"] != "ada" || got["recipientId"] != "bob" || got["threadId"] != "t1" || got["video"] != true {
			t.Errorf("told %v", got)
		}
	}
	later := &peer{b.dial(t, "/threads?userId=bob", nil), "bob"}
	later.expect("call_initiated", "callId", id)
	undecided := &peer{b.dial(t, "/?userId=bob", nil), "bob"}
	undecided.sends(`{"type":"join_thread","threadId":"t1"}`)
	undecided.expect("call_initiated", "callId", id)
	phone.sends(`{"type":"call_accepted","callId":%q}`, id)
	for _, p := range []*peer{ada, bob, phone, later} {
		if got := p.expect("call_accepted", "callId", id); got["senderId"] != "bob" || got["recipientId"] != "ada" {
			t.Errorf("told %v", got)
		}
	}
	eve.sends(`{"type":"call_initiated","senderId":"eve","recipientId":"bob"}`)
	eve.expect("call_busy", "recipientId", "eve")
	none(t, phone.fence(), "call_busy")
	ada.sends(`{"type":"call_ended","recipientId":"bob"}`)
	for _, p := range []*peer{ada, bob, phone, later} {
		if _, before := p.upTo("call_ended", "callId", id); p == ada {
			none(t, before, "call_initiated")
		}
	}
	// What stays in the thread, for those who come later.
	bob.sends(`{"type":"join_thread","threadId":"t1","position":"%s:0"}`, b.hub.Epoch())
	if got := bob.expect("call", "callId", id); got["state"] != "ended" || got["threadId"] != "t1" || got["position"] == nil {
		t.Errorf("told %v", got)
	}
	events := b.ask(t, "", "GET", "/v1/channels/t1/events?userId=ada", "").want(t, 200, "").list(t, "events")
	if len(events) != 1 || events[0]["type"] != "call" || events[0]["state"] != "ended" || events[0]["callId"] != id {
		t.Errorf("the thread keeps %v", events)
	}
	none(t, eve.fence(), "call_ended")
}

func TestB6_OffersAnswersAndCandidatesReachTheRecipientUntouched(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, bob, phone, eve := b.peer(t, "/threads", "ada"), b.peer(t, "/threads", "bob"), b.peer(t, "/", "bob"), b.peer(t, "/threads", "eve")
	native := b.dial(t, "/v1/ws?userId=bob", nil)
	native.until("connected")
	ada.sends(`{"type":"call_initiated","senderId":"ada","recipientId":"bob"}`)
	bob.expect("call_initiated", "senderId", "ada")
	for typ, payload := range map[string]string{
		"offer":         `"offer":{"type":"offer","sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n","message":[1.50, null]}`,
		"ice-candidate": `"candidate":{"candidate":"candidate:1 1 udp 1 127.0.0.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}`,
	} {
		ada.sends(`{"type":%q,%s,"recipientId":"bob","senderId":"ada","threadId":"t1","extra":[1.0]}`, typ, payload)
		for _, p := range []*peer{bob, phone} {
			if got := p.raw(typ); !strings.Contains(got, payload) || !strings.Contains(got, `"senderId":"ada"`) || !strings.Contains(got, `"extra":[1.0]`) || !strings.Contains(got, `"recipientId":"bob"`) {
				t.Errorf("told %s", got)
			}
		}
		if got := native.expect("signal", "event", typ); got["userId"] != "ada" {
			t.Errorf("the native door tells %v", got)
		}
	}
	bob.sends(`{"type":"answer","answer":"v=0","recipientId":"ada","senderId":"bob"}`)
	_, before := ada.upTo("answer", "answer", "v=0")
	if len(before) == 0 || before[len(before)-1]["type"] != "call_accepted" {
		t.Errorf("before the answer came %v", before)
	}
	phone.expect("call_accepted", "senderId", "bob")
	native.send(`{"type":"signal","userId":"ada","event":"answer","data":{"sdp":"v=1"}}`)
	if got := ada.expect("answer", "sdp", "v=1"); got["senderId"] != "bob" || got["recipientId"] != "ada" {
		t.Errorf("told %v", got)
	}
	for _, typ := range []string{"offer", "answer", "ice-candidate", "call_initiated"} {
		none(t, eve.fence(), typ)
	}
	none(t, ada.fence(), "offer")
}

// raw is the next frame of the type, as it came.
func (p *peer) raw(typ string) string {
	p.t.Helper()
	for {
		if frame, text := p.next(); frame["type"] == typ {
			return text
		}
	}
}

// Refused frames are answered at every WebSocket door, and nothing else happens.
func TestB7_EveryRefusedFrameIsAnsweredAndTheConnectionLivesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	for door, good := range map[string]struct{ frame, answer string }{
		"/":        {`{"type":"user_connected","userId":"ada"}`, "user_connected"},
		"/threads": {`{"type":"user_connected","userId":"ada"}`, "user_connected"},
		"/rooms":   {`{"type":"join","userId":"ada","username":"Ada"}`, "room_state"},
		"/chat":    {`{"type":"subscribe","conversationId":"c"}`, "subscribed"},
		"/v1/ws":   {`{"type":"ping","ref":1}`, "pong"},
	} {
		s := b.dial(t, door+"?userId=ada", nil)
		deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
		for bad, code := range map[string]string{
			`nonsense`: "malformed", `[]`: "malformed", `{"type":5}`: "malformed", `{"typ":"x"}`: "malformed",
			`{"type":"x","type":"y"}`: "malformed", `{"type":"x","a":` + deep + `}`: "malformed", `{"type":"no such thing"}`: "unknown_type",
			`{"type":"x","a":"` + strings.Repeat("x", 100_000) + `"}`: "unknown_type",
		} {
			s.send(bad)
			frame, text := s.next()
			for frame["type"] == "connected" {
				frame, text = s.next()
			}
			if note, _ := frame["message"].(string); frame["type"] != "error" || frame["code"] != code || note == "" {
				t.Errorf("%s: %.40s is answered by %s", door, bad, text)
			}
		}
		if err := s.ws.Write(t.Context(), websocket.MessageBinary, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		if frame, text := s.next(); frame["type"] != "error" {
			t.Errorf("%s: a binary frame is answered by %s", door, text)
		}
		s.send(good.frame)
		s.until(good.answer)
	}
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
