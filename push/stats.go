package push

import "sync/atomic"

// Stats are what a Service has counted since it started, and how much there is.
type Stats struct {
	Subscriptions int // there are
	Waiting       int // notifications to be sent

	Sent      uint64 // taken by a push service
	Skipped   uint64 // not sent, for they were delivered, read, deleted or forbidden meanwhile
	Collapsed uint64 // replaced by a later one of the same channel
	Retried   uint64 // attempts that are made again
	Refused   uint64 // not taken by a push service, for good
	Expired   uint64 // not taken in time
	Dropped   uint64 // there was no room
	Gone      uint64 // subscriptions that ended
	Missed    uint64 // hints for which there was no room; their channels are looked at later
}

type counters struct {
	sent, skipped, collapsed, retried, refused, expired, dropped, gone, missed atomic.Uint64
}

// Stats are the figures now.
func (s *Service) Stats() Stats {
	s.accounts.mu.RLock()
	subscriptions := len(s.accounts.subs)
	s.accounts.mu.RUnlock()
	c := &s.stats
	return Stats{
		Subscriptions: subscriptions, Waiting: s.outbox.length(),
		Sent: c.sent.Load(), Skipped: c.skipped.Load(), Collapsed: c.collapsed.Load(), Retried: c.retried.Load(),
		Refused: c.refused.Load(), Expired: c.expired.Load(), Dropped: c.dropped.Load(), Gone: c.gone.Load(), Missed: c.missed.Load(),
	}
}
