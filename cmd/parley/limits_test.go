package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/internal/plain"
)

func TestD9_EachChannelIsHeldToALimitAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.ChannelRate, c.ChannelBurst = 0, 0.001, 4 })
	ada, bob := b.user(t, "ada"), b.user(t, "bob")
	carol := b.token(t, auth.Grant{User: "carol"})
	bob.follow(`"channelId":"general"`)
	id := ada.acked(`{"type":"publish","channelId":"general","text":"one"}`)["id"]
	bob.send(`{"type":"react","channelId":"general","id":"` + fmt.Sprint(id) + `","reaction":"+1"}`)
	told := bob.durable(2) // before others come
	b.ask(t, carol, "POST", general, `{"text":"three"}`).want(t, 201, "")
	b.ask(t, carol, "PUT", "/v1/channels/general/state/k", `{"value":4}`).want(t, 200, "")
	if got := outline(append(told, bob.durable(2)...)); got != "1 message, 2 reaction, 3 message, 4 state" {
		t.Errorf("told %s", got)
	}

	// Whoever comes next, by whichever door, and whatever it is.
	refused := ada.denied("rate_limited", `{"type":"publish","channelId":"general","nonce":"n5","text":"five"}`)
	if wait, _ := refused["retryAfter"].(float64); refused["retry"] != true || wait < 1 || wait > 1_001_000 || refused["nonce"] != "n5" {
		t.Errorf("refused by %v", refused)
	}
	dan := b.user(t, "dan")
	dan.denied("rate_limited", `{"type":"react","channelId":"general","id":%q,"reaction":"-1"}`, id)
	if over := b.ask(t, carol, "POST", general, `{"text":"five"}`).want(t, 429, "rate_limited"); over.header.Get("Retry-After") == "" {
		t.Errorf("answered with %v", over.header)
	}

	// Other channels go on, signals have as much to themselves, what is read is
	// not counted, and what the application's own server says is neither.
	dan.acked(`{"type":"publish","channelId":"another","text":"x"}`)
	for range 4 {
		ada.acked(`{"type":"signal","channelId":"general","event":"wave"}`)
	}
	dan.denied("rate_limited", `{"type":"signal","channelId":"general","event":"wave"}`)
	dan.acked(`{"type":"signal","userId":"ada","event":"wave"}`)
	dan.acked(`{"type":"history","channelId":"general"}`)
	server := b.secretKey(t)
	for range 5 {
		b.ask(t, server, "POST", general+"?userId=desk", `{"text":"an announcement"}`).want(t, 201, "")
	}
	if events := bob.durable(5); events[4]["seq"] != 9.0 {
		t.Errorf("told %v", events)
	}
}

// answersOf reads until so many answers with a nonce have come, and is them by
// nonce.
func answersOf(t *testing.T, line plain.Line, n int) map[string]map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answers := map[string]map[string]any{}
	for len(answers) < n {
		text, err := line.Next(ctx)
		if err != nil {
			t.Fatalf("after %d of %d answers: %v", len(answers), n, err)
		}
		var frame map[string]any
		if err := json.Unmarshal(text, &frame); err != nil {
			t.Fatal(err)
		}
		if frame["type"] != "ack" && frame["type"] != "error" {
			continue
		}
		nonce, _ := frame["nonce"].(string)
		if nonce == "" || answers[nonce] != nil {
			t.Fatalf("an answer without a nonce of its own: %s", text)
		}
		answers[nonce] = frame
	}
	return answers
}

// listed is a frame that publishes a list: as many messages as texts, whose
// nonces are the prefix and their places.
func listed(channel, ref, prefix string, texts ...string) string {
	var messages []string
	for i, text := range texts {
		messages = append(messages, fmt.Sprintf(`{"nonce":"%s%d","text":%q}`, prefix, i, text))
	}
	return fmt.Sprintf(`{"type":"publish","ref":%q,"channelId":%q,"messages":[%s]}`, ref, channel, strings.Join(messages, ","))
}

// lists opens both native doors for a user.
func (b *bundle) lists(t *testing.T, user string) map[string]plain.Line {
	t.Helper()
	lines := map[string]plain.Line{}
	for _, door := range []string{"/v1/ws", "/v1/poll"} {
		s := seats()[door][0]
		line, err := s.open(t.Context(), b, b.token(t, auth.Grant{User: user + door[3:]}), "elsewhere")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(line.Close)
		lines[door] = line
	}
	return lines
}

