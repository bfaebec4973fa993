package chat

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// sweepTicketsEvery is how often unused tickets are looked for.
const sweepTicketsEvery = time.Hour

// tickets are those in force on this node. mu is taken under room.mu, and no
// other lock under it; claiming and flushing are held over the store's reading
// and writing, and under no other lock.
type tickets struct {
	claiming sync.Mutex // held while it is decided who has a ticket
	flushing sync.Mutex // held by flushTickets, which holds several keepings

	mu    sync.Mutex
	held  map[string]*keeping // by their records' keys
	dirty map[*keeping]struct{}
}

// later has k's record written within a second.
func (t *tickets) later(k *keeping) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dirty == nil {
		t.dirty = make(map[*keeping]struct{})
	}
	t.dirty[k] = struct{}{}
}

func (t *tickets) hold(k *keeping) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = make(map[string]*keeping)
	}
	t.held[k.key()] = k
}

func (t *tickets) holder(key string) *keeping {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held[key]
}

// drop lets go of a ticket, unless another session holds it by now.
func (t *tickets) drop(k *keeping) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[k.key()] == k {
		delete(t.held, k.key())
	}
}

// writeTicket commits k's record as it is now.
func (h *Hub) writeTicket(ctx context.Context, k *keeping) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	if k.taken() {
		return E(CodeDisconnected, "the session goes on in another connection")
	}
	return h.store.PutRecords(ctx, map[string][]byte{k.key(): k.value(h.now())})
}

// flushTickets writes what has changed without anybody's waiting for it: that
// the hub began or ended a subscription, that a session was closed.
func (h *Hub) flushTickets(ctx context.Context) {
	t := &h.tickets
	t.flushing.Lock()
	defer t.flushing.Unlock()
	t.mu.Lock()
	dirty := t.dirty
	t.dirty = nil
	t.mu.Unlock()
	if len(dirty) == 0 {
		return
	}
	records := make(map[string][]byte, len(dirty))
	for k := range dirty {
		k.writing.Lock()
		if !k.taken() {
			records[k.key()] = k.value(h.now())
		}
	}
	err := h.store.PutRecords(ctx, records)
	for k := range dirty {
		k.writing.Unlock()
		switch {
		case err != nil:
			t.later(k)
		case k.gone():
			t.drop(k)
		}
	}
	if err != nil && ctx.Err() == nil {
		h.log.Error("write tickets", "err", err)
	}
}

// loadTicket is the record as it is stored, or nil.
func (h *Hub) loadTicket(ctx context.Context, key string) (found *ticketRecord, err error) {
	err = h.store.Records(ctx, key, func(name string, value []byte) error {
		if name != key {
			return nil
		}
		found = new(ticketRecord)
		return json.Unmarshal(value, found)
	})
	return found, err
}

// sweepTickets removes those that nobody has come back to, and says of those in
// force that they are in use.
func (h *Hub) sweepTickets(ctx context.Context) {
	if err := h.removeTickets(ctx); err != nil && ctx.Err() == nil {
		h.log.Error("remove unused tickets", "err", err)
	}
}

func (h *Hub) removeTickets(ctx context.Context) error {
	h.tickets.claiming.Lock()
	defer h.tickets.claiming.Unlock()
	now := h.now()
	unused := make(map[string][]byte)
	err := h.store.Records(ctx, ticketPrefix, func(key string, value []byte) error {
		var t ticketRecord
		bad := json.Unmarshal(value, &t) != nil
		switch k := h.tickets.holder(strings.Clone(key)); {
		case k != nil && now.Sub(t.At) > DefaultRetention/2:
			h.tickets.later(k)
		case k == nil && (bad || !t.good(now)):
			unused[key] = nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.store.PutRecords(ctx, unused)
}

// taken reports that another session has the ticket.
func (k *keeping) taken() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.takenOver
}

// gone reports that the session is closed.
func (k *keeping) gone() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left
}
