package client

import "time"

// serve gives the handler what is queued, and acknowledges it.
func (s *Subscription) serve() {
	var (
		acked time.Time
		owed  bool // an ack
		timer = time.NewTimer(time.Hour)
	)
	defer timer.Stop()
	for {
		select {
		case <-s.client.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		for {
			events, ended := s.take()
			if len(events) == 0 {
				if ended {
					return
				}
				break
			}
			for _, e := range events {
				if s.stopped() {
					return
				}
				s.handler(e)
				owed = s.handledUpTo(e) || owed
			}
		}
		if !owed {
			continue
		}
		now := s.client.o.Now()
		if left := s.client.o.AckEvery - now.Sub(acked); left > 0 {
			timer.Reset(left)
			continue
		}
		s.acknowledge()
		acked, owed = now, false
	}
}

// take is what is queued; when nothing is, a subscription that was paused goes
// on.
func (s *Subscription) take() (events []Event, ended bool) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	events = s.queue
	s.queue, s.bytes = nil, 0
	if len(events) == 0 && s.stalled && !s.ended {
		s.stalled = false
		s.begin()
	}
	return events, s.ended
}

// handledUpTo notes how far the handler has come; it reports whether that is
// to be acknowledged.
func (s *Subscription) handledUpTo(e Event) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	switch e := e.(type) {
	case Logged:
		s.handled.Seq = e.Place()
		return s.o.Acks
	case *Subscribed:
		s.handled = e.Position
		return s.o.Acks && e.Cursor.Delivered < e.Position.Seq
	case *Reset:
		s.handled = e.From
	}
	return false
}

// stopped reports that the handler must not be called any more.
func (s *Subscription) stopped() bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.closed || s.client.ctx.Err() != nil
}

// acknowledge says how far the handler has come. Without a subscription to say
// it on, the next Subscribed tells how far the server knows.
func (s *Subscription) acknowledge() {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if !s.live || s.client.link == nil {
		return
	}
	frame, err := encode(&outgoing{Type: "delivered", ChannelID: s.channel, Seq: &s.handled.Seq})
	if err == nil {
		s.client.link.send(frame)
	}
}
