package chat

import (
	"testing"
	"time"
)

// What is noted of every message is in the way of its acknowledgement and its
// deliveries: it must allocate nothing.
func TestWays_AllocateNothing(t *testing.T) {
	ws := ways{now: time.Now}
	e := &Event{Kind: KindMessage, Channel: ChannelID{DefaultProject, "general"}, Seq: 1}
	d := NewEventDelivery(e)
	ws.begin(e, receipt{})
	if n := testing.AllocsPerRun(1000, func() {
		d.way = ws.begin(e, receipt{})
		d.way.offered(1)
		for range 3 {
			if d.Followed() {
				d.Written()
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func BenchmarkWays(b *testing.B) {
	ws := ways{now: time.Now}
	e := &Event{Kind: KindMessage, Channel: ChannelID{DefaultProject, "general"}, Seq: 1}
	d := NewEventDelivery(e)
	b.ReportAllocs()
	for b.Loop() {
		d.way = ws.begin(e, receipt{})
		d.way.offered(1)
		if d.Followed() {
			d.Written()
		}
	}
}
