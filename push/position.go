package push

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

// position is up to where a channel was told, as it is kept. Only channels have
// one in which anybody was told, or in which something was new that may not be
// found otherwise: see recover. It matters for MaxAge; then it is removed.
type position struct {
	Project string    `json:"project"`
	Channel string    `json:"channel"`
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
}

func (s *Service) loadPositions(ctx context.Context) error {
	old := make(map[string][]byte)
	since := s.now().Add(-MaxAge)
	err := s.store.Records(ctx, recordPosition, func(at string, value []byte) error {
		var p position
		if err := json.Unmarshal(value, &p); err != nil {
			return err
		}
		if p.At.Before(since) {
			old[at] = nil
			return nil
		}
		ch := chat.ChannelID{Project: p.Project, Name: p.Channel}
		s.places[ch] = &place{id: ch, done: p.Seq, seen: p.At, told: p.Seq, kept: p.At}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the positions of notifications: %w", err)
	}
	if len(old) == 0 {
		return nil
	}
	return s.store.PutRecords(ctx, old)
}

// keepPositions writes those that moved and of which everything is settled. One
// that is not is written as it was, before it becomes too old to count.
func (s *Service) keepPositions(ctx context.Context) error {
	now := s.now().UTC()
	records := make(map[string][]byte)
	written := make(map[*place]position)
	s.mu.Lock()
	for p := range s.moved {
		at := position{p.id.Project, p.id.Name, p.told, now}
		if p.open == 0 {
			at.Seq = max(p.done, p.last)
		} else if now.Sub(p.kept) <= MaxAge/2 {
			continue
		}
		value, err := json.Marshal(at)
		if err != nil {
			s.mu.Unlock()
			return err
		}
		records[named(recordPosition, p.id.Project, p.id.Name)] = value
		written[p] = at
	}
	s.mu.Unlock()
	if len(records) == 0 {
		return nil
	}
	if err := s.store.PutRecords(ctx, records); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, at := range written {
		p.told, p.kept = at.Seq, now
		if p.last <= p.told {
			p.last = 0
			delete(s.moved, p)
		}
	}
	return nil
}

// sweep forgets channels in which nothing has happened for MaxAge: what comes
// next there is looked for from MaxAge back.
func (s *Service) sweep(ctx context.Context) {
	since := s.now().Add(-MaxAge)
	gone := make(map[string][]byte)
	s.mu.Lock()
	for ch, p := range s.places {
		if p.due.IsZero() && p.open == 0 && p.last == 0 && p.seen.Before(since) {
			delete(s.places, ch)
			if !p.kept.IsZero() {
				gone[named(recordPosition, ch.Project, ch.Name)] = nil
			}
		}
	}
	missed := s.missed
	s.missed = false
	s.mu.Unlock()
	if len(gone) > 0 {
		if err := s.store.PutRecords(ctx, gone); err != nil && ctx.Err() == nil {
			s.log.Warn("remove positions of notifications", "err", err) // the next start removes them
		}
	}
	if missed {
		s.recover(ctx)
	}
}
