package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/internal/plain"
)

// hear gives the line's next messages, by their texts.
func hear(t *testing.T, line plain.Line, n int) (texts []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(texts) < n {
		data, err := line.Next(ctx)
		if err != nil {
			t.Fatalf("after %q: %v", texts, err)
		}
		var frame struct{ Type, Text string }
		if err := json.Unmarshal(data, &frame); err != nil {
			t.Fatal(err)
		}
		if frame.Type == "message" {
			texts = append(texts, frame.Text)
		}
	}
	return texts
}

func TestA1_EveryParticipantReceivesEachMessageByWebSocketAndByPolling(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	polls := plain.NewPoll(b.url, bearer(b.token(t, auth.Grant{User: "pol"})), "general", "")
	t.Cleanup(polls.Close)
	for polls.Position == "" {
		if _, err := polls.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	begin := fmt.Sprint(ada.follow(`"channelId":"general"`)["position"])
	bob.follow(`"channelId":"general"`)

	ada.send(`{"type":"publish","channelId":"general","nonce":"1","text":"by WebSocket"}`)
	for _, s := range []*socket{ada, bob} {
		if m := s.durable(1)[0]; m["text"] != "by WebSocket" || m["senderId"] != "ada" {
			t.Errorf("told %v", m)
		}
	}
	if err := polls.Send(t.Context(), `{"type":"publish","channelId":"general","nonce":"2","text":"by polling"}`); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, polls, 2); fmt.Sprint(got) != "[by WebSocket by polling]" {
		t.Errorf("who polls heard %q", got)
	}
	for _, s := range []*socket{ada, bob} {
		if m := s.durable(1)[0]; m["text"] != "by polling" || m["senderId"] != "pol" {
			t.Errorf("told %v", m)
		}
	}

	_ = bob.ws.CloseNow()
	ada.acked(`{"type":"publish","channelId":"general","nonce":"3","text":"meanwhile"}`)
	back := plain.NewPoll(b.url, bearer(b.token(t, auth.Grant{User: "bob"})), "general", begin)
	t.Cleanup(back.Close)
	if got := hear(t, back, 3); fmt.Sprint(got) != "[by WebSocket by polling meanwhile]" {
		t.Errorf("who came back by polling heard %q", got)
	}
}

func TestA2_AMessageIsCheckedStoredNumberedToldAndThenDelivered(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	ada.follow(`"channelId":"general"`)
	bob.follow(`"channelId":"general","acks":true`)
	for range 10 {
		ada.denied("invalid", `{"type":"publish","channelId":"general","text":""}`)
		ada.denied("invalid", `{"type":"publish","channelId":"general","text":"x","meta":7}`)
	}
	reader := b.token(t, auth.Grant{User: "carol"})
	for i := 1; i <= 20; i++ {
		ada.send(fmt.Sprintf(`{"type":"publish","channelId":"general","ref":%d,"text":"m%d"}`, i, i))
		told := bob.durable(1)[0]
		if told["seq"] != float64(i) {
			t.Fatalf("the %dth message is %v", i, told)
		}
		id := fmt.Sprint(told["id"])
		if stored := b.ask(t, reader, "GET", general+"/"+id, "").want(t, 200, ""); fmt.Sprint(stored.body) != fmt.Sprint(told) {
			t.Errorf("told  %v\nstored %v", told, stored.body)
		}
		if ack := ada.expect("ack", "ref", float64(i)); ack["id"] != id || ack["seq"] != told["seq"] {
			t.Errorf("told %v, acknowledged %v", told, ack)
		}
	}
	bob.acked(`{"type":"delivered","channelId":"general","seq":20}`)
	if told := ada.expect("delivered", "userId", "bob"); told["seq"] != 20.0 || told["channelId"] != "general" {
		t.Errorf("the sender is told %v", told)
	}
	cursors := b.ask(t, reader, "GET", "/v1/channels/general/cursors", "").want(t, 200, "").list(t, "cursors")
	if len(cursors) != 1 || cursors[0]["delivered"] != 20.0 || cursors[0]["read"] != 0.0 {
		t.Errorf("the cursors are %v", cursors)
	}
}

// That it comes again after 20 and 40 seconds more is shown by a test of chat,
// where no time passes.
func TestA3_MessagesComeInTheOrderSentAndAgainUntilAcknowledged(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	bob.follow(`"channelId":"general","acks":true`)
	const all = 40
	sent := time.Now()
	for i := 1; i <= all; i++ {
		ada.send(fmt.Sprintf(`{"type":"publish","channelId":"general","text":"m%d"}`, i))
	}
	first := bob.durable(all)
	for i, m := range first {
		if m["text"] != fmt.Sprintf("m%d", i+1) || m["seq"] != float64(i+1) || m["redelivered"] != nil {
			t.Fatalf("the %dth is %v", i+1, m)
		}
	}
	bob.acked(`{"type":"delivered","channelId":"general","seq":%d}`, all-2)
	for i, m := range bob.durable(2) {
		was := first[all-2+i]
		if m["id"] != was["id"] || m["seq"] != was["seq"] || m["redelivered"] != true {
			t.Errorf("in the place of %v came again %v", was, m)
		}
	}
	if took := time.Since(sent); took < 9*time.Second {
		t.Errorf("it came again after %v", took)
	}
	bob.acked(`{"type":"delivered","channelId":"general","seq":%d}`, all)
	ada.acked(`{"type":"publish","channelId":"general","text":"next"}`)
	if m := bob.durable(1)[0]; m["text"] != "next" || m["redelivered"] != nil {
		t.Errorf("once all was acknowledged came %v", m)
	}
}

