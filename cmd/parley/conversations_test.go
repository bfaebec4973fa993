package main

import (
	"fmt"
	"testing"
	"time"
)

// inConversation is a client of conversations that has subscribed.
func (b *bundle) inConversation(t *testing.T, user, conversation string) *peer {
	t.Helper()
	p := &peer{b.dial(t, "/chat?userId="+user, nil), user}
	p.sends(`{"type":"subscribe","conversationId":%q}`, conversation)
	p.expect("subscribed", "conversationId", conversation)
	p.fence() // it is level: signals are told
	return p
}

// writes sends a message as the document's client does.
func (p *peer) writes(conversation, temp, text string) {
	p.t.Helper()
	p.sends(`{"type":"message","message":{"id":%q,"conversationId":%q,"senderId":%q,"text":%q,"timestamp":1700000000000,"status":"sending"}}`, temp, conversation, p.user, text)
}

// posts is writes; it returns the message's id and sequence when they are told.
func (p *peer) posts(conversation, temp, text string) (id string, sequence float64) {
	p.t.Helper()
	p.writes(conversation, temp, text)
	ack := p.expect("message_ack", "tempId", temp)
	id, _ = ack["messageId"].(string)
	sequence, _ = ack["sequence"].(float64)
	return id, sequence
}

// tells fails unless the next frame is the pattern, but for those of who comes
// and goes, which come in their own time.
func (p *peer) tells(pattern string, args ...any) {
	p.t.Helper()
	frame, _ := p.next()
	for frame["type"] == "presence" {
		frame, _ = p.next()
	}
	shows(p.t, frame, pattern, args...)
}

// refused is the next error: who comes and goes may be told before.
func (p *peer) refused() map[string]any {
	p.t.Helper()
	for {
		if frame, _ := p.next(); frame["type"] == "error" {
			return frame
		}
	}
}

const (
	tells    = `{"type":"message","message":{"id":%q,"conversationId":"c1","senderId":%q,"text":%q,"timestamp":"#","sequence":%d,"status":"sent"},"position":"*"}`
	asked    = `{"type":"message","message":{"id":%q,"conversationId":"c1","senderId":%q,"text":%q,"timestamp":"#","sequence":%d,"status":"sent"}}`
	missed   = `{"type":"missing","conversationId":"c1","from":%d,"to":%d}`
	beginsAt = `{"type":"subscribed","conversationId":"c1","firstSequence":%d,"nextSequence":%d,"position":"*"}`
	hasGone  = `{"type":"message_gap","conversationId":"c1","from":%d,"to":%d}`
)

// The document's client says who it is in its messages alone.
func TestE1_SubscribesAndSendsUnderATemporaryId(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	bob := b.inConversation(t, "bob", "c1")
	ada := &peer{b.dial(t, "/chat", nil), "ada"}
	ada.sends(`{"type":"subscribe","conversationId":"c1"}`)
	ada.tells(beginsAt, 0, 0)
	first := time.Now().UnixMilli()
	ada.writes("c1", "temp-1700000000000", "Hello")
	ack := ada.expect("message_ack", "", nil)
	last := time.Now().UnixMilli()
	shows(t, ack, `{"type":"message_ack","tempId":"temp-1700000000000","messageId":"*","sequence":0,"conversationId":"c1"}`)
	got := bob.expect("message", "", nil)
	shows(t, got, tells, ack["messageId"], "ada", "Hello", 0)
	message, _ := got["message"].(map[string]any)
	if at, _ := message["timestamp"].(float64); int64(at) < first || int64(at) > last {
		t.Errorf("sent between %d and %d, and told at %v", first, last, message["timestamp"])
	}
	// What fails says of which message, so that the client can mark it so.
	for frame, code := range map[string]string{
		`{"id":"temp-2","conversationId":"c1","senderId":"bob","text":"x","timestamp":1,"status":"sending"}`: "foreign_sender",
		`{"id":"temp-2","conversationId":"dm:bob:cy","senderId":"ada","text":"x"}`:                           "forbidden",
	} {
		ada.sends(`{"type":"message","message":%s}`, frame)
		if got := ada.refused(); got["code"] != code || got["tempId"] != "temp-2" {
			t.Errorf("%s is answered by %v", frame, got)
		}
	}
	none(t, bob.fence(), "message")
}

