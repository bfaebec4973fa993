package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
)

func TestD3_AMessageHasItsPartsAndIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	bob.follow(`"channelId":"general"`)
	const frame = `{"type":"publish","channelId":"general","nonce":"c1","text":"Hello","meta":{"color":"red"},"seq":99}`
	ack := ada.acked(frame)
	id := fmt.Sprint(ack["id"])
	stored := b.ask(t, b.token(t, auth.Grant{User: "carol"}), "GET", general+"/"+id, "").want(t, 200, "")

	got := bob.durable(1)[0]
	want := map[string]any{
		"type": "message", "id": ack["id"], "channelId": "general", "senderId": "ada", "text": "Hello", "seq": 1.0,
		"sequence": 0.0, "createdAt": ack["createdAt"], "nonce": "c1", "meta": map[string]any{"color": "red"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(stored.body) != fmt.Sprint(want) {
		t.Errorf("live   %v\nstored %v\nwant   %v", got, stored.body, want)
	}
	if !isUUID.MatchString(id) || !isTime.MatchString(fmt.Sprint(got["createdAt"])) {
		t.Errorf("id %s, createdAt %v", id, got["createdAt"])
	}
	if ack["nonce"] != "c1" || ack["seq"] != 1.0 || ack["repeated"] != nil {
		t.Errorf("acknowledged by %v", ack)
	}
	again := b.user(t, "ada").acked(frame)
	if again["id"] != ack["id"] || again["seq"] != 1.0 || again["repeated"] != true {
		t.Errorf("a retry was acknowledged by %v", again)
	}
	ada.acked(`{"type":"publish","channelId":"general","nonce":"c2","text":"next"}`)
	if next := bob.durable(1)[0]; next["seq"] != 2.0 || next["text"] != "next" {
		t.Errorf("after the retry came %v", next)
	}
}

func TestD4_PresenceTypingAndEventsOfAnyTypeReachTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	bob := b.user(t, "bob")
	bob.follow(`"channelId":"general","presence":true`)
	ada := b.user(t, "ada")
	ada.follow(`"channelId":"general","presence":true`)
	if came := bob.person("joined", "ada"); came["status"] != "online" {
		t.Errorf("came %v", came)
	}
	ada.acked(`{"type":"presence","status":"away","custom":"at lunch"}`)
	if changed := bob.person("changed", "ada"); changed["status"] != "away" || changed["custom"] != "at lunch" {
		t.Errorf("changed %v", changed)
	}
	for _, on := range []bool{true, false} {
		ada.acked(`{"type":"typing","channelId":"general","typing":%v}`, on)
		if told := bob.expect("typing", "", nil); told["userId"] != "ada" || told["typing"] != on || told["channelId"] != "general" {
			t.Errorf("typing %v: %v", on, told)
		}
	}
	ada.acked(`{"type":"signal","channelId":"general","event":"auction.bid","data":{"lot":7,"bid":[1,null,"x"]}}`)
	told := bob.expect("signal", "event", "auction.bid")
	if told["userId"] != "ada" || fmt.Sprint(told["data"]) != "map[bid:[1 <nil> x] lot:7]" {
		t.Errorf("signal %v", told)
	}
	if head := ada.acked(`{"type":"events","channelId":"general","after":0}`); len(objects(t, head, "events")) != 0 {
		t.Errorf("what is ephemeral was stored: %v", head)
	}
}

