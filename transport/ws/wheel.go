package ws

import "sync"

const wheelSlots = 256

// wheel is one timer for all connections: each is in one slot, and is looked
// at when the wheel comes by and its time has come.
type wheel struct {
	mu    sync.Mutex
	now   uint32 // ticks since the start
	slots [wheelSlots][]*conn
}

// entry is a connection's place; the wheel's mutex guards it.
type entry struct {
	in   bool
	due  uint32 // tick
	pos  int32  // in its slot
	wish uint32 // what hasten asked for while the connection was being looked at; 0: nothing
}

// set puts c down for so many ticks from now, in place of what was set before.
func (w *wheel) set(c *conn, ticks uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := w.now + max(1, ticks)
	if wish := c.timer.wish; wish != 0 {
		due = min(due, wish)
	}
	w.remove(c)
	w.put(c, due)
}

// hasten is set, unless c comes sooner anyway.
func (w *wheel) hasten(c *conn, ticks uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := w.now + max(1, ticks)
	if !c.timer.in {
		c.timer.wish = due
		return
	}
	if c.timer.due <= due {
		return
	}
	w.remove(c)
	w.put(c, due)
}

// drop takes c out for good.
func (w *wheel) drop(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remove(c)
}

func (w *wheel) put(c *conn, due uint32) {
	slot := &w.slots[due%wheelSlots]
	c.timer = entry{in: true, due: due, pos: int32(len(*slot))}
	*slot = append(*slot, c)
}

func (w *wheel) remove(c *conn) {
	if !c.timer.in {
		return
	}
	slot := &w.slots[c.timer.due%wheelSlots]
	last := len(*slot) - 1
	moved := (*slot)[last]
	(*slot)[c.timer.pos] = moved
	moved.timer.pos = c.timer.pos
	(*slot)[last] = nil
	*slot = (*slot)[:last]
	c.timer.in = false
}

// tick moves on by one and appends those to due whose time has come. They are
// out of the wheel until they are set again.
func (w *wheel) tick(due []*conn) []*conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now++
	slot := w.slots[w.now%wheelSlots]
	for i := len(slot) - 1; i >= 0; i-- {
		if c := slot[i]; c.timer.due == w.now {
			w.remove(c)
			due = append(due, c)
		}
	}
	return due
}