func TestE2_TheSenderIsAcknowledgedAndTheRestAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, phone, bob := b.inConversation(t, "ada", "c1"), b.inConversation(t, "ada", "c1"), b.inConversation(t, "bob", "c1")
	ada.writes("c1", "temp-1", "Hello")
	ack, before := ada.upTo("message_ack", "", nil)
	none(t, before, "message")
	shows(t, ack, `{"type":"message_ack","tempId":"temp-1","messageId":"*","sequence":0,"conversationId":"c1"}`)
	id, _ := ack["messageId"].(string)
	shows(t, phone.expect("message", "", nil),
		`{"type":"message","message":{"id":%q,"conversationId":"c1","senderId":"ada","text":"Hello","timestamp":"#","sequence":0,"status":"sent","tempId":"temp-1"},"position":"*"}`, id)
	shows(t, bob.expect("message", "", nil), tells, id, "ada", "Hello", 0)
	none(t, ada.fence(), "message")

	// The same temp id counts together with its content.
	if again, n := phone.posts("c1", "temp-1", "Hello"); again != id || n != 0 {
		t.Errorf("a retry is %s, %v; it was %s", again, n, id)
	}
	other, n := ada.posts("c1", "temp-1", "Hello again")
	if other == id || n != 1 {
		t.Errorf("another content is %s, %v", other, n)
	}
	shows(t, bob.expect("message", "", nil), tells, other, "ada", "Hello again", 1)
	b.ask(t, "", "DELETE", "/v1/channels/c1/messages/"+id+"?userId=ada", "").want(t, 200, "")
	shows(t, bob.expect("deleted", "", nil), `{"type":"deleted","id":%q,"conversationId":"c1","userId":"ada","timestamp":"#","position":"*"}`, id)
	if again, _ := ada.posts("c1", "temp-1", "Hello"); again != id {
		t.Errorf("a retry of what was deleted is %s", again)
	}
	none(t, bob.fence(), "message")
}

func TestE2_TheSenderIsNotToldItsOwnWhenItCatchesUp(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada := &peer{b.dial(t, "/chat?userId=ada", nil), "ada"}
	ada.posts("c1", "temp-1", "mine")
	bob := b.inConversation(t, "bob", "c1")
	id, _ := bob.posts("c1", "temp-1", "yours")
	ada.posts("c1", "temp-2", "mine too")
	const more = 300 // than is held in memory: the log does not know which session wrote what
	if err := b.write(t.Context(), "c1", more); err != nil {
		t.Fatal(err)
	}
	ada.sends(`{"type":"subscribe","conversationId":"c1","fromSequence":0}`)
	ada.tells(beginsAt, 0, 3+more)
	ada.tells(tells, id, "bob", "yours", 1)
	for i := range more {
		got := ada.expect("message", "", nil)
		if message, _ := got["message"].(map[string]any); message["sequence"] != float64(3+i) || message["senderId"] != "bob" {
			t.Fatalf("in place of message %d: %v", 3+i, got)
		}
	}
	phone := &peer{b.dial(t, "/chat?userId=ada", nil), "ada"}
	phone.sends(`{"type":"subscribe","conversationId":"c1","fromSequence":0}`)
	for _, temp := range []any{"temp-1", nil, "temp-2", nil} {
		got := phone.expect("message", "", nil)
		if message, _ := got["message"].(map[string]any); message["tempId"] != temp {
			t.Errorf("another connection is told %v, want the tempId %v", got, temp)
		}
	}
}

func TestE3_TypingIsToldToTheOthersUntilItEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, phone, bob := b.inConversation(t, "ada", "c1"), b.inConversation(t, "ada", "c1"), b.inConversation(t, "bob", "c1")
	eve := b.inConversation(t, "eve", "c2")
	others := []*peer{phone, bob}
	starts := func() {
		t.Helper()
		ada.sends(`{"type":"typing_start","conversationId":"c1","userId":"ada"}`)
		for _, p := range others {
			shows(t, p.expect("typing", "", nil), `{"type":"typing","userId":"ada","conversationId":"c1"}`)
		}
	}
	ends := func() {
		t.Helper()
		for _, p := range others {
			got, before := p.upTo("typing_stop", "", nil)
			shows(t, got, `{"type":"typing_stop","userId":"ada","conversationId":"c1"}`)
			none(t, before, "typing") // clients read any as a start
		}
	}
	starts()
	ada.sends(`{"type":"typing_stop","conversationId":"c1","userId":"ada"}`)
	ends()
	begun := time.Now()
	starts()
	ends()
	if lasted := time.Since(begun); lasted < 2900*time.Millisecond {
		t.Errorf("it ended after %v", lasted)
	}
	heard := append(ada.fence(), eve.fence()...)
	none(t, heard, "typing")
	none(t, heard, "typing_stop")
	starts()
	if err := ada.ws.CloseNow(); err != nil {
		t.Log(err)
	}
	ends()
}

func TestE4_EachReceiptThatIsAcceptedIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, phone, bob := b.inConversation(t, "ada", "c1"), b.inConversation(t, "ada", "c1"), b.inConversation(t, "bob", "c1")
	var ids []string
	for i := range 4 {
		id, _ := ada.posts("c1", fmt.Sprintf("temp-%d", i), "x")
		ids = append(ids, id)
	}
	// All that is visible at once, and not in the order of the log.
	order := []int{0, 2, 1, 0}
	for _, i := range order {
		bob.sends(`{"type":"read_receipt","messageId":%q,"userId":"bob","timestamp":1700000000000}`, ids[i])
	}
	for _, p := range []*peer{ada, phone} {
		for _, i := range order {
			shows(t, p.expect("read", "", nil), `{"type":"read","userId":"bob","messageId":%q,"conversationId":"c1"}`, ids[i])
		}
		none(t, p.fence(), "read")
	}
	none(t, bob.fence(), "read")
	for frame, code := range map[string]string{
		`{"type":"read_receipt","messageId":"nowhere","userId":"bob","timestamp":1}`: "not_found",
		`{"type":"read_receipt","userId":"bob","timestamp":1}`:                       "invalid",
		`{"type":"read_receipt","messageId":"` + ids[3] + `","userId":"ada"}`:        "foreign_sender",
	} {
		bob.send(frame)
		if got := bob.refused(); got["code"] != code {
			t.Errorf("%s is answered by %v", frame, got)
		}
	}
	none(t, ada.fence(), "read")
	// What is kept of it: how far, which never moves back, and when.
	for _, c := range b.ask(t, "", "GET", "/v1/channels/c1/cursors?userId=ada", "").want(t, 200, "").list(t, "cursors") {
		if c["userId"] == "bob" && (c["read"] != 3.0 || c["delivered"] != 3.0 || c["readAt"] == nil) {
			t.Errorf("the cursor is %v", c)
		}
	}
}

