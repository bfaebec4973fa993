package push

import (
	"context"
	"slices"
	"time"

	"github.com/parley-chat/parley/chat"
)

// lookBack bounds how many messages are looked at where nothing is known of a
// channel, and at a time where it is.
const lookBack = 1000

// place is how far the service has come in a channel. Service.mu guards it.
type place struct {
	id   chat.ChannelID
	head uint64    // the greatest that was hinted
	done uint64    // everything up to here was looked at; 0: it is not known
	due  time.Time // when it is looked at next; zero: nothing is new
	busy bool      // it is being looked at: what is new is found out afterwards
	seen time.Time // when something last happened

	open int       // notifications that are not settled
	last uint64    // up to where a notification was made since the position was kept; 0: nowhere
	told uint64    // the position among the records
	kept time.Time // when that was written; zero: there is none
}

// hear takes a hint. It is called in the path of a commit: it notes it, and
// no more; where nobody in the project has a subscription not even that.
func (s *Service) hear(h chat.Hint) {
	if !s.accounts.any(h.Channel.Project) {
		return
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[h.Channel]
	if p == nil {
		if len(s.places) >= maxPlaces {
			s.missed = true // the next sweep makes room, and looks for all of them
			s.stats.missed.Add(1)
			return
		}
		p = &place{id: h.Channel}
		s.places[h.Channel] = p
	}
	p.head = max(p.head, h.Seq)
	if p.head > p.done && p.due.IsZero() && !p.busy {
		s.schedule(p, now.Add(s.o.Delay))
	}
	if now.Sub(p.kept) > MaxAge/2 && chat.KindOf(h.Channel.Name) != chat.Direct {
		s.moved[p] = struct{}{} // or nobody would look for it after a crash: see recover
	}
}

// schedule has p looked at. Hints wait equally long, so that the queue is in
// the order of its times but for what is tried again. mu is held.
func (s *Service) schedule(p *place, at time.Time) {
	p.due, p.seen = at, s.now()
	i := len(s.queue)
	for i > 0 && s.queue[i-1].due.After(at) {
		i--
	}
	s.queue = slices.Insert(s.queue, i, p)
	if i == 0 {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// lookAll looks at what is due, and is how long until the next is.
func (s *Service) lookAll(ctx context.Context) time.Duration {
	for ctx.Err() == nil {
		now := s.now()
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return sweepEvery
		}
		p := s.queue[0]
		if wait := p.due.Sub(now); wait > 0 {
			s.mu.Unlock()
			return wait
		}
		s.queue[0] = nil
		s.queue = s.queue[1:]
		p.due, p.busy = time.Time{}, true
		head, done := p.head, p.done
		s.mu.Unlock()
		through, next, err := s.look(ctx, p, head, done)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("read what is to be told", "channel", p.id.Name, "err", err)
		}
		s.mu.Lock()
		p.done, p.busy = max(p.done, through), false
		if (err != nil || p.head > p.done) && p.due.IsZero() {
			if next.IsZero() {
				next = now.Add(s.o.Delay)
			}
			s.schedule(p, next)
		}
		s.mu.Unlock()
	}
	return sweepEvery
}

// look reads what is new in the channel, up to what is too new to be told, and
// has everybody told whom it concerns. It returns up to where it came, and when
// what follows may be told; zero: that is not known.
func (s *Service) look(ctx context.Context, p *place, head, done uint64) (through uint64, next time.Time, err error) {
	now := s.now()
	messages, through, next, err := s.fresh(ctx, p.id, head, done, now)
	if err != nil || len(messages) == 0 {
		return through, next, err
	}
	notices, err := s.audience(ctx, p.id, messages)
	if err != nil {
		return 0, time.Time{}, err
	}
	for _, n := range notices {
		for _, sub := range s.accounts.subscriptions(userKey{p.id.Project, n.user}) {
			s.begin(p, n.seq)
			s.outbox.put(&delivery{sub: sub, notice: n, settled: func() { s.settle(p) }})
		}
	}
	return through, next, nil
}

// fresh are the channel's messages after done that had their time to be
// delivered, up to where this is all of them, and when the next has had its.
// Where nothing is known, they are those that are younger than MaxAge: what is
// older was told before, or is no news.
func (s *Service) fresh(ctx context.Context, ch chat.ChannelID, head, done uint64, now time.Time) (ripe []*chat.Event, through uint64, next time.Time, err error) {
	page := chat.Page{After: done, Forward: true, Limit: lookBack}
	if done == 0 {
		page = chat.Page{Before: head + 1, Limit: lookBack}
	}
	messages, err := s.store.Messages(ctx, ch, page)
	if err != nil {
		return nil, 0, next, err
	}
	through = head
	if n := len(messages); n == lookBack && done > 0 {
		through = messages[n-1].Seq
	}
	for _, m := range messages {
		age := now.Sub(m.At)
		if age >= 0 && age < s.o.Delay { // a clock that was set back makes nobody wait
			through, next = m.Seq-1, m.At.Add(s.o.Delay)
			break
		}
		through = max(through, m.Seq)
		if !m.Deleted() && !over(m, now) && (done > 0 || age <= MaxAge) {
			ripe = append(ripe, m)
		}
	}
	return ripe, through, next, nil
}

// over reports whether the message's own time is over.
func over(m *chat.Event, now time.Time) bool {
	return !m.ExpiresAt.IsZero() && !now.Before(m.ExpiresAt)
}

// begin counts a notification in p that will be settled.
func (s *Service) begin(p *place, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.open++
	p.last = max(p.last, seq)
	s.moved[p] = struct{}{}
}

func (s *Service) settle(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.open--
	p.seen = s.now()
}

// recover looks for what was committed and not told when the service before
// ended, and for what there was no room for: in the channels in which somebody
// who has a subscription is a member, and in those with a position.
func (s *Service) recover(ctx context.Context) {
	since := s.now().Add(-MaxAge)
	s.mu.Lock()
	names := make(map[chat.ChannelID]struct{}, len(s.places))
	for ch := range s.places {
		names[ch] = struct{}{}
	}
	s.mu.Unlock()
	for _, key := range s.accounts.everybody() {
		if err := s.joined(ctx, key, names); err != nil {
			if ctx.Err() == nil {
				s.log.Warn("look for what was not told", "err", err)
			}
			return
		}
	}
	for ch := range names {
		head, err := s.store.Head(ctx, ch)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			s.log.Warn("look for what was not told", "channel", ch.Name, "err", err)
			continue
		}
		if !head.LastTime.Before(since) {
			s.hear(chat.Hint{Channel: ch, Seq: head.Seq})
		}
	}
}

func (s *Service) joined(ctx context.Context, key userKey, names map[chat.ChannelID]struct{}) error {
	for after := ""; ; {
		list, err := s.store.Joined(ctx, key.project, key.id, after, lookBack)
		if err != nil {
			return err
		}
		for _, name := range list {
			names[chat.ChannelID{Project: key.project, Name: name}] = struct{}{}
			after = name
		}
		if len(list) < lookBack {
			return nil
		}
	}
}