func TestD5_WhatCameAfterASeqOrATimeIsGivenWithTombstonesAndChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.user(t, "ada")
	ids := make([]any, 6)
	for i := 1; i <= 4; i++ {
		ids[i] = ada.acked(`{"type":"publish","channelId":"general","text":"m%d"}`, i)["id"]
	}
	ada.acked(`{"type":"edit","channelId":"general","id":%q,"text":"m2, edited"}`, ids[2])
	ada.acked(`{"type":"delete","channelId":"general","id":%q}`, ids[3])
	ada.acked(`{"type":"publish","channelId":"general","text":"m5"}`)

	bob := b.user(t, "bob")
	bob.denied("channel_required", `{"type":"events","after":2}`)
	subscribed := bob.follow(`"channelId":"general"`)
	const want = "3 message, 4 message, 5 message.update, 6 message.delete, 7 message"
	given := bob.acked(`{"type":"events","after":2}`)
	list := objects(t, given, "events")
	if got := outline(list); got != want || given["head"] != subscribed["head"] || !strings.HasSuffix(fmt.Sprint(given["head"]), ":7") {
		t.Fatalf("after 2 came %s, head %v", got, given["head"])
	}
	if m := list[0]; m["id"] != ids[3] || m["deletedAt"] == nil || m["text"] != nil {
		t.Errorf("the tombstone is %v", m)
	}
	if m := list[2]; m["id"] != ids[2] || m["newText"] != "m2, edited" || m["targetSeq"] != 2.0 {
		t.Errorf("the change is %v", m)
	}
	if got := outline(objects(t, bob.acked(`{"type":"events","after":2,"limit":2}`), "events")); got != "3 message, 4 message" {
		t.Errorf("two after 2 are %s", got)
	}
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	if got := outline(objects(t, bob.acked(`{"type":"events","since":%q}`, since), "events")); got != "1 message, 2 message, "+want {
		t.Errorf("since an hour ago came %s", got)
	}
	bob.follow(`"channelId":"another"`)
	bob.denied("channel_required", `{"type":"events","after":2}`)

	epoch, _, _ := strings.Cut(fmt.Sprint(given["head"]), ":")
	carol := b.user(t, "carol")
	carol.send(`{"type":"subscribe","channelId":"general","position":"` + epoch + `:2"}`)
	if got := outline(carol.durable(5)); got != want {
		t.Errorf("who comes back is told %s", got)
	}
}

func TestD5_BelowTheHorizonTheAnswerSaysWhereToStartAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/short", `{"retention":60}`).want(t, 200, "")
	ada := b.user(t, "ada")
	ada.acked(`{"type":"publish","channelId":"short","text":"old"}`)
	if _, err := b.store.Expire(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ada.acked(`{"type":"publish","channelId":"short","text":"new"}`)
	asked := ada.denied("expired", `{"type":"events","channelId":"short","after":0}`)
	oldest, head := fmt.Sprint(at(asked, "expired", "oldest")), fmt.Sprint(at(asked, "expired", "head"))
	epoch, _, _ := strings.Cut(head, ":")
	if at(asked, "expired", "reason") != "horizon" || oldest != epoch+":1" || head != epoch+":2" {
		t.Fatalf("answered with %v", asked)
	}
	back := ada.denied("expired", `{"type":"subscribe","channelId":"short","position":"%s:0"}`, epoch)
	if fmt.Sprint(back["expired"]) != fmt.Sprint(asked["expired"]) {
		t.Errorf("who comes back is told %v, who asks %v", back, asked)
	}
	ada.send(`{"type":"subscribe","channelId":"short","position":"` + oldest + `"}`)
	if m := ada.durable(1)[0]; m["text"] != "new" || m["seq"] != 2.0 {
		t.Errorf("from the oldest on came %v", m)
	}
}