// chatter has somebody post to general until the function that it returns is called.
func (b *bundle) chatter(t *testing.T) (hush func()) {
	t.Helper()
	talking, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	other := b.user(t, "other")
	go func() {
		defer close(done)
		for talking.Err() == nil {
			if other.ws.Write(talking, websocket.MessageText, []byte(`{"type":"publish","channelId":"general","text":"between"}`)) != nil {
				return
			}
			if _, _, err := other.ws.Read(talking); err != nil {
				return
			}
		}
	}()
	return func() {
		stop()
		<-done
	}
}

// A list of messages is stored in its order at both native doors, while others
// post; sent again, it is the same messages.
func TestBatch_IsStoredInItsOrderAtBothNativeDoors(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	ctx := t.Context()
	const lists, size = 3, 100
	hush := b.chatter(t)
	for door, line := range b.lists(t, "ada") {
		for n := range lists {
			var texts []string
			for i := range size {
				texts = append(texts, fmt.Sprint(n*size+i))
			}
			frame := listed("general", "r", fmt.Sprint(n, "-"), texts...)
			for again := range 2 {
				if err := line.Send(ctx, frame); err != nil {
					t.Fatal(err)
				}
				last := 0.0
				answers := answersOf(t, line, size)
				for i := range size {
					ack := answers[fmt.Sprint(n, "-", i)]
					seq, _ := ack["seq"].(float64)
					if ack["type"] != "ack" || ack["ref"] != "r" || seq <= last || (ack["repeated"] == true) != (again == 1) {
						t.Fatalf("%s: message %d of list %d (time %d) is answered by %v after seq %v", door, i, n, again, ack, last)
					}
					last = seq
				}
			}
		}
	}
	hush()
	said := map[string]int{}
	for after := "0"; ; {
		page := b.ask(t, b.secretKey(t), "GET", general+"?limit=1000&after="+after, "").want(t, 200, "")
		for _, m := range page.list(t, "messages") {
			sender, _ := m["senderId"].(string)
			if sender == "other" {
				continue
			}
			if m["text"] != fmt.Sprint(said[sender]) {
				t.Fatalf("%s said %v after %d messages", sender, m["text"], said[sender])
			}
			said[sender]++
			after = fmt.Sprint(m["seq"])
		}
		if page.body["next"] == nil {
			break
		}
	}
	if len(said) != 2 || said["ada/ws"] != lists*size || said["ada/poll"] != lists*size {
		t.Errorf("the log has %v", said)
	}
}

// Of a list, what is refused for good is refused alone; after the first that is
// refused for now nothing is stored.
func TestBatch_HasAnAnswerForEachMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0.001, 6 })
	ctx := t.Context()
	for door, line := range b.lists(t, "ada") {
		frame := listed("general", "r", door, "0", strings.Repeat("x", 70_000), "2", "3", "4", "5", "6", "7", "8")
		frame = strings.Replace(frame, `"text":"3"`, `"text":3`, 1)
		frame = strings.Replace(frame, `"text":"4"`, `"text":"4","parentId":"01945a3e-0000-7000-8000-000000000000"`, 1)
		if err := line.Send(ctx, frame); err != nil {
			t.Fatal(err)
		}
		answers := answersOf(t, line, 9)
		var told []any
		for i := range 9 {
			answer := answers[fmt.Sprint(door, i)]
			told = append(told, answer["code"])
			if answer["code"] == "rate_limited" && (answer["retry"] != true || answer["retryAfter"] != answers[door+"8"]["retryAfter"]) {
				t.Errorf("%s: %d is refused by %v, the last by %v", door, i, answer, answers[door+"8"])
			}
		}
		if want := "[<nil> too_large <nil> invalid not_found <nil> <nil> <nil> rate_limited]"; fmt.Sprint(told) != want {
			t.Errorf("%s: told %v, want %s", door, told, want)
		}
		if err := line.Send(ctx, listed("general", "again", door, "0", "other")); err != nil {
			t.Fatal(err)
		}
		answers = answersOf(t, line, 2)
		if answers[door+"0"]["code"] != "rate_limited" || answers[door+"1"]["code"] != "rate_limited" {
			t.Errorf("%s: over the limit, told %v", door, answers)
		}
	}
	page := b.ask(t, b.secretKey(t), "GET", general+"?limit=100", "").want(t, 200, "").list(t, "messages")
	var texts []any
	for _, m := range page {
		texts = append(texts, m["text"])
	}
	if got := fmt.Sprint(texts); got != "[0 2 5 6 7 0 2 5 6 7]" {
		t.Errorf("the log has %s", got)
	}
}
