package sse_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-chat/parley/chat"
)

func deliver(body string, emit func([]byte)) {
	dialect().New("session").Encode(&chat.Delivery{Event: &chat.Event{
		Channel: chat.ChannelID{Name: "general"}, Seq: 1, Kind: chat.KindMessage, ID: "m1", Sender: "bob", Body: []byte(body),
	}}, emit)
}

// What an application listens to of its own cannot be mistaken for what the
// server says, whatever a sender chooses.
func TestEncode_ASignalIsNeverTakenForTheServersOwn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", " ", "message", "error", "open", "connected", "typing", "presence", "read", "delivered", "expired", "expiring", "going_away",
		"level", "dropped", "call", "member", "state", "reaction", "pin", "message.update", "message.delete", "x\ndata: y", "x\rid: 1", " error",
	} {
		for _, data := range []string{`{"type":"message","senderId":"alice","userId":"alice"}`, `{"userId":"alice"}`, `[]`} {
			s := &chat.Signal{Kind: chat.SignalCustom, User: "mallory", Name: name, Data: []byte(data)}
			dialect().New("session").Encode(&chat.Delivery{Signal: s}, func(frame []byte) {
				e := event(t, frame)
				var got struct{ Type, UserID, Event string }
				if err := json.Unmarshal([]byte(e.Data), &got); err != nil {
					t.Fatal(err)
				}
				if e.Name != "signal" || got.Type != "signal" || got.UserID != "mallory" || got.Event != name {
					t.Errorf("%q becomes %q: %s", name, e.Name, e.Data)
				}
			})
		}
	}
}
