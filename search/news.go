package search

import (
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

const (
	// maxNews bounds the channels in which something new was heard of; with
	// more, all are looked at.
	maxNews = 1 << 16

	// heldBytes bounds the events that are kept from the hints. Others are read
	// from the log.
	heldBytes  = 4 << 20
	eventBytes = 512 // about what one takes beside its body
)

// news are the channels of which hints came. A hint that is lost, late or
// doubled changes nothing but when its channel is looked at.
type news struct {
	now  func() time.Time
	wake chan struct{} // says that there are some

	mu       sync.Mutex
	channels map[chat.ChannelID]told
	spare    map[chat.ChannelID]told // what was taken last, for what comes next
	held     int                     // bytes of the events in channels
	overflow bool                    // there were too many: compare all heads
	since    time.Time               // when the first of channels came
	taken    time.Time               // since when something that was taken waits to be indexed; zero: nothing does
	owed     time.Time               // the same of what no hint may have told
}

// told is what hints say of a channel.
type told struct {
	seq    uint64        // it reaches to here
	events []*chat.Event // some of those before, one after the other
}

// after are the events that follow seq, as far as they are known.
func (t *told) after(seq uint64) []*chat.Event {
	if len(t.events) == 0 || t.events[0].Seq > seq+1 {
		return nil
	}
	return t.events[min(seq+1-t.events[0].Seq, uint64(len(t.events))):]
}

// newNews are those of an index that has not looked at the log yet.
func newNews(now func() time.Time) news {
	return news{
		now: now, wake: make(chan struct{}, 1), owed: now(),
		channels: make(map[chat.ChannelID]told), spare: make(map[chat.ChannelID]told),
	}
}

// hear takes a hint. It does not block: whoever appends calls it.
func (n *news) hear(h chat.Hint) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, known := n.channels[h.Channel]
	if !known && len(n.channels) >= maxNews {
		n.overflow = true
		n.owes(n.now())
		return
	}
	t.seq = max(t.seq, h.Seq)
	if n.takes(t, h.Event) {
		t.events = append(t.events, h.Event)
		n.held += len(h.Event.Body) + eventBytes
	}
	n.channels[h.Channel] = t
	if len(n.channels) > 1 || known {
		return
	}
	n.since = n.now()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// takes reports whether e goes on where t's events end, and there is room for
// it. mu is held.
func (n *news) takes(t told, e *chat.Event) bool {
	if e == nil || n.held >= heldBytes || len(t.events) == stepEvents {
		return false
	}
	return len(t.events) == 0 || t.events[len(t.events)-1].Seq+1 == e.Seq
}

// take are the news so far, until the next call of take.
func (n *news) take() map[chat.ChannelID]told {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.channels) == 0 {
		return nil
	}
	if n.taken.IsZero() {
		n.taken = n.since
	}
	clear(n.spare)
	n.channels, n.spare, n.held = n.spare, n.channels, 0
	select {
	case <-n.wake:
	default:
	}
	return n.spare
}

// missed reports, once, whether there were too many.
func (n *news) missed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	missed := n.overflow
	n.overflow = false
	return missed
}

// owe notes that something waits, of which no hint may have told.
func (n *news) owe() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.taken.IsZero() {
		n.owes(n.now())
	} else {
		n.owes(n.taken)
	}
}

// owes notes that something waits since then, if nothing has for longer. mu is held.
func (n *news) owes(since time.Time) {
	if n.owed.IsZero() || since.Before(n.owed) {
		n.owed = since
	}
}

// done notes that what was taken is indexed.
func (n *news) done() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taken = time.Time{}
}

// settle notes that so is what no hint may have told.
func (n *news) settle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taken, n.owed = time.Time{}, time.Time{}
}

// age is for how long the first of them has waited to be taken.
func (n *news) age() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.channels) == 0 {
		return 0
	}
	return max(n.now().Sub(n.since), 0)
}

// waiting is of how many channels there are news, and for how long something
// has waited to be indexed.
func (n *news) waiting() (channels int, lag time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	for _, since := range []time.Time{n.owed, n.taken} {
		if !since.IsZero() {
			lag = max(lag, now.Sub(since))
		}
	}
	if len(n.channels) > 0 {
		lag = max(lag, now.Sub(n.since))
	}
	return len(n.channels), lag
}
