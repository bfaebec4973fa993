package conversations

import (
	"fmt"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// A message is told differently to its sender's connections, so theirs must
// not take the frames that were made for the others.
func TestShared_ExceptsTheSendersConnections(t *testing.T) {
	t.Parallel()
	door := Dialect()
	sending, other, foreign := door.New("sending"), door.New("other"), door.New("foreign")
	var posted chat.Request
	text := []byte(`{"type":"message","message":{"id":"temp-1","conversationId":"c","senderId":"ada","text":"x"}}`)
	if err := sending.Decode(text, func(r chat.Request) { posted = r }); err != nil {
		t.Fatal(err)
	}
	other.Encode(&chat.Delivery{Reply: &chat.Reply{Connected: &chat.Connected{User: "ada"}}}, func([]byte) {})
	foreign.Encode(&chat.Delivery{Reply: &chat.Reply{Connected: &chat.Connected{User: "bob"}}}, func([]byte) {})

	begun := &chat.Reply{Subscribed: &chat.Subscribed{Channel: "c", From: chat.Position{Epoch: "k3v9"}}}
	for _, c := range []wire.Codec{sending, other, foreign} {
		c.Encode(&chat.Delivery{Reply: begun}, func([]byte) {})
	}

	event := chat.Event{
		Channel: chat.ChannelID{Name: "c"}, Kind: chat.KindMessage, At: time.UnixMilli(1), Sender: "ada",
		Body: []byte(`"x"`), Nonce: posted.Command.(chat.Post).Nonce,
	}
	live := event
	live.Session = "sending"
	for _, e := range []*chat.Event{&live, &event} {
		d := &chat.Delivery{Event: e}
		if sending.Shared(d) || other.Shared(d) || !foreign.Shared(d) {
			t.Errorf("session %q: shared with the sending, another, a foreign connection: %t, %t, %t",
				e.Session, sending.Shared(d), other.Shared(d), foreign.Shared(d))
		}
		sending.Encode(d, func(frame []byte) { t.Errorf("the sending connection got %s", frame) })
	}
}

func TestRecent_ForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var r recent
	for i := range 3 * remembered {
		r.add("c", "ada", fmt.Sprint(i))
		r.add("c", "ada", fmt.Sprint(i))
	}
	for i := range 3 * remembered {
		if got, want := r.has("c", "ada", fmt.Sprint(i)), i >= 2*remembered; got != want {
			t.Fatalf("entry %d: %t", i, got)
		}
	}
	if len(r.set) != remembered || r.has("c", "bob", fmt.Sprint(3*remembered-1)) {
		t.Error("it holds more than it should")
	}
}
