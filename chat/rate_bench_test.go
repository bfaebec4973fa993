package chat

import (
	"testing"
	"time"
)

// What the bound of a channel adds to that of a user.
func BenchmarkLimit(b *testing.B) {
	id, at := Identity{Project: DefaultProject, User: "ada"}, time.Now()
	for name, channelRate := range map[string]float64{"user": 0, "user and channel": 1e12} {
		b.Run(name, func(b *testing.B) {
			h := &Hub{now: func() time.Time { return at }, paces: map[paceKey]*bucket{}, rates: newRates(&Options{PostRate: 1e12, ChannelRate: channelRate})}
			var channel bucket
			for b.Loop() {
				if err := h.limit(&id, &channel); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
