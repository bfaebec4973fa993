package poll_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/poll"
)

func TestPoll_AHoldIsAnsweredAtOnceByAPostThroughAnotherDoor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.Gather = 0 })
	session, at := b.begin(t, "ada", "general")
	best := time.Hour
	for i := range 10 {
		told := make(chan *answer, 1)
		var arrived time.Time
		go func() {
			a, err := b.try(t.Context(), "ada", object{"session": session, "subscriptions": in("general", at)})
			if err != nil {
				t.Error(err)
			}
			arrived = time.Now()
			told <- a
		}()
		b.held(t, 1)
		e := b.post(t, "bob", "general", fmt.Sprint(i))
		posted := time.Now()
		a := <-told
		if a == nil || a.texts() != fmt.Sprint(i) || a.types() != "message" {
			t.Fatalf("told %+v", a)
		}
		best = min(best, arrived.Sub(posted))
		session, at = a.Session, b.position(e)
	}
	if best > 50*time.Millisecond {
		t.Errorf("the quickest of 10 took %v", best)
	}
}

func (b *bundle) position(e *chat.Event) string {
	return chat.Position{Epoch: b.hub.Epoch(), Seq: e.Seq}.String()
}

// held waits until n requests are held.
func (b *bundle) held(t testing.TB, n int) {
	t.Helper()
	for begun := time.Now(); b.server.Stats().Requests != n; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%d requests are under way, not %d", b.server.Stats().Requests, n)
		}
	}
	time.Sleep(5 * time.Millisecond) // until it waits; no test depends on it
}

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
	sessions, err := b.hub.Sessions(t.Context(), &chat.Identity{Project: chat.DefaultProject, Server: true}, "ada")
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

func TestPoll_ASecondRequestEndsTheHold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	held := make(chan *answer, 1)
	go func() {
		a, err := b.try(t.Context(), "ada", object{"session": session, "subscriptions": in("general", at)})
		if err != nil {
			t.Error(err)
		}
		held <- a
	}()
	b.held(t, 1)
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at), "frames": []object{{"type": "ping", "ref": 1}}})
	if a.types() != "pong" {
		t.Errorf("the second is told %s", a.text)
	}
	if first := <-held; first == nil || len(first.Frames) > 0 || first.Session == "" {
		t.Errorf("the first is told %+v", first)
	}
}

func TestPoll_ACancelledRequestFreesItsHold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _, _ = b.try(ctx, "ada", object{"session": session, "subscriptions": in("general", at)}) }()
	b.held(t, 1)
	cancel()
	b.held(t, 0)
	b.post(t, "bob", "general", "one")
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if a.texts() != "one" {
		t.Errorf("told %s", a.text)
	}
}

func TestPoll_AHoldEndsEmpty(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.Hold = 50 * time.Millisecond })
	session, at := b.begin(t, "ada", "general")
	for _, hold := range []any{nil, 0, 10, 1 << 50} {
		begun := time.Now()
		a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at), "hold": hold})
		if len(a.Frames) > 0 || a.Session != session || time.Since(begun) > 5*time.Second {
			t.Errorf("hold %v: told %s after %v", hold, a.text, time.Since(begun))
		}
	}
}

func TestPoll_SignalsWaitForTheNextRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	bob, _ := identify("bob")
	if err := b.hub.Signal(t.Context(), &bob, chat.Send{Channel: "general", Name: "wave", Data: []byte(`1`)}); err != nil {
		t.Fatal(err)
	}
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if a.types() != "signal" {
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

func TestPoll_RefusesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.MaxRequest, o.MaxFrames, o.MaxSubscriptions = 1000, 3, 2 })
	ping := object{"type": "ping"}
	for _, row := range []struct {
		body   any
		status int
		code   chat.Code
	}{
		{`{"frames":["` + strings.Repeat("x", 1000) + `"]}`, 413, chat.CodeTooLarge},
		{object{"frames": []object{ping, ping, ping, ping}}, 429, chat.CodeTooMany},
		{object{"subscriptions": []object{{"channelId": "a"}, {"channelId": "b"}, {"channelId": "c"}}}, 429, chat.CodeTooMany},
		{object{"subscriptions": []object{{"channelId": "a"}, {"channelId": "a"}}}, 400, chat.CodeInvalid},
		{object{"subscriptions": []object{{}}}, 400, chat.CodeInvalid},
		{object{"subscriptions": in("a", "nowhere")}, 400, chat.CodeInvalid},
		{object{"hold": -1}, 400, chat.CodeInvalid},
		{object{"hold": "long"}, 400, chat.CodeInvalid},
		{object{"frames": "x"}, 400, chat.CodeInvalid},
		{`[]`, 400, chat.CodeInvalid},
		{``, 400, chat.CodeMalformed},
		{`{`, 400, chat.CodeMalformed},
		{`{"hold":1,"hold":2}`, 400, chat.CodeMalformed},
		{`{} {}`, 400, chat.CodeMalformed},
		{"{\"session\":\"\xff\"}", 400, chat.CodeMalformed},
	} {
		b.refused(t, "ada", row.body, row.status, row.code)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %s, %v", response.Status, response.Header)
	}
	if n := b.hub.Stats().Sessions; n != 0 {
		t.Errorf("refused requests made %d sessions", n)
	}
}

func TestPoll_AnAnswerIsBoundedAndTheRestFollows(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.MaxAnswer = 10_000 })
	session, at := b.begin(t, "ada", "general")
	const n = 500
	for i := range n {
		b.post(t, "bob", "general", fmt.Sprint(i, strings.Repeat(" ", 1000)))
	}
	seq := 0
	for answers := 0; seq < n; answers++ {
		a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
		if len(a.text) > 200_000 {
			t.Fatalf("an answer of %d bytes", len(a.text))
		}
		if len(a.Frames) == 0 || answers > n {
			t.Fatalf("after %d of %d: %s", seq, n, a.text)
		}
		session = a.Session
		for _, f := range a.Frames {
			if f["type"] != "message" {
				continue
			}
			if seq++; f["seq"].(float64) != float64(seq) {
				t.Fatalf("seq %v came in place of %d", f["seq"], seq)
			}
			at = chat.Position{Epoch: b.hub.Epoch(), Seq: uint64(seq)}.String()
		}
	}
}
