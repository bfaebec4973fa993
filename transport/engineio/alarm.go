package engineio

import (
	"sync"
	"time"
)

// alarms says which connections are due to be looked at: a heap of them by
// their times, which are counted from the server's start.
type alarms struct {
	mu   sync.Mutex
	heap []*Conn
}

// alarm is a connection's place among them; the mutex of alarms guards it.
type alarm struct {
	due   time.Duration
	place int // in the heap, from 1; 0: it has none
}

// set puts c down for a time, in place of the one before.
func (a *alarms) set(c *Conn, due time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.alarm.place == 0 {
		a.heap = append(a.heap, c)
		c.alarm.place = len(a.heap)
	}
	c.alarm.due = due
	a.sift(c)
}

// drop takes c out.
func (a *alarms) drop(c *Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(c)
}

// take appends those to due whose time has come, and takes them out.
func (a *alarms) take(due []*Conn, now time.Duration) []*Conn {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.heap) > 0 && a.heap[0].alarm.due <= now {
		due = append(due, a.heap[0])
		a.remove(a.heap[0])
	}
	return due
}

func (a *alarms) remove(c *Conn) {
	at := c.alarm.place
	if at == 0 {
		return
	}
	last := len(a.heap)
	moved := a.heap[last-1]
	a.heap[last-1] = nil
	a.heap = a.heap[:last-1]
	c.alarm.place = 0
	if moved != c {
		a.heap[at-1] = moved
		moved.alarm.place = at
		a.sift(moved)
	}
}

// sift moves c to where it belongs.
func (a *alarms) sift(c *Conn) {
	for at := c.alarm.place; at > 1 && c.alarm.due < a.heap[at/2-1].alarm.due; at = c.alarm.place {
		a.swap(at, at/2)
	}
	for {
		at, first := c.alarm.place, c.alarm.place
		for child := 2 * at; child <= min(2*at+1, len(a.heap)); child++ {
			if a.heap[child-1].alarm.due < a.heap[first-1].alarm.due {
				first = child
			}
		}
		if first == at {
			return
		}
		a.swap(at, first)
	}
}

func (a *alarms) swap(i, j int) {
	a.heap[i-1], a.heap[j-1] = a.heap[j-1], a.heap[i-1]
	a.heap[i-1].alarm.place, a.heap[j-1].alarm.place = i, j
}