func TestE5_SequencesBeginAtZeroAndHaveNoHoles(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	ada, bob, eve := b.inConversation(t, "ada", "c1"), b.inConversation(t, "bob", "c1"), b.inConversation(t, "eve", "c2")
	var ids []string
	for i := range 5 {
		id, n := ada.posts("c1", "temp-1", fmt.Sprint(i))
		if n != float64(i) {
			t.Errorf("message %d has the sequence %v", i, n)
		}
		ids = append(ids, id)
		// Events that are no messages have a seq, and no sequence.
		path := "/v1/channels/c1/messages/" + id
		b.ask(t, "", "PUT", path+"/reactions/%2B1?userId=cy", "").want(t, 200, "")
		b.ask(t, "", "PATCH", path+"?userId=ada", fmt.Sprintf(`{"text":"new %d"}`, i)).want(t, 200, "")
	}
	b.ask(t, "", "DELETE", "/v1/channels/c1/messages/"+ids[2]+"?userId=ada", "").want(t, 200, "")
	if _, n := eve.posts("c2", "temp-1", "x"); n != 0 {
		t.Errorf("another conversation begins at %v", n)
	}
	for i := range 5 {
		shows(t, bob.expect("message", "", nil), tells, ids[i], "ada", fmt.Sprint(i), i)
	}
	// Both ends are included; what was deleted keeps its number.
	bob.expect("deleted", "id", ids[2])
	bob.sends(missed, 1, 3)
	bob.tells(asked, ids[1], "ada", "new 1", 1)
	bob.tells(`{"type":"message","message":{"id":%q,"conversationId":"c1","senderId":"ada","text":"","timestamp":"#","sequence":2,"status":"sent","deleted":true}}`, ids[2])
	bob.tells(asked, ids[3], "ada", "new 3", 3)
	bob.sends(missed, 4, 9) // what is not there yet is no gap
	bob.tells(asked, ids[4], "ada", "new 4", 4)
	heard := bob.fence()
	none(t, heard, "message")
	none(t, heard, "message_gap")
	live, later := &peer{b.dial(t, "/chat?userId=dee", nil), "dee"}, &peer{b.dial(t, "/chat?userId=fay", nil), "fay"}
	live.sends(`{"type":"subscribe","conversationId":"c1"}`)
	live.tells(beginsAt, 0, 5)
	later.sends(`{"type":"subscribe","conversationId":"c1","fromSequence":3}`)
	later.tells(beginsAt, 0, 5)
	id, _ := ada.posts("c1", "temp-2", "live")
	shows(t, live.expect("message", "", nil), tells, id, "ada", "live", 5)
	for i, text := range []string{"new 3", "new 4", "live"} {
		got := later.expect("message", "", nil)
		if message, _ := got["message"].(map[string]any); message["sequence"] != float64(3+i) || message["text"] != text {
			t.Errorf("from 3 on, %d is %v", i, got)
		}
	}
}

func TestE5_WhatRetentionTookIsSaidToBeGone(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	b.ask(t, "", "PUT", "/v1/channels/c1?userId=ada", `{"retention":60}`).want(t, 200, "")
	ada := b.inConversation(t, "ada", "c1")
	for i := range 3 {
		ada.posts("c1", fmt.Sprintf("temp-%d", i), "gone")
	}
	if n, err := b.store.Expire(t.Context(), time.Now().Add(time.Hour)); n < 3 || err != nil {
		t.Fatalf("%d events went: %v", n, err)
	}
	id, n := ada.posts("c1", "temp-3", "kept")
	if n != 3 {
		t.Errorf("after three that are gone, the sequence is %v", n)
	}
	bob := &peer{b.dial(t, "/chat?userId=bob", nil), "bob"}
	bob.sends(`{"type":"subscribe","conversationId":"c1","fromSequence":1}`)
	bob.tells(beginsAt, 3, 4)
	bob.tells(hasGone, 1, 2)
	shows(t, bob.expect("message", "", nil), tells, id, "ada", "kept", 3)
	bob.fence()
	bob.sends(missed, 0, 5)
	bob.tells(hasGone, 0, 2)
	bob.tells(asked, id, "ada", "kept", 3)
}
