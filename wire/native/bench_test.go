package native

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// The messages of these benchmarks have a body of 200 bytes, as bench/ sends.
var body = `"` + strings.Repeat("word ", 39) + `end"`

func BenchmarkDecode_Publish(b *testing.B) {
	c := Dialect().New("")
	data := []byte(`{"type":"publish","ref":4711,"channelId":"general","nonce":"5f2b1c1e-7c8e-4c9c-9b4f-0d9a1a6f3e21","text":` + body + `}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := c.Decode(data, func(chat.Request) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode_Message(b *testing.B) {
	benchmarkEncode(b, &chat.Delivery{Event: sample()})
}

func BenchmarkEncode_Ack(b *testing.B) {
	benchmarkEncode(b, &chat.Delivery{Reply: &chat.Reply{
		Ref:       uint64(4711),
		Command:   chat.Post{Channel: "general", Nonce: "5f2b1c1e-7c8e-4c9c-9b4f-0d9a1a6f3e21"},
		Committed: &chat.Committed{Event: sample()},
	}})
}

func benchmarkEncode(b *testing.B, d *chat.Delivery) {
	c := Dialect().New("")
	n := 0
	emit := func(frame []byte) { n = len(frame) }
	b.ReportAllocs()
	for b.Loop() {
		c.Encode(d, emit)
	}
	b.SetBytes(int64(n))
}

func sample() *chat.Event {
	return &chat.Event{
		Channel:    chat.ChannelID{Project: chat.DefaultProject, Name: "general"},
		Seq:        123456,
		Kind:       chat.KindMessage,
		At:         time.Date(2026, 1, 31, 12, 0, 0, 5e6, time.UTC),
		Sender:     "alice",
		SenderName: "Alice",
		ID:         "01945a3e-8f2a-7c3d-9a51-3f0c5a1b2c3d",
		Sequence:   123000,
		Body:       []byte(body),
		Nonce:      "5f2b1c1e-7c8e-4c9c-9b4f-0d9a1a6f3e21",
	}
}
