package poll_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
)

func TestPoll_CarriesOutFramesInOrderAndAnswersEach(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	frames := []any{
		object{"type": "ping", "ref": "a"},
		object{"type": "publish", "ref": 1, "channelId": "general", "nonce": "n1", "text": "one"},
		object{"type": "publish", "ref": 2, "channelId": "general", "nonce": "n2", "text": "two"},
		object{"type": "nonsense", "ref": 3},
		object{"type": "typing", "channelId": "general", "typing": true},
		"no frame at all",
	}
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at), "frames": frames})
	var refs []string
	for _, f := range a.Frames {
		if f["type"] != "message" {
			refs = append(refs, fmt.Sprint(f["type"], " ", f["ref"], " ", f["code"]))
		}
	}
	for _, want := range []string{"pong a <nil>", "ack 1 <nil>", "ack 2 <nil>", "error 3 unknown_type", "error <nil> malformed"} {
		if !strings.Contains(strings.Join(refs, "\n"), want) {
			t.Errorf("no %q in %q", want, refs)
		}
	}
	// A client that has not got that answer asks all of it again.
	a = b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at), "frames": frames[1:3]})
	for _, f := range a.Frames {
		if f["type"] == "ack" && f["repeated"] != true {
			t.Errorf("stored twice: %v", f)
		}
	}
	if a.texts() != "one two" {
		t.Errorf("told %s", a.text)
	}
}

func TestPoll_WhatALostAnswerHeldComesAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", "general", "one")
	b.post(t, "bob", "general", "two")
	lost := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if lost.texts() != "one two" {
		t.Fatalf("told %s", lost.text)
	}
	b.post(t, "bob", "general", "three")
	again := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if again.texts() != "one two three" || again.of(t, "subscribed")["position"] != at {
		t.Errorf("told %s", again.text)
	}
	if n := b.server.Stats().Lost; n != 1 {
		t.Errorf("%d answers were lost", n)
	}
	if opened := b.server.Stats().Opened; opened != 1 {
		t.Errorf("%d sessions", opened)
	}
}

// An answer that moves no position has to come again too.
func TestPoll_ALevelThatWasLostComesAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	head := chat.Position{Epoch: b.hub.Epoch()}.String()
	first := b.ask(t, "ada", object{})
	for range 3 {
		a := b.ask(t, "ada", object{"session": first.Session, "subscriptions": in("general", head)})
		if a.types() != "subscribed level" {
			t.Errorf("told %s", a.text)
		}
	}
}

func TestPoll_ResumesFromItsPositionWithoutASession(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", "general", "one")
	for name, session := range map[string]string{
		"none": "", "unknown": "AAAA.3", "nonsense": "…", "another's": strings.Replace(session, ".", "X.", 1),
	} {
		a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
		if a.types() != "connected subscribed message level" || a.texts() != "one" {
			t.Errorf("%s: told %s", name, a.text)
		}
	}
}

// A client that went on by WebSocket stands elsewhere than its session.
func TestPoll_AClientThatIsAheadGetsNothingTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", "general", "one")
	two := b.post(t, "bob", "general", "two")
	b.post(t, "bob", "general", "three")
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", b.position(two))})
	if a.texts() != "three" {
		t.Errorf("told %s", a.text)
	}
	_ = at
}

func TestPoll_SubscribesByFrameAndEndsWhatIsNotListed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	a := b.ask(t, "ada", object{"frames": []object{{"type": "subscribe", "ref": 7, "channelId": "general"}}})
	if f := a.of(t, "subscribed"); f["ref"] != 7.0 {
		t.Errorf("told %v", f)
	}
	at := a.of(t, "subscribed")["position"].(string)
	b.post(t, "bob", "general", "one")
	a = b.ask(t, "ada", object{"session": a.Session, "subscriptions": in("general", at)})
	if a.types() != "message" {
		t.Errorf("told %s", a.text)
	}
	b.ask(t, "ada", object{"session": a.Session, "hold": 0}) // general is no longer listed
	b.post(t, "bob", "general", "two")
	a = b.ask(t, "ada", object{"session": a.Session, "hold": 20})
	if len(a.Frames) > 0 {
		t.Errorf("told %s", a.text)
	}
	a = b.ask(t, "ada", object{"session": a.Session, "subscriptions": in("general", at), "frames": []object{{"type": "unsubscribe", "ref": 8, "channelId": "general"}}})
	a.of(t, "unsubscribed")
	b.post(t, "bob", "general", "three")
	a = b.ask(t, "ada", object{"session": a.Session, "hold": 20})
	if len(a.Frames) > 0 {
		t.Errorf("told %s", a.text)
	}
}

func TestPoll_TellsWhereToStartAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.post(t, "bob", "general", "one")
	a := b.ask(t, "ada", object{"subscriptions": in("general", "elsewhere:7")})
	f := a.of(t, "error")
	if f["code"] != "expired" || f["channelId"] != "general" || a.RetryAfter != 0 {
		t.Fatalf("told %s", a.text)
	}
	oldest := f["expired"].(map[string]any)["oldest"].(string)
	a = b.ask(t, "ada", object{"session": a.Session, "subscriptions": in("general", oldest)})
	if a.texts() != "one" {
		t.Errorf("told %s", a.text)
	}
}

// A subscription that cannot begin again where its client is has ended.
func TestPoll_AFailedSubscriptionTellsNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, _ := b.begin(t, "ada", "general")
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", "elsewhere:7")})
	if a.types() != "error" {
		t.Fatalf("told %s", a.text)
	}
	b.post(t, "bob", "general", "one")
	a = b.ask(t, "ada", object{"session": a.Session, "hold": 20})
	if len(a.Frames) > 0 {
		t.Errorf("told %s", a.text)
	}
	sessions, err := b.hub.Sessions(t.Context(), &chat.Identity{Project: chat.DefaultProject, Server: true}, "ada", "", 100)
	if err != nil || len(sessions) != 1 || len(sessions[0].Channels) > 0 {
		t.Errorf("%+v, %v", sessions, err)
	}
}

func TestPoll_ARefusedSubscriptionIsNotAskedForAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	a := b.ask(t, "ada/none", object{"subscriptions": in("general", "")})
	if f := a.of(t, "error"); f["code"] != "forbidden" || a.RetryAfter == 0 {
		t.Errorf("told %s", a.text)
	}
}

// What was queued while the client was away may have been deleted since: no
// answer to a request begun after that says it.
func TestPoll_IsNotAnsweredWithWhatWasDeletedBeforeIt(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	bob, _ := identify("bob")
	secret := b.post(t, "bob", "general", "tell-nobody")
	for range 3 {
		b.post(t, "bob", "general", "other")
	}
	if _, err := b.hub.Edit(t.Context(), &bob, chat.Edit{Channel: "general", ID: secret.ID, Body: []byte(`"tell-nobody-either"`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.hub.Delete(t.Context(), &bob, chat.Delete{Channel: "general", ID: secret.ID}); err != nil {
		t.Fatal(err)
	}
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if strings.Contains(a.text, "tell-nobody") {
		t.Errorf("told %s", a.text)
	}
	if got := a.types(); got != "message message message message message.update message.delete" {
		t.Errorf("told %s", got)
	}
}

func TestPoll_LeavingEndsTheSessionAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	a := b.ask(t, "ada", object{
		"session": session, "subscriptions": in("general", at), "leave": true,
		"frames": []object{{"type": "publish", "ref": 1, "channelId": "general", "text": "bye"}},
	})
	if a.of(t, "ack"); a.Session != "" {
		t.Errorf("told %s", a.text)
	}
	if n := b.hub.Stats().Sessions; n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}
