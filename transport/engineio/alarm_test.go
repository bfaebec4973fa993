package engineio

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The alarms against a map of times.
func TestAlarms_GoOffWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a alarms
		conns := make([]*Conn, 20)
		for i := range conns {
			conns[i] = &Conn{}
		}
		want := map[*Conn]time.Duration{}
		now := time.Duration(0)
		any := rapid.SampledFrom(conns)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				c, due := any.Draw(t, "conn"), now+time.Duration(rapid.IntRange(-5, 50).Draw(t, "in"))
				a.set(c, due)
				want[c] = due
			},
			"drop": func(t *rapid.T) {
				c := any.Draw(t, "conn")
				a.drop(c)
				delete(want, c)
			},
			"pass": func(t *rapid.T) {
				now += time.Duration(rapid.IntRange(0, 20).Draw(t, "time"))
				last := time.Duration(-1 << 60)
				for _, c := range a.take(nil, now) {
					due, set := want[c]
					if !set || due > now || due < last {
						t.Fatalf("at %d goes off what is due at %d (set: %v), after %d", now, due, set, last)
					}
					last = due
					delete(want, c)
				}
			},
			"": func(t *rapid.T) {
				for c, due := range want {
					if due <= now-20 {
						t.Fatalf("at %d one of %d is left", now, due)
					}
					if c.alarm.place == 0 || a.heap[c.alarm.place-1] != c {
						t.Fatal("a connection is not where it says")
					}
				}
				if len(a.heap) != len(want) {
					t.Fatalf("%d are set, not %d", len(a.heap), len(want))
				}
			},
		})
		for _, c := range a.take(nil, 1<<40) {
			delete(want, c)
		}
		if len(want) > 0 || len(a.heap) > 0 {
			t.Fatalf("%d never went off", len(want))
		}
	})
}
