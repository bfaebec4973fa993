package ws

import (
	"testing"
	"time"
)

func TestPace_RestsAfterALongRoundAndOnlyThen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := pace{now: func() time.Time { return now }}
	rounds := make([]uint32, restSize) // of each connection
	round := func(n int, took time.Duration) {
		t.Helper()
		for i := range n {
			if d := p.next(n); d != 0 {
				t.Fatalf("rested %v in mid-round", d)
			}
			p.came(&rounds[i])
			now = now.Add(took / time.Duration(n))
		}
	}
	round(restSize, time.Millisecond)
	if d := p.next(restSize); d != 0 {
		t.Errorf("a rest of %v after a short round", d)
	}
	p.over()
	round(10, time.Second)
	if d := p.next(10); d != 0 {
		t.Errorf("a rest of %v after a round that was held up", d)
	}
	p.over()
	round(restSize, time.Millisecond)
	p.over()
	round(restSize, 10*time.Millisecond)
	if d := p.next(restSize); d != 10*time.Millisecond {
		t.Errorf("a rest of %v after a round of 10 ms", d)
	}
	p.over()
	round(restSize, time.Second)
	if d := p.next(restSize); d != restMost {
		t.Errorf("a rest of %v after a round of a second", d)
	}
	p.over()
	rounds = make([]uint32, restSize)
	p.round = 100
	round(restSize, time.Second)
	if d := p.next(restSize); d != 0 {
		t.Errorf("a rest of %v after a round of those who have little to send", d)
	}
	p.over()
	round(restSize, time.Second)
	p.over() // the queue was empty
	if d := p.next(restSize); d != 0 {
		t.Errorf("a rest of %v though there was nothing to do", d)
	}
}
