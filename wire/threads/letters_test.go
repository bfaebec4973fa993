package threads_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/threads"
)

// Some clients take every frame for a message that has these letters somewhere.
const letters = "message"

func mayHoldLetters(t interface{ Fatalf(string, ...any) }, frame []byte) bool {
	var f struct{ Type string }
	if err := json.Unmarshal(frame, &f); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	return f.Type == "message" || f.Type == "error"
}

func TestFrames_OfTheTranscriptsHoldTheLettersOnlyInMessages(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			frame, told := strings.CutPrefix(line, "< ")
			if told && strings.Contains(frame, letters) && !mayHoldLetters(t, []byte(frame)) {
				t.Errorf("%s: %s", path, frame)
			}
		}
	}
}

// Whatever clients put into their frames – under names with the letters, too,
// but not as values – nobody is told of it in a frame that could be taken for
// a message.
func TestFrames_HoldTheLettersOnlyInMessages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sender, other := threads.Dialect().New("sender"), threads.Dialect().New("other")
		for _, c := range []wire.Codec{sender, other} {
			begun := chat.Subscribed{Channel: "t", From: chat.Position{Epoch: "k3v9"}}
			c.Encode(&chat.Delivery{Reply: &chat.Reply{Subscribed: &begun}}, func([]byte) {})
		}
		err := sender.Decode(drawFrame(t), func(r chat.Request) {
			for _, d := range deliver(t, r) {
				for _, c := range []wire.Codec{sender, other} {
					c.Encode(d, func(frame []byte) {
						if strings.Contains(string(frame), letters) && !mayHoldLetters(t, frame) {
							t.Errorf("%s", frame)
						}
					})
				}
			}
		})
		if err != nil {
			t.Fatalf("a good frame is refused: %v", err)
		}
	})
}

// drawFrame is a good frame with members of its client's own.
func drawFrame(t *rapid.T) []byte {
	value := rapid.StringMatching(`[a-lA-Z 0-9"\\é]{0,9}`)
	name := rapid.OneOf(rapid.StringMatching(`[a-z]{9,12}`), rapid.SampledFrom([]string{
		"message", "messageId", "a message", "messages", "timestamp", "id", "callId", "position2", "userId2",
	}))
	members := map[string]any{}
	for k, v := range rapid.MapOf(name, value).Draw(t, "members") {
		members[k] = v
	}
	for k, v := range map[string]any{
		"threadId": "t", "recipientId": "bob", "senderId": "ada", "userId": "ada", "message": value.Draw(t, "text"),
		"callId": "c1", "token": value.Draw(t, "token"), "offer": map[string]string{"sdp": value.Draw(t, "sdp")},
	} {
		members[k] = v
	}
	members["type"] = rapid.SampledFrom([]string{
		"user_connected", "join_thread", "send_message", "typing", "offer", "answer", "ice-candidate",
		"call_initiated", "call_accepted", "call_declined", "call_busy", "call_ended",
	}).Draw(t, "type")
	if members["type"] == "typing" {
		members["typing"] = rapid.Bool().Draw(t, "on")
	}
	frame, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// deliver is what others are told of a request.
func deliver(t *rapid.T, r chat.Request) []*chat.Delivery {
	in := chat.ChannelID{Name: "t"}
	switch cmd := r.Command.(type) {
	case chat.Post:
		posted := chat.Event{Channel: in, Seq: 1, Kind: chat.KindMessage, Sender: "ada", ID: "m1", Body: cmd.Body, Meta: cmd.Meta}
		edited, deleted := posted, posted
		edited.Kind, deleted.Kind = chat.KindEdit, chat.KindDelete
		return []*chat.Delivery{{Event: &posted}, {Event: &edited}, {Event: &deleted}}
	case chat.Send:
		return []*chat.Delivery{{Signal: &chat.Signal{Kind: chat.SignalCustom, User: "ada", Name: cmd.Name, Data: cmd.Data}}}
	case chat.StartCall, chat.AnswerCall:
		call := chat.Call{ID: "c1", Channel: in, Caller: "ada", Callee: "bob", State: chat.CallState(rapid.SampledFrom([]string{
			"ringing", "accepted", "declined", "busy", "ended", "missed",
		}).Draw(t, "state"))}
		if cmd, ok := cmd.(chat.StartCall); ok {
			call.Data = cmd.Data
		}
		return []*chat.Delivery{
			{Signal: &chat.Signal{Kind: chat.SignalCall, Call: &call}},
			{Event: &chat.Event{Channel: in, Seq: 2, Kind: chat.KindCall, Sender: "ada", Call: &call}},
		}
	case chat.Typing:
		return []*chat.Delivery{{Signal: &chat.Signal{Kind: chat.SignalTyping, Channel: in, User: "ada", Typing: cmd.On}}}
	case chat.Subscribe:
		came := []chat.Presence{{User: "ada"}}
		return []*chat.Delivery{
			{Signal: &chat.Signal{Kind: chat.SignalPresence, Channel: in, Joined: came, Left: came}},
			{Reply: &chat.Reply{Ref: r.Ref, Command: cmd, Subscribed: &chat.Subscribed{Channel: "t"}}},
		}
	}
	t.Fatalf("what becomes of %+v?", r.Command)
	return nil
}