func TestA3_MessagesAreKeptThirtyDaysUnlessTheChannelSaysOtherwise(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const day = 24 * time.Hour
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/week", `{"retention":604800}`).want(t, 200, "")
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/ever", `{"retention":-1}`).want(t, 200, "")
	ada := b.user(t, "ada")
	channels := []string{"general", "week", "ever"}
	for _, channel := range channels {
		ada.acked(`{"type":"publish","channelId":%q,"text":"x"}`, channel)
	}
	for _, after := range []struct {
		time time.Duration
		kept string
	}{
		{6 * day, "[general week ever]"}, {8 * day, "[general ever]"}, {29 * day, "[general ever]"}, {31 * day, "[ever]"}, {9000 * day, "[ever]"},
	} {
		if _, err := b.store.Expire(t.Context(), time.Now().Add(after.time)); err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, channel := range channels {
			if len(objects(t, ada.acked(`{"type":"history","channelId":%q}`, channel), "messages")) == 1 {
				kept = append(kept, channel)
			}
		}
		if got := fmt.Sprint(kept); got != after.kept {
			t.Errorf("after %v there are %s, want %s", after.time, got, after.kept)
		}
	}
}

func TestA8_TypingEndsThreeSecondsAfterTheLastSignOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	ada.follow(`"channelId":"general"`)
	bob.follow(`"channelId":"general"`)
	typed := time.Now()
	ada.acked(`{"type":"typing","channelId":"general","typing":true}`)
	bob.expect("typing", "typing", true)
	bob.expect("typing", "typing", false)
	if took := time.Since(typed); took < 2900*time.Millisecond {
		t.Errorf("it ended after %v", took)
	}
}

// A machine that stands still may take the three seconds that typing lasts:
// one end before them is enough.
func TestA8_TypingEndsOnSend(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	ada.follow(`"channelId":"general"`)
	bob.follow(`"channelId":"general"`)
	for range 10 {
		typed := time.Now()
		ada.acked(`{"type":"typing","channelId":"general","typing":true}`)
		bob.expect("typing", "typing", true)
		ada.acked(`{"type":"publish","channelId":"general","text":"x"}`)
		bob.expect("typing", "typing", false)
		if time.Since(typed) < 2900*time.Millisecond {
			return
		}
	}
	t.Error("no message has ended its sender's typing")
}

func TestA9_PresenceIsOnlineOrOfflineWithTheTimeLastSeen(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	begun := time.Now().Add(-time.Second)
	bob := b.user(t, "bob")
	bob.follow(`"channelId":"general","presence":true`)
	ada := b.user(t, "ada")
	ada.follow(`"channelId":"general","presence":true`)
	if came := bob.person("joined", "ada"); came["status"] != "online" || came["lastSeen"] != nil {
		t.Errorf("came %v", came)
	}
	carol := b.token(t, auth.Grant{User: "carol"})
	if here := b.ask(t, carol, "GET", "/v1/users/ada", "").want(t, 200, ""); here.body["status"] != "online" {
		t.Errorf("who is here is %s", here.text)
	}
	_ = ada.ws.CloseNow()
	left := bob.person("left", "ada")
	seen, err := time.Parse(time.RFC3339, fmt.Sprint(left["lastSeen"]))
	if err != nil || left["status"] != "offline" || seen.Before(begun) || seen.After(time.Now()) {
		t.Errorf("left %v, %v", left, err)
	}
	gone := b.ask(t, carol, "GET", "/v1/users/ada", "").want(t, 200, "")
	if gone.body["status"] != "offline" || !isTime.MatchString(fmt.Sprint(gone.body["lastSeen"])) {
		t.Errorf("who has left is %s", gone.text)
	}
}

func TestA9_StateIsSharedByAllClientsOfARoom(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	bob.follow(`"channelId":"general"`)
	ada.acked(`{"type":"state.set","channelId":"general","key":"topic","value":{"text":"Lunch"}}`)
	ada.acked(`{"type":"state.set","channelId":"general","key":"votes","add":2}`)
	bob.acked(`{"type":"state.set","channelId":"general","key":"floor","value":"bob","if":0}`)
	ada.denied("version_conflict", `{"type":"state.set","channelId":"general","key":"floor","value":"ada","if":0}`)
	ada.acked(`{"type":"state.delete","channelId":"general","key":"topic"}`)

	carol := b.user(t, "carol")
	snapshot := carol.acked(`{"type":"state.get","channelId":"general"}`)
	var keys []string
	for _, k := range objects(t, snapshot, "keys") {
		keys = append(keys, fmt.Sprintf("%v=%v@%v", k["key"], k["value"], k["version"]))
	}
	if got := strings.Join(keys, " "); got != "floor=bob@3 votes=2@2" {
		t.Errorf("who comes late finds %s", got)
	}
	epoch, _, _ := strings.Cut(fmt.Sprint(snapshot["head"]), ":")
	carol.send(`{"type":"subscribe","channelId":"general","position":"` + epoch + `:0"}`)
	events := carol.durable(4)
	if got := outline(events); got != "1 state, 2 state, 3 state, 4 state" || events[3]["deleted"] != true || at(events[0], "value", "text") != "Lunch" {
		t.Errorf("the changes are %v", events)
	}
}
