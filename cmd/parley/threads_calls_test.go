package main

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

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

// The hub's clock is set forward: nobody waits here for 45 seconds.
func TestB5_ACallThatNobodyAnswersIsMissedAfter45Seconds(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	b := setup(t, func(c *Serve) {
		c.Dev = true
		c.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	ada, bob, phone := b.peer(t, "/threads", "ada"), b.peer(t, "/threads", "bob"), b.peer(t, "/", "bob")
	ada.sends(`{"type":"call_initiated","senderId":"ada","recipientId":"bob","threadId":"t1"}`)
	id := bob.expect("call_initiated", "senderId", "ada")["callId"]
	phone.expect("call_initiated", "callId", id)
	ahead.Store(int64(20 * time.Second))
	later := &peer{b.dial(t, "/threads?userId=bob", nil), "bob"}
	later.expect("call_initiated", "callId", id)
	ahead.Store(int64(45 * time.Second))
	for _, p := range []*peer{ada, bob, phone, later} {
		if got := p.expect("call_missed", "callId", id); got["senderId"] != "ada" || got["recipientId"] != "bob" || got["threadId"] != "t1" {
			t.Errorf("told %v", got)
		}
	}
	bob.sends(`{"type":"call_accepted","callId":%q}`, id)
	if got, text := bob.next(); got["type"] != "error" {
		t.Errorf("what was missed can be answered: %s", text)
	}
	bob.sends(`{"type":"join_thread","threadId":"t1","position":"%s:0"}`, b.hub.Epoch())
	if got := bob.expect("call", "callId", id); got["state"] != "missed" || got["threadId"] != "t1" || got["position"] == nil {
		t.Errorf("the thread keeps %v", got)
	}
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