func TestD6_UpdatesAndDeletesComeInTheOrderOfSeq(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	bob.follow(`"channelId":"general"`)
	id := ada.acked(`{"type":"publish","channelId":"general","text":"first"}`)["id"]
	ada.acked(`{"type":"publish","channelId":"general","text":"second"}`)
	ada.acked(`{"type":"edit","channelId":"general","id":%q,"text":"changed"}`, id)
	ada.acked(`{"type":"delete","channelId":"general","id":%q}`, id)
	ada.acked(`{"type":"publish","channelId":"general","text":"third"}`)
	events := bob.durable(5)
	if got := outline(events); got != "1 message, 2 message, 3 message.update, 4 message.delete, 5 message" {
		t.Fatalf("told %s", got)
	}
	if e := events[2]; e["id"] != id || e["newText"] != "changed" || !isTime.MatchString(fmt.Sprint(e["editedAt"])) {
		t.Errorf("the update is %v", e)
	}
	if e := events[3]; e["id"] != id || !isTime.MatchString(fmt.Sprint(e["deletedAt"])) {
		t.Errorf("the deletion is %v", e)
	}
	bob.denied("forbidden", `{"type":"edit","channelId":"general","id":%q,"text":"mine"}`, events[1]["id"])
	bob.denied("forbidden", `{"type":"delete","channelId":"general","id":%q}`, events[1]["id"])
	ada.denied("deleted", `{"type":"edit","channelId":"general","id":%q,"text":"again"}`, id)
}

func TestD7_AReadCursorIsOfUserAndChannelAndNeverMovesBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, phone, desk := b.user(t, "ada"), b.user(t, "bob"), b.user(t, "bob")
	var ids []any
	for range 3 {
		ids = append(ids, ada.acked(`{"type":"publish","channelId":"general","text":"x"}`)["id"])
	}
	for _, s := range []*socket{ada, phone, desk} {
		s.follow(`"channelId":"general"`)
	}
	moved := phone.acked(`{"type":"read","channelId":"general","id":%q}`, ids[1])
	if at(moved, "cursor", "read") != 2.0 || at(moved, "cursor", "unread") != 1.0 {
		t.Errorf("moved: %v", moved)
	}
	for _, s := range []*socket{ada, desk} {
		if told := s.expect("read", "userId", "bob"); told["seq"] != 2.0 || told["id"] != ids[1] || told["channelId"] != "general" {
			t.Errorf("told %v", told)
		}
	}
	if back := phone.acked(`{"type":"read","channelId":"general","seq":1}`); at(back, "cursor", "read") != 2.0 {
		t.Errorf("moved back: %v", back)
	}
	cursors := b.ask(t, b.token(t, auth.Grant{User: "carol"}), "GET", "/v1/channels/general/cursors", "").want(t, 200, "").list(t, "cursors")
	if len(cursors) != 1 || cursors[0]["userId"] != "bob" || cursors[0]["read"] != 2.0 {
		t.Errorf("to others the cursors are %v", cursors)
	}
	phone.acked(`{"type":"read","channelId":"general","seq":3}`)
	ada.expect("read", "seq", 3.0)
	here := b.user(t, "bob").follow(`"channelId":"general"`)
	if at(here, "cursor", "read") != 3.0 || at(here, "cursor", "unread") != 0.0 {
		t.Errorf("bob's cursor is %v", here)
	}
	if other := b.user(t, "carol").follow(`"channelId":"general"`); at(other, "cursor", "read") != 0.0 || at(other, "cursor", "unread") != 3.0 {
		t.Errorf("carol's cursor is %v", other)
	}
	if there := b.user(t, "bob").follow(`"channelId":"another"`); at(there, "cursor", "read") != 0.0 {
		t.Errorf("bob's cursor elsewhere is %v", there)
	}
}

