package chat

import (
	"context"
	"time"
)

// tickCalls ends the calls whose time is over.
func (h *Hub) tickCalls(now time.Time) {
	cs := &h.calls
	cs.mu.Lock()
	for _, c := range cs.overdue(now) {
		h.turn(c, c.due(now), "", nil)
		cs.unwritten = append(cs.unwritten, c.call)
	}
	cs.forget(now)
	write := len(cs.unwritten) > 0 && !cs.failing
	cs.mu.Unlock()
	if write {
		h.alone(&h.recording, h.recordCalls)
	}
}

// endCalls ends all calls, since the server stops, and lets no more begin.
func (h *Hub) endCalls(ctx context.Context) {
	cs := &h.calls
	cs.mu.Lock()
	cs.closed = true
	for _, c := range cs.byID {
		if !c.call.Over() {
			h.turn(c, Ended, "", nil)
			cs.unwritten = append(cs.unwritten, c.call)
		}
	}
	cs.mu.Unlock()
	h.recordCalls(ctx)
}

// recordCalls writes the events of calls that ended by themselves, and of those
// whose events could not be written.
func (h *Hub) recordCalls(ctx context.Context) {
	h.calls.mu.Lock()
	calls := h.calls.unwritten
	h.calls.unwritten, h.calls.failing = nil, false
	h.calls.mu.Unlock()
	for _, c := range calls {
		h.record(ctx, c, func(error) {})
	}
}

// recordNow writes the event of a call that is over, and waits for it.
func (h *Hub) recordNow(ctx context.Context, call *Call) error {
	done := make(chan error, 1)
	h.record(ctx, call, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return &Error{Code: CodeUnavailable, Message: "no answer in time; the call is over", Cause: ctx.Err()}
	}
}

// record commits the event of a call that is over. What cannot be written now,
// because the store is full or away, is tried again every second: a call has
// its one event though it ended in a bad moment.
func (h *Hub) record(ctx context.Context, call *Call, done func(error)) {
	failed := func(err error) {
		if AsError(err).Retryable() {
			h.calls.later(call)
		} else {
			h.log.Error("write a call's event", "channel", call.Channel.Name, "err", err)
		}
		done(err)
	}
	r, err := h.acquire(ctx, call.Channel)
	if err != nil {
		failed(err)
		return
	}
	defer h.release(r)
	d := &Draft{Channel: call.Channel, Kind: KindCall, Sender: call.Caller, SenderName: call.CallerName, Call: call}
	h.append(r, d, h.receive(ctx), func(_ Committed, err error) {
		if err != nil {
			failed(err)
			return
		}
		done(nil)
	})
}

// later has the call's event written with the next slow tick.
func (cs *calls) later(call *Call) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.unwritten, cs.failing = append(cs.unwritten, call), true
	if len(cs.unwritten) > maxCallsKnown {
		cs.unwritten = cs.unwritten[1:]
	}
}
