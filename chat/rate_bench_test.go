package chat

import (
	"testing"
	"time"
)

// What the bound of a channel adds to that of a user.
func BenchmarkLimit(b *testing.B) {
	id := Identity{Project: DefaultProject, User: "ada"}
	for name, channelRate := range map[string]float64{"user": 0, "user and channel": 1e12} {
		b.Run(name, func(b *testing.B) {
			h := &Hub{now: time.Now, paces: map[userKey]*bucket{}, rates: newRates(&Options{PostRate: 1e12, ChannelRate: channelRate})}
			var channel bucket
			for b.Loop() {
				if err := h.limit(&id, &channel); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