func TestD8_ALogIsKeptByChannelAndSeqAndReadInPagesFromAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := setup(t, func(c *Serve) { c.Data, c.PostRate = dir, 0 })
	ada := first.user(t, "ada")
	const each = 60
	for i := 1; i <= each; i++ {
		for _, channel := range []string{"a", "a b", "b"} {
			if ack := ada.acked(`{"type":"publish","channelId":%q,"text":"%s %d"}`, channel, channel, i); ack["seq"] != float64(i) {
				t.Fatalf("in %q the %dth was acknowledged with %v", channel, i, ack)
			}
		}
	}
	pages := func(b *bundle) string {
		bob, all := b.user(t, "bob"), ""
		for _, channel := range []string{"a", "a b", "b"} {
			for before := each + 1; before > 1; before -= 7 {
				page := bob.acked(`{"type":"history","channelId":%q,"before":%d,"limit":7}`, channel, before)
				messages := objects(t, page, "messages")
				for i, m := range messages {
					seq := before - len(messages) + i
					if m["seq"] != float64(seq) || m["text"] != fmt.Sprintf("%s %d", channel, seq) || m["channelId"] != channel {
						t.Errorf("before %d in %q stands %v", before, channel, m)
					}
				}
				if want := min(7, before-1); len(messages) != want || page["more"] != nil && before <= 8 {
					t.Errorf("before %d in %q there are %d, more: %v", before, channel, len(messages), page["more"])
				}
				all += fmt.Sprint(messages)
			}
		}
		return all
	}
	before := pages(first)
	if err := first.stop(nil); err != nil {
		t.Fatal(err)
	}
	if after := pages(setup(t, func(c *Serve) { c.Data = dir })); after != before {
		t.Error("a server that was started again has other pages")
	}
}

func TestD10_MetricsTellOfLatencyQueuesReconnectionsAndErrors(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	subscribed := bob.follow(`"channelId":"general"`)
	ada.acked(`{"type":"publish","channelId":"general","text":"x"}`)
	bob.durable(1)
	bob.denied("not_found", `{"type":"delete","channelId":"general","id":"01945a3d-0000-7000-8000-000000000001"}`)
	_ = bob.ws.CloseNow()
	again := b.user(t, "bob")
	again.send(fmt.Sprintf(`{"type":"subscribe","channelId":"general","position":%q}`, subscribed["position"]))
	again.durable(1)
	got := b.visit(t, "GET", "/metrics", nil).want(t, 200, "")
	for _, line := range []string{
		"parley_receive_to_ack_seconds_count 1\n", `parley_receive_to_ack_seconds_bucket{le="+Inf"} 1` + "\n",
		"parley_receive_to_deliver_seconds_count ", "parley_queue_bytes ", "parley_queue_bytes_most ", "parley_store_queue ",
		"parley_events_posting 0\n", "parley_subscriptions_resumed_total 1\n", "parley_resume_distance_events_sum 1\n",
		`parley_errors_total{code="not_found"} 1` + "\n", `parley_ws_opened_total{door="native"} 3` + "\n",
	} {
		if !strings.Contains(got.text, line) {
			t.Errorf("no %q", line)
		}
	}
}

func TestD10_DevicesOfAUserStayInStepAndDirectMessagesReachThemAll(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	phone, desk, bob := b.user(t, "ada"), b.user(t, "ada"), b.user(t, "bob")
	for _, s := range []*socket{phone, desk} {
		s.follow(`"channelId":"general"`)
	}
	id := phone.acked(`{"type":"publish","channelId":"general","text":"from the phone"}`)["id"]
	desk.acked(`{"type":"edit","channelId":"general","id":%q,"text":"from the desk"}`, id)
	if m := phone.expect("message.update", "id", id); m["newText"] != "from the desk" {
		t.Errorf("the phone is told %v", m)
	}
	phone.acked(`{"type":"read","channelId":"general","seq":2}`)
	desk.expect("read", "seq", 2.0)

	direct := chat.DirectName("ada", "bob")
	stranger := b.user(t, "carol")
	bob.acked(`{"type":"publish","channelId":%q,"text":"Just you"}`, direct)
	for _, s := range []*socket{phone, desk} {
		if opened := s.expect("subscribed", "channelId", direct); opened["direct"] != true {
			t.Errorf("told %v", opened)
		}
		if m := s.expect("message", "channelId", direct); m["text"] != "Just you" || m["senderId"] != "bob" {
			t.Errorf("told %v", m)
		}
	}
	stranger.denied("forbidden", `{"type":"subscribe","channelId":%q}`, direct)
	stranger.denied("forbidden", `{"type":"history","channelId":%q}`, direct)
}
